/** Which calls may profit from each other's prompts: from the credential that a call shows to the job that an engine gets. */
import { expect, it } from "vitest";
import { GenerateRequest } from "../../../gen/inferd/v1/generation_service.ts";
import type { Credentials } from "../../../src/auth/authenticate.ts";
import type { Authorizer } from "../../../src/auth/authorizer.ts";
import type { CallContext } from "../../../src/calls/call.ts";
import type { Submission } from "../../../src/jobs/submission.ts";
import { generationHandlers } from "../../../src/services/generation.ts";
import { doorkeeperFor, keyMeans, makeKey } from "../../fixtures/access.ts";
import { collect, never } from "../../fixtures/jobs.ts";
import { fakeModels, generationModel, limits, story } from "../../grpc/fake-models.ts";

const method = "inferd.v1.GenerationService/Generate";
const one = makeKey({ id: "key_one" });
const other = makeKey({ id: "key_other" });

/** A call as each of these, and the scope of the job that came of it. */
async function scopesOf(
  authorizer: Authorizer,
  callers: readonly (Credentials & { readonly host?: string })[],
): Promise<readonly string[]> {
  const asked: Submission[] = [];
  const models = fakeModels([generationModel()], story(undefined, asked));
  const { generate } = generationHandlers({ models, limits });
  for (const { host = "10.0.0.1", ...credentials } of callers) {
    const context: CallContext = {
      method,
      requestId: "request-1",
      traceparent: undefined,
      signal: never,
      abort: () => undefined,
      deadline: Infinity,
      arrivedAt: 0,
      peer: `${host}:1`,
      caller: await authorizer.admit({ method, host, ...credentials }),
      record: {},
    };
    const request = GenerateRequest.fromPartial({ input: { $case: "prompt", value: "Tell" } });
    await collect(generate(request, context));
  }
  return asked.map(({ job }) => (job.kind === "completion" ? job.cacheScope : "no generation"));
}

it("is one scope for all calls of a key, from wherever they come, and another for each key", async () => {
  const authorizer = doorkeeperFor({ sources: keyMeans([one.record, other.record]) });
  const scopes = await scopesOf(authorizer, [
    { apiKey: one.text },
    { apiKey: other.text },
    { authorization: `Bearer ${one.text}`, host: "10.0.0.2" },
  ]);
  expect(scopes).toEqual(["key:key_one", "key:key_other", "key:key_one"]);
});

it("is one scope for each client certificate and each token's subject", async () => {
  const clients = { scopes: ["generate"], ids: [] } as const;
  const readToken = () => Promise.resolve({ subject: "ann", scopes: clients.scopes, models: [] });
  const sources = { findKey: undefined, readToken, clients };
  const scopes = await scopesOf(doorkeeperFor({ sources }), [
    { certificate: { subject: { CN: "robot" } } },
    { authorization: "Bearer a.b.c" },
  ]);
  expect(scopes).toEqual(["subject:robot", "jwt:ann"]);
});

it("is empty where nobody is asked who calls: an address proves nothing, and a proxy's is many callers'", async () => {
  const authorizer = doorkeeperFor({ sources: undefined });
  const scopes = await scopesOf(authorizer, [{ host: "10.0.0.1" }, { host: "10.0.0.2" }]);
  expect(scopes).toEqual(["", ""]);
});

it("is empty for a key that nobody asked for, which proves nothing either", async () => {
  const authorizer = doorkeeperFor({ sources: undefined });
  expect(await scopesOf(authorizer, [{ apiKey: one.text }])).toEqual([""]);
});
