import { status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { failures, type Reason, ServeError } from "../../src/base/errors.ts";
import { wireStatus } from "../../src/grpc/status.ts";
import { detailsOf } from "./support.ts";

const reasons = Object.keys(failures) as Reason[];

describe("an error on the wire", () => {
  it.each(reasons)("has the code of %s", (reason) => {
    const wire = wireStatus(new ServeError(reason, "what happened"));
    expect(status[wire.code]).toBe(failures[reason].code);
    expect(detailsOf(wire)).toMatchObject({
      reason,
      domain: "inferd.dev",
      violations: [],
      resource: undefined,
      help: [`https://inferd.dev/docs/reference/errors#${reason.toLowerCase()}`],
      retryMs: undefined,
    });
  });

  it.each([
    { reason: "MESSAGE_TOO_LARGE", retryAfterMs: undefined, pushback: ["-1"] },
    { reason: "FIELD_INVALID", retryAfterMs: undefined, pushback: ["-1"] },
    { reason: "MODEL_FAILED", retryAfterMs: undefined, pushback: ["-1"] },
    { reason: "MODEL_FAILED", retryAfterMs: 30_000, pushback: ["30000"] },
    { reason: "SHUTTING_DOWN", retryAfterMs: undefined, pushback: [] },
  ] as const)(
    "ends gRPC's own retries where trying again cannot help: $reason, $retryAfterMs",
    ({ reason, retryAfterMs, pushback }) => {
      const extras = retryAfterMs === undefined ? {} : { retryAfterMs };
      const wire = wireStatus(new ServeError(reason, "what happened", extras));
      expect(wire.metadata.get("grpc-retry-pushback-ms")).toEqual(pushback);
      expect(detailsOf(wire)?.retryMs).toBe(retryAfterMs);
    },
  );

  it("names what was not found, cut where it is long", () => {
    const name = `a${"b".repeat(500)}`;
    const resource = { type: "inferd.v1.Model", name };
    const wire = wireStatus(new ServeError("MODEL_NOT_FOUND", "none", { resource }));
    expect(detailsOf(wire)?.resource).toMatchObject({
      resourceType: "inferd.v1.Model",
      resourceName: expect.stringMatching(/^ab{126}…$/) as string,
    });
  });

  it("tells when to come back, in whole milliseconds", () => {
    const wire = wireStatus(new ServeError("QUEUE_FULL", "full", { retryAfterMs: 2500.2 }));
    expect(wire.metadata.get("grpc-retry-pushback-ms")).toEqual(["2501"]);
    expect(detailsOf(wire)?.retryMs).toBe(2501);
  });

  it("stays small whatever it is made of", () => {
    const long = "🦙".repeat(50_000);
    const facts = Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [`fact${index}`, long]),
    );
    const violations = Array.from({ length: 64 }, () => ({
      ...{ field: long, description: long },
      reason: "OUT_OF_RANGE" as const,
    }));
    const named = { ...facts, [long]: "" };
    for (const made of [facts, { [long]: "" }, named]) {
      const wire = wireStatus(new ServeError("FIELD_INVALID", long, { facts: made, violations }));
      expect(detailsOf(wire)?.bytes).toBeLessThan(6144);
    }
    const wire = wireStatus(new ServeError("FIELD_INVALID", long, { facts, violations }));
    expect(encodeURI(wire.details).length).toBeLessThan(8192);
  });

  it.each([
    { bytes: 20, shown: 32 },
    { bytes: 110, shown: 16 },
  ])("names as many wrong fields as fit: $shown of $bytes bytes each", ({ bytes, shown }) => {
    const violation = {
      field: "x".repeat(bytes),
      reason: "REQUIRED" as const,
      description: "y".repeat(bytes),
    };
    const violations = Array.from({ length: 64 }, () => violation);
    const wire = wireStatus(new ServeError("FIELD_INVALID", "wrong", { violations }));
    expect(detailsOf(wire)?.violations).toEqual(Array.from({ length: shown }, () => violation));
  });

  it("is Unicode even where its text was not", () => {
    const wire = wireStatus(
      new ServeError("INTERNAL", "half \ud83e of a pair", { facts: { a: "\udd99" } }),
    );
    expect(wire.details).toBe("half \ufffd of a pair");
    expect(() => encodeURI(wire.details)).not.toThrow();
  });
});
