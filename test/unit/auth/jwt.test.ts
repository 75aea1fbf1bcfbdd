import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair, type GenerateKeyPairResult, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openJwtVerifier, type ReadToken, type TokenOptions } from "../../../src/auth/jwt.ts";
import { ServeError } from "../../../src/base/errors.ts";
import { type Log, type LogFields, silentLog } from "../../../src/base/log.ts";
import { Secret } from "../../../src/base/secret.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";

const issuer = "https://issuer.example";
const audience = "inferd";
const folder = mkdtempSync(join(tmpdir(), "inferd-jwt-"));
const file = join(folder, "jwks.json");
let keys: GenerateKeyPairResult;
let jwks: string;
let read: ReadToken;

const options = (parts: Partial<TokenOptions> = {}): TokenOptions => ({
  jwks: { kind: "file", path: file },
  issuer,
  audience,
  algorithms: ["RS256", "ES256", "EdDSA"],
  scopesClaim: "scope",
  modelsClaim: "models",
  clock: new FakeClock(),
  log: silentLog,
  ...parts,
});

beforeAll(async () => {
  keys = await generateKeyPair("ES256");
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: "one" };
  jwks = JSON.stringify({ keys: [jwk] });
  writeFileSync(file, jwks);
  read = openJwtVerifier(options()).read;
});

afterAll(() => rmSync(folder, { recursive: true }));

const now = (): number => Math.floor(Date.now() / 1000);

function sign(
  claims: Readonly<Record<string, unknown>> = {},
  key: SignKey = keys.privateKey,
  alg = "ES256",
): Promise<string> {
  const whole = {
    iss: issuer,
    aud: audience,
    sub: "alice",
    exp: now() + 60,
    scope: "generate embed admin",
    ...claims,
  };
  return new SignJWT(whole).setProtectedHeader({ alg, kid: "one" }).sign(key);
}
type SignKey = Parameters<SignJWT["sign"]>[0];

const claimsOf = async (token: Promise<string> | string) => read(new Secret(await token));

async function reasonOf(token: Promise<string> | string, by: ReadToken = read): Promise<string> {
  const text = new Secret(await token);
  return by(text).then(
    () => "none",
    (error: unknown) => (error instanceof ServeError ? error.reason : String(error)),
  );
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("a token", () => {
  it("says who its bearer is, and gives the scopes that are known", async () => {
    expect(await claimsOf(sign())).toEqual({
      subject: "alice",
      scopes: ["generate", "embed"],
      models: [],
    });
  });

  it("may give scopes and models as lists", async () => {
    const claims = await claimsOf(sign({ scope: ["models.read"], models: ["story"] }));
    expect(claims).toEqual({ subject: "alice", scopes: ["models.read"], models: ["story"] });
  });

  it.each([undefined, null, 5, {}, [["embed"]], "Embed"])(
    "gives no scope where its claim is %j",
    async (scope) => {
      expect((await claimsOf(sign({ scope }))).scopes).toEqual([]);
    },
  );

  it("that has expired says still whose it was, where its signature is good", async () => {
    const proved: string[] = [];
    const forged = sign({ exp: now() - 60 }, (await generateKeyPair("ES256")).privateKey);
    for (const token of [forged, sign({ exp: now() - 60 })]) {
      await expect(
        read(new Secret(await token), (subject) => void proved.push(subject)),
      ).rejects.toThrow(ServeError);
    }
    expect(proved).toEqual(["alice"]);
  });

  const refused: readonly (readonly [string, () => string | Promise<string>])[] = [
    ["another issuer", () => sign({ iss: "https://other.example" })],
    ["another audience", () => sign({ aud: "others" })],
    ["no audience", () => sign({ aud: undefined })],
    ["a time that is over", () => sign({ exp: now() - 60 })],
    ["no end", () => sign({ exp: undefined })],
    ["a time still to come", () => sign({ nbf: now() + 60 })],
    ["no subject", () => sign({ sub: undefined })],
    ...[{}, [], ["a"], 5, true, null, ""].map(
      (sub) => [`the subject ${JSON.stringify(sub)}`, () => sign({ sub })] as const,
    ),
    ["a list for its issuer", () => sign({ iss: [issuer] })],
    ["an object for its audience", () => sign({ aud: { [audience]: true } })],
    ["a text for its end", () => sign({ exp: String(now() + 60) })],
    ...[{}, null, 5, "", [5]].map(
      (models) => [`the models ${JSON.stringify(models)}`, () => sign({ models })] as const,
    ),
    ["no model", () => sign({ models: [] })],
    ["another's signature", async () => sign({}, (await generateKeyPair("ES256")).privateKey)],
    ["a shared secret", () => sign({}, new TextEncoder().encode(jwks), "HS256")],
    [
      "no signature",
      () =>
        `${part({ alg: "none" })}.${part({ iss: issuer, aud: audience, sub: "alice", exp: now() + 60 })}.`,
    ],
    [
      "an algorithm that is not listed",
      async () => sign({}, (await generateKeyPair("PS256")).privateKey, "PS256"),
    ],
    ["no JSON", () => "a.b.c"],
  ];
  it.each(refused)("is refused with %s", async (_, token) => {
    expect(await reasonOf(token())).toBe("CREDENTIAL_INVALID");
  });
});

describe("an issuer's URL", () => {
  it("is asked for its keys once", async () => {
    let asked = 0;
    const server = createServer((_, response) => {
      asked += 1;
      response.setHeader("content-type", "application/json").end(jwks);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const remote = openJwtVerifier(
      options({ jwks: { kind: "url", url: `http://127.0.0.1:${port}/` } }),
    ).read;
    expect(await reasonOf(sign(), remote)).toBe("none");
    expect(await reasonOf(sign(), remote)).toBe("none");
    expect(asked).toBe(1);
    server.close();
  });

  it("that gives no answer makes tokens uncheckable, not invalid", async () => {
    const server = createServer((_, response) => response.writeHead(500).end()).listen(
      0,
      "127.0.0.1",
    );
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/`;
    expect(
      await reasonOf(sign(), openJwtVerifier(options({ jwks: { kind: "url", url } })).read),
    ).toBe("ISSUER_UNREACHABLE");
    server.close();
    server.closeAllConnections();
    await once(server, "close");
    expect(
      await reasonOf(sign(), openJwtVerifier(options({ jwks: { kind: "url", url } })).read),
    ).toBe("ISSUER_UNREACHABLE");
  });
});

it("takes a file's new keys when it is read again, and keeps the old ones where it holds none", async () => {
  const path = join(folder, "rotated.json");
  const lines: string[] = [];
  const tell = (_: LogFields, message: string) => void lines.push(message);
  const log: Log = { ...silentLog, info: tell, warn: tell };
  writeFileSync(path, jwks);
  const tokens = openJwtVerifier(options({ jwks: { kind: "file", path }, log }));
  const next = await generateKeyPair("ES256");
  writeFileSync(path, '{"keys":[{"kty":');
  tokens.refresh();
  expect(await reasonOf(sign(), tokens.read)).toBe("none");
  const jwk = { ...(await exportJWK(next.publicKey)), kid: "one" };
  writeFileSync(path, JSON.stringify({ keys: [jwk] }));
  tokens.refresh();
  tokens.refresh();
  expect(await reasonOf(sign(), tokens.read)).toBe("CREDENTIAL_INVALID");
  expect(await reasonOf(sign({}, next.privateKey), tokens.read)).toBe("none");
  expect(lines).toEqual([
    "the new token keys are not taken; the old ones stay",
    "token keys changed",
  ]);
});

it("does not start with a file that holds no keys", () => {
  const path = join(folder, "none.json");
  writeFileSync(path, "{}");
  expect(() => openJwtVerifier(options({ jwks: { kind: "file", path } }))).toThrow(
    /--jwt-jwks: none.json/,
  );
});
