/** Parsed JSON of a model's files, read by key. Values are checked where they are used. */

/** A file of the model, for messages: its name within the model's folder, and its contents. */
export interface NamedJson {
  readonly name: string;
  readonly value: unknown;
}

/** Undefined if the value is not an object, or has no such key. */
export function field(config: unknown, key: string): unknown {
  if (typeof config !== "object" || config === null) return undefined;
  // Any object can be read by key. The caller checks the value.
  return (config as Readonly<Record<string, unknown>>)[key];
}

/** A whole number above 0. Tokenizers write a huge one for "no limit", and XLNet -1. */
export function positive(config: unknown, key: string): number | undefined {
  const value = field(config, key);
  return typeof value === "number" && Number.isInteger(value) && value > 0 && value < 1e9
    ? value
    : undefined;
}

/** Keys and values. None if it is not an object. */
export function entriesOf(config: unknown): readonly (readonly [string, unknown])[] {
  return typeof config === "object" && config !== null && !Array.isArray(config)
    ? Object.entries(config)
    : [];
}

/** An empty value: left out, null, or an empty list or object. */
export function isBlank(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** Rejects every key of a file that is not listed: it might change the vectors. */
export function refuseOtherKeys({ name, value }: NamedJson, known: readonly string[]): void {
  for (const [key, stated] of entriesOf(value)) {
    if (known.includes(key) || isBlank(stated)) continue;
    throw new Error(
      `${name}: inferd does not know the key ${shown(key)}, which may change the vectors`,
    );
  }
}

/** Maximum characters of a value in messages, which reach clients and the log. */
const mostShown = 100;

/** A value for a message. */
export function shown(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > mostShown ? `${text.slice(0, mostShown)}…` : text;
}
