import type { ModelInfo } from "../engines/engine.ts";

/**
 * Looks at a model's files before a worker is started for them. Fails with a plain Error where none needs to be: a file
 * is missing, or not the one that is stated.
 */
export type CheckFiles = () => Promise<CheckLoaded>;

/** Looks at them again once that worker has loaded. Fails with a plain Error where it must not serve what it has. */
export type CheckLoaded = (info: ModelInfo) => Promise<void>;
