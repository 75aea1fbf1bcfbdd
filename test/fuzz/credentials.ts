/** What callers show for a key: the right thing, what is almost right, and nothing. */
import type { OutgoingHttpHeaders } from "node:http2";
import { methods } from "../../src/contract/methods.ts";
import { type Scope, scopes } from "../../src/contract/scopes.ts";
import { hashOfKey, keyTextOf, narrowScopes } from "./keys.ts";
import type { Random } from "./random.ts";

/** What a call may come to: past the door, not past it, or either, where nobody is asked or can tell. */
export type Admission = "in" | "out" | "any";

export interface Credential {
  readonly headers: OutgoingHttpHeaders;
  /** What whoever shows this may call; undefined where HTTP/2 decides whether it arrives at all. */
  readonly scopes: readonly Scope[] | undefined;
}

const good = keyTextOf("good");
const [, goodSecret = ""] = good.split(".");
const bytesOf = (text: string): string => Buffer.from(text).toString("base64");

/** Ways to show a key that is right. */
const right = (key: string): readonly OutgoingHttpHeaders[] => [
  { authorization: `Bearer ${key}` },
  { authorization: `bEARER   ${key}` },
  { "x-api-key": key },
  { authorization: `Bearer ${key}`, "x-api-key": key },
];

/** Keys that are none: of the wrong shape, of the wrong owner, or of the right one in the past. */
const wrongKeys = [
  keyTextOf("revoked"),
  keyTextOf("expired"),
  `good.${keyTextOf("revoked").split(".")[1] ?? ""}`,
  `revoked.${goodSecret}`,
  `Good.${goodSecret}`,
  `__proto__.${goodSecret}`,
  `constructor.${goodSecret}`,
  `.${goodSecret}`,
  `good.${hashOfKey("good")}`,
  good.slice(0, -1),
  `${good.slice(0, -1)}y`,
  `${good}x`,
  `${good}.x`,
  `${good}.${good}`,
  `${good},${good}`,
  `${good}\u00ff`,
  `\u00e9${good}`,
  goodSecret,
  "good",
  "good.",
  bytesOf(good),
  encodeURIComponent(`good%2E${goodSecret}`),
  "%s%n",
  "x".repeat(9000),
];

/** Headers that carry no key, though a right one may stand in them. */
const wrongHeaders: readonly OutgoingHttpHeaders[] = [
  { authorization: good },
  { authorization: `Basic ${bytesOf(good)}` },
  { authorization: `Bearer${good}` },
  { authorization: `Bearer\u00a0${good}` },
  { authorization: `Bearer ${good} ${good}` },
  { authorization: `Bearer ${good}, Bearer ${good}` },
  { authorization: "Bearer" },
  { authorization: "" },
  { "x-api-key": [good, good] },
  { "x-api-key": [good, "bad"] },
  { "x-api-key": [keyTextOf("revoked"), good] },
  { authorization: `Bearer ${good}`, "x-api-key": "bad" },
  { authorization: `Bearer ${keyTextOf("revoked")}`, "x-api-key": good },
  { authorization: `Basic ${good}`, "x-api-key": good },
  { "authorization-bin": bytesOf(`Bearer ${good}`) },
  { "x-api-key-bin": bytesOf(good) },
  { "x-api-key-bin": good },
  { "proxy-authorization": `Bearer ${good}` },
  { cookie: `x-api-key=${good}` },
];

/** Values that HTTP/2 may refuse, or drop: what is left then is another call. */
const brokenHeaders: readonly OutgoingHttpHeaders[] = [
  { authorization: `Bearer ${good}\u0000` },
  { authorization: `Bearer \u0007${good}` },
  { authorization: `Bearer ${good}\r\nx-api-key: ${good}` },
  { "x-api-key": `\u001b[2J${good}` },
  { "x-api-key": ` ${good} ` },
  { authorization: `Bearer ${"x".repeat(20_000)}` },
  { "x-api-key": `${good}${"x".repeat(40_000)}` },
];

export function credentialOf(random: Random): Credential {
  if (random.chance(0.35)) return { headers: random.pick(right(good)), scopes };
  if (random.chance(0.1)) {
    return { headers: random.pick(right(keyTextOf("narrow"))), scopes: narrowScopes };
  }
  if (random.chance(0.1)) return { headers: {}, scopes: [] };
  if (random.chance(0.1)) return { headers: random.pick(brokenHeaders), scopes: undefined };
  if (random.chance(0.4)) return { headers: random.pick(wrongHeaders), scopes: [] };
  const key = random.chance(0.8) ? random.pick(wrongKeys) : damaged(random);
  return {
    headers: random.chance(0.5) ? { authorization: `Bearer ${key}` } : { "x-api-key": key },
    scopes: [],
  };
}

/** The right key with one letter of it changed for another. */
function damaged(random: Random): string {
  const at = random.below(good.length);
  const letter = random.pick(
    ["a", "b", "Z", "0", "9", "_", "-"].filter((each) => each !== good[at]),
  );
  return `${good.slice(0, at)}${letter}${good.slice(at + 1)}`;
}

/** Whether who may call these may call this method. */
export function admissionOf(path: string, allowed: Credential["scopes"]): Admission {
  const need = methods.get(path.slice(1))?.needs;
  if (allowed === undefined || need === undefined || need === "open") return "any";
  return allowed.includes(need === "reflection" ? "server.read" : need) ? "in" : "out";
}
