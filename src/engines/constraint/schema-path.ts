/** Where a keyword stands in a JSON Schema. */

/** Keywords whose value is a map of schemas, whose keys are names and no keywords. */
const maps = new Set([
  "properties",
  "patternProperties",
  "$defs",
  "definitions",
  "dependentSchemas",
]);
/** Keywords whose value is data and no schema. */
const data = new Set(["const", "enum", "default", "examples"]);

/** The first place of a keyword, as a JSON Pointer; that of the schema where it is not found. */
export function pathOfKeyword(schema: string, keyword: string): string {
  return find(JSON.parse(schema), keyword, "", true) ?? "/";
}

function find(value: unknown, keyword: string, at: string, isSchema: boolean): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (isSchema && !Array.isArray(value) && Object.hasOwn(value, keyword)) {
    return `${at}/${escape(keyword)}`;
  }
  for (const [name, inner] of Object.entries(value)) {
    const isData = isSchema && data.has(name);
    const isMap = isSchema && !Array.isArray(value) && maps.has(name);
    const found = isData ? undefined : find(inner, keyword, `${at}/${escape(name)}`, !isMap);
    if (found !== undefined) return found;
  }
  return undefined;
}

function escape(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
