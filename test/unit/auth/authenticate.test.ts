import { describe, expect, it } from "vitest";
import { authenticate, type Credentials } from "../../../src/auth/authenticate.ts";
import { identityOf, isListed } from "../../../src/auth/certificate.ts";
import { checkAccess } from "../../../src/auth/start-checks.ts";
import { drawSecret, keyText, rotated } from "../../../src/auth/key.ts";
import { ServeError } from "../../../src/base/errors.ts";
import { loadConfig, SettingError } from "../../../src/config/config.ts";
import type { Config } from "../../../src/config/settings.ts";
import { keyMeans, makeKey } from "../../fixtures/access.ts";

const { record, text } = makeKey({ quota: { concurrentCalls: 3 } });
const moment = { nowMs: 1000, quota: { requestsPerMinute: 7, concurrentCalls: 1 } };

async function reasonOf(credentials: Credentials, key = record): Promise<string> {
  try {
    await authenticate(credentials, keyMeans([key]), moment);
    return "none";
  } catch (error) {
    return error instanceof ServeError ? error.reason : String(error);
  }
}

describe("a key", () => {
  it.each([
    ["authorization", { authorization: `Bearer ${text}` }],
    ["authorization in any case", { authorization: `bearer ${text}` }],
    ["x-api-key", { apiKey: text }],
    ["both, where they agree", { authorization: `Bearer ${text}`, apiKey: text }],
  ])("is taken from %s", async (_, credentials) => {
    const principal = await authenticate(credentials, keyMeans([record]), moment);
    expect(principal).toMatchObject({ id: "key:key_test", scopes: record.scopes });
  });

  it("brings its own quotas, and the server's where it states none", async () => {
    const { quota } = await authenticate({ apiKey: text }, keyMeans([record]), moment);
    expect(quota).toEqual({ requestsPerMinute: 7, concurrentCalls: 3 });
  });

  const other = keyText(record.id, drawSecret());
  it.each([
    ["nothing", {}, "NO_CREDENTIAL"],
    ["another secret", { apiKey: other }, "CREDENTIAL_INVALID"],
    ["an unknown id", { apiKey: text.replace("key_test", "key_none") }, "CREDENTIAL_INVALID"],
    ["a text that is no key", { apiKey: "hunter2" }, "CREDENTIAL_INVALID"],
    ["an empty text", { apiKey: "" }, "CREDENTIAL_INVALID"],
    ["a token", { apiKey: "a.b.c" }, "CREDENTIAL_INVALID"],
    ["Basic", { authorization: "Basic aW5mZXJkOg==" }, "CREDENTIAL_INVALID"],
    ["two keys", { authorization: `Bearer ${text}`, apiKey: other }, "CREDENTIAL_INVALID"],
    ["two headers", { apiKey: `${text}, ${text}` }, "CREDENTIAL_INVALID"],
    [
      "a bad key beside a good certificate",
      { apiKey: other, certificate: { subject: { CN: "robot" } } },
      "CREDENTIAL_INVALID",
    ],
  ])("is refused for %s", async (_, credentials, reason) => {
    expect(await reasonOf(credentials)).toBe(reason);
  });

  it("that has the right secret is named to the audit, also where it has ended", async () => {
    const proved: string[] = [];
    const tell = { ...moment, proved: (id: string) => void proved.push(id) };
    const presented = [
      [record, text],
      [{ ...record, revokedAtMs: 0 }, text],
      [{ ...record, expiresAtMs: 1 }, text],
      [record, other],
    ] as const;
    for (const [key, apiKey] of presented) {
      await authenticate({ apiKey }, keyMeans([key]), tell).catch(() => undefined);
    }
    expect(proved).toEqual(Array(3).fill("key:key_test"));
  });

  it.each([
    ["revoked", { ...record, revokedAtMs: 0 }],
    ["expired", { ...record, expiresAtMs: 1000 }],
  ])("is refused once it is %s", async (_, key) => {
    expect(await reasonOf({ apiKey: text }, key)).toBe("CREDENTIAL_INVALID");
  });

  it("is taken with its old secret for the overlap of a rotation, and no longer", async () => {
    const secret = drawSecret();
    const overlapping = rotated(record, secret, { nowMs: 500, overlapMs: 501 });
    const over = rotated(record, secret, { nowMs: 500, overlapMs: 500 });
    expect(await reasonOf({ apiKey: text }, overlapping)).toBe("none");
    expect(await reasonOf({ apiKey: text }, over)).toBe("CREDENTIAL_INVALID");
    expect(await reasonOf({ apiKey: keyText(record.id, secret) }, over)).toBe("none");
  });

  it("is told nothing about that only its owner may know", async () => {
    const messageOf = async (apiKey: string, key = record) =>
      authenticate({ apiKey }, keyMeans([key]), moment).then(
        () => "",
        (error: unknown) => String(error),
      );
    const unknown = await messageOf(text.replace("key_test", "key_none"));
    expect(await messageOf(other)).toBe(unknown);
    expect(await messageOf(other, { ...record, revokedAtMs: 0 })).toBe(unknown);
  });
});

describe("a client certificate", () => {
  it.each([
    [
      "its SPIFFE ID",
      { subjectaltname: "DNS:a, URI:spiffe://prod/app", subject: { CN: "x" } },
      "spiffe://prod/app",
    ],
    ["its common name", { subject: { CN: "robot" } }, "subject:robot"],
    ["its common name, never a key's id", { subject: { CN: "key:a" } }, "subject:key:a"],
  ])("is known by %s", (_, certificate, id) => {
    expect(identityOf(certificate)).toBe(id);
  });

  it.each([
    ["no name", {}],
    ["two URIs", { subjectaltname: "URI:spiffe://a/b, URI:spiffe://c/d" }],
    ["a path that climbs", { subjectaltname: "URI:spiffe://a/../b" }],
    [
      "a quoted joint in its URI",
      { subjectaltname: 'URI:"spiffe://a/b, URI:spiffe://c"', subject: {} },
    ],
    ["an upper-case trust domain", { subjectaltname: "URI:spiffe://A/b", subject: { CN: "x" } }],
  ])("is refused with %s", (_, certificate) => {
    expect(() => identityOf(certificate)).toThrow(ServeError);
  });

  it("is listed by its whole id, or by what a star leaves open", () => {
    expect(isListed("spiffe://a/b", ["spiffe://a/b"])).toBe(true);
    expect(isListed("spiffe://a/bc", ["spiffe://a/b"])).toBe(false);
    expect(isListed("spiffe://a/b/c", ["spiffe://x", "spiffe://a/b/*"])).toBe(true);
  });
});

describe("a configuration", () => {
  const config = (parts: Partial<Config>): Config => ({ ...loadConfig([]), ...parts });
  const keys = { kind: "sqlite", path: "/keys.db" } as const;
  const jwks = { kind: "file", path: "/jwks.json" } as const;

  it.each(["127.0.0.1", "127.1.2.3", "::1", "localhost", "unix:/run/inferd.sock"])(
    "is open on %s",
    (host) => {
      expect(() => checkAccess(config({ host }))).not.toThrow();
    },
  );

  it.each(["0.0.0.0", "::", "10.0.0.1", "fe80::1", "example.com", "::ffff:10.0.0.1"])(
    "is open on %s only where it says so, or asks for a credential",
    (host) => {
      expect(() => checkAccess(config({ host }))).toThrow(/--allow-unauthenticated/);
      expect(() => checkAccess(config({ host }))).toThrow(SettingError);
      checkAccess(config({ host, allowUnauthenticated: true }));
      checkAccess(config({ host, keys }));
      checkAccess(config({ host, jwtJwks: jwks, jwtIssuer: "i", jwtAudience: "a" }));
      checkAccess(config({ host, tlsCert: "c", tlsKey: "k", tlsClientCa: "ca" }));
    },
  );

  it("may show its metrics to the network by the metrics' own host", () => {
    const parts = { metricsHost: "0.0.0.0", metricsPort: 9464 };
    expect(() => checkAccess(config(parts))).not.toThrow();
    expect(() => checkAccess(config({ ...parts, host: "0.0.0.0" }))).toThrow(/^--host/);
  });

  it("is not made less open by TLS alone", () => {
    const parts = { host: "0.0.0.0", tlsCert: "c", tlsKey: "k" };
    expect(() => checkAccess(config(parts))).toThrow(/--allow-unauthenticated/);
  });

  it.each([
    ["tokens of any issuer", { jwtJwks: jwks, jwtAudience: "a" }, /--jwt-issuer/],
    ["tokens for any audience", { jwtJwks: jwks, jwtIssuer: "i" }, /--jwt-audience/],
    ["a certificate without its key", { tlsCert: "c" }, /--tls-key/],
    ["a client CA without TLS", { tlsClientCa: "ca" }, /--tls-cert/],
  ])("refuses %s", (_, parts, flag) => {
    expect(() => checkAccess(config(parts))).toThrow(flag);
  });
});
