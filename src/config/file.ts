/** Reads settings from a YAML (or JSON) file. Errors name the file's line. */
import { readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { nearestName } from "../base/text.ts";
import { SettingError, settingKeys, type Source } from "./config.ts";
import type { Setting } from "./setting.ts";
import { fileKey, type SettingKey, settings } from "./settings.ts";

const keys = new Map(settingKeys.map((key) => [fileKey(key), key]));

/** Reads a file. Throws a SettingError if it does not exist, is not YAML or has an unknown key. */
export function fileSource(path: string): Source {
  const absolute = resolve(path);
  return parseSource(readText(absolute), basename(absolute), dirname(absolute));
}

/** Reads a file's text; `name` is for messages, `folder` for its relative paths. */
export function parseSource(text: string, name: string, folder: string): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (offset: number): string => `${name}:${lines.linePos(offset).line}:`;
  const [mistake] = document.errors;
  if (mistake !== undefined) {
    const [first = ""] = mistake.message.split("\n");
    throw new SettingError(`${at(mistake.pos[0])} ${first.replace(/ at line \d+.*$/, "")}`);
  }
  const { contents } = document;
  if (!isMap(contents) && !isEmpty(contents)) {
    throw new SettingError(`${at(0)} must hold settings, one to a line, as in "port: 50051"`);
  }

  const values: Partial<Record<SettingKey, string | readonly string[]>> = {};
  const places = new Map<SettingKey, string>();
  for (const { key, value } of isMap(contents) ? contents.items : []) {
    const place = at(isScalar(key) ? key.range[0] : 0);
    const spelling = isScalar(key) ? String(key.value) : "";
    const setting = keys.get(spelling);
    if (setting === undefined) throw new SettingError(`${place} ${unknown(spelling)}`);
    places.set(setting, `${place} ${spelling}`);
    values[setting] = textsOf(value, settings[setting], `${place} ${spelling}`);
  }
  return { values, folder, nameOf: (key) => places.get(key) ?? fileKey(key) };
}

function textsOf(value: unknown, setting: Setting, place: string): readonly string[] {
  const items = setting.repeats === true && isSeq(value) ? value.items : [value];
  return items.map((item) => {
    if (isScalar(item) && item.source !== undefined && item.value !== null) return item.source;
    throw new SettingError(
      `${place} must be ${setting.repeats === true ? "one value or a list of them" : "one value"}`,
    );
  });
}

/** Only comments, or nothing. */
const isEmpty = (contents: unknown): boolean => contents === null || contents === undefined;

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const why = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
    throw new SettingError(`--config: ${basename(path)} ${why}`);
  }
}

function unknown(key: string): string {
  const nearest = nearestName(key, keys.keys());
  const hint = nearest === undefined ? "" : `; did you mean ${nearest}?`;
  return `${JSON.stringify(key.slice(0, 60))} is not a setting${hint}`;
}
