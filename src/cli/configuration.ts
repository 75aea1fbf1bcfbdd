/** Settings of commands: from flags, then the environment, then a file. */
import { environmentSource, flagSource, loadConfig, type Source } from "../config/config.ts";
import type { Config } from "../config/settings.ts";

/** Flags of settings as text, from the command line, and the file with further settings. */
export type SettingFlags = Source["values"] & { readonly config?: string };

export async function readConfig({ config, ...flags }: SettingFlags): Promise<Config> {
  const folder = process.cwd();
  const sources = [flagSource(flags, folder), environmentSource(process.env, folder)];
  if (config === undefined) return loadConfig(sources);
  // Importing the YAML reader takes as long as everything else here.
  const { fileSource } = await import("../config/file.ts");
  return loadConfig([...sources, fileSource(config)]);
}
