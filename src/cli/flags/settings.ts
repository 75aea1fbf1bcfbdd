/** Flags of settings: one for each, and the file with further settings. */
import { type Command, Option } from "commander";
import { settingKeys } from "../../config/config.ts";
import type { Setting } from "../../config/setting.ts";
import {
  environmentName,
  flagName,
  type SettingKey,
  settings,
  valueText,
} from "../../config/settings.ts";
import { collect } from "./values.ts";

/** Adds a flag for each setting. Values are read later, when all sources are known. */
export function addSettingFlags(
  command: Command,
  keys: readonly SettingKey[] = settingKeys,
): Command {
  for (const key of keys) {
    const setting: Setting = settings[key];
    const option = new Option(`${flagName(key)} ${valueText(setting)}`, describe(key, setting));
    if (setting.preset !== undefined) option.preset(setting.preset);
    if (setting.repeats === true) option.argParser(collect);
    command.addOption(option.helpGroup(`${setting.group}:`));
  }
  return command.addOption(
    new Option("--config <file>", "YAML file with settings, as in: max_tokens: 1024")
      .env("INFERD_CONFIG")
      .helpGroup("Other:"),
  );
}

function describe(key: SettingKey, setting: Setting): string {
  const fallback = setting.defaultText ?? String(setting.default);
  return `${setting.help} [${environmentName(key)}] (default: ${fallback})`;
}
