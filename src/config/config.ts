/** Builds a `Config` from all sources: flag > environment > file > default. */
import { fileURLToPath } from "node:url";
import type { Setting } from "./setting.ts";
import { type Config, environmentName, flagName, type SettingKey, settings } from "./settings.ts";

/** The values from one source. Sources are asked in order; the first with a value decides. */
export interface Source {
  readonly values: Readonly<Partial<Record<SettingKey, string | readonly string[]>>>;
  /** Base folder of relative paths. */
  readonly folder: string;
  /** The name of a setting in this source, for messages. */
  readonly nameOf: (key: SettingKey) => string;
}

/** Says in one line what is wrong with the configuration, and in which source. */
export class SettingError extends Error {
  override readonly name = "SettingError";
}

// Object.keys forgets the type; `settings` is a literal, so its keys are these.
export const settingKeys = Object.keys(settings) as readonly SettingKey[];

/** Reads and checks every setting. Throws a SettingError for the first bad value. */
export function loadConfig(sources: readonly Source[]): Config {
  const entries = settingKeys.map((key) => [key, valueOf(key, sources)] as const);
  // Each value is what its own setting reads, which is how `Config` is defined.
  return Object.freeze(Object.fromEntries(entries)) as Config;
}

function valueOf(key: SettingKey, sources: readonly Source[]): unknown {
  const setting: Setting = settings[key];
  for (const source of sources) {
    const given = source.values[key];
    if (given === undefined) continue;
    const texts = typeof given === "string" ? [given] : given;
    try {
      const values = texts.map((text) => setting.read(text, source.folder));
      return setting.repeats === true ? Object.freeze(values) : values.at(-1);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new SettingError(`${source.nameOf(key)} ${error.message}`);
    }
  }
  return setting.default;
}

export function flagSource(values: Source["values"], folder: string): Source {
  return { values, folder, nameOf: flagName };
}

/** Reads `INFERD_*`. Empty counts as unset; unknown names are left alone, since others may own them. */
export function environmentSource(
  environment: Readonly<Record<string, string | undefined>>,
  folder: string,
): Source {
  const values: Partial<Record<SettingKey, string>> = {};
  for (const key of settingKeys) {
    const text = environment[environmentName(key)];
    if (text === undefined || text === "" || isServiceLink(key, text)) continue;
    values[key] = text;
  }
  return { values, folder, nameOf: environmentName };
}

/**
 * Kubernetes sets `INFERD_PORT=tcp://10.0.0.7:50051` in every pod if there is a Service named inferd. That is not our
 * port, and must not stop the server.
 */
function isServiceLink(key: SettingKey, text: string): boolean {
  return (key === "port" || key === "healthPort") && /^(tcp|udp):\/\//.test(text);
}

/** The folders to find models in: those configured, or the bundled ones if no model is named. */
export function modelFolders(config: Pick<Config, "models" | "model">): readonly string[] {
  if (config.models.length > 0 || config.model.length > 0) return config.models;
  return [fileURLToPath(new URL("../../models", import.meta.url))];
}
