/** Where commands get their settings from: flags, then the environment, then a file. */
import { environmentSource, flagSource, loadConfig, type Source } from "../config/config.ts";
import type { Config } from "../config/settings.ts";

/** Flags of settings as text, as the command line gives them, and the file that states others. */
export type SettingFlags = Source["values"] & { readonly config?: string };

export async function readConfig({ config, ...flags }: SettingFlags): Promise<Config> {
  const folder = process.cwd();
  const sources = [flagSource(flags, folder), environmentSource(process.env, folder)];
  if (config === undefined) return loadConfig(sources);
  // Reading YAML costs as much start as everything else here.
  const { fileSource } = await import("../config/file.ts");
  return loadConfig([...sources, fileSource(config)]);
}
