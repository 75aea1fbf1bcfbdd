import type { accessSettings } from "../config/access-settings.ts";
import type { Config } from "../config/settings.ts";

/** What of the configuration says who may call: its own group of settings, and whether others can reach the port. */
export type AccessConfig = Pick<Config, keyof typeof accessSettings | "host">;
