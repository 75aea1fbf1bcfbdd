import { Ajv2020 } from "ajv/dist/2020.js";
import { afterEach, expect, it } from "vitest";
import { fakeModels, generationModel } from "../grpc/fake-models.ts";
import { type HttpRunning, json, startHttp } from "./support.ts";

let running: HttpRunning | undefined;
afterEach(() => running?.stop());

interface Description {
  readonly openapi: string;
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly requestBody?: {
              readonly content: Readonly<Record<string, { readonly schema: object }>>;
            };
          }
        >
      >
    >
  >;
}

it("describes every route by OpenAPI, with schemas that compile", async () => {
  running = await startHttp(fakeModels([generationModel()]));
  const description = (await (await fetch(`${running.url}/openapi.json`)).json()) as Description;
  expect(description.openapi).toMatch(/^3\.1\./);
  expect(Object.keys(description.paths)).toEqual(
    expect.arrayContaining([
      "/v1/chat/completions",
      "/v1/embeddings",
      "/v1/models/{name}",
      "/health",
    ]),
  );
  const schemas = Object.values(description.paths)
    .flatMap((methods) => Object.values(methods))
    .flatMap(({ requestBody }) => requestBody?.content["application/json"]?.schema ?? []);
  expect(schemas.length).toBeGreaterThanOrEqual(7);
  const ajv = new Ajv2020({ strict: false });
  for (const schema of schemas) expect(ajv.validateSchema(schema)).toBe(true);
});

it("shows the routes on a page that loads nothing", async () => {
  running = await startHttp(fakeModels([generationModel()]));
  const answer = await fetch(`${running.url}/docs`);
  const page = await answer.text();
  expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(page).toContain("POST /v1/chat/completions");
  expect(page).not.toMatch(/<script|src=|url\(|@import/);
});

it.each([
  [true, 200],
  [false, 503],
])("says by /health whether it is ready: %s", async (isReady, status) => {
  running = await startHttp(fakeModels([generationModel()]), { isReady: () => isReady });
  const answer = await fetch(`${running.url}/health`);
  expect(answer.status).toBe(status);
  expect(answer.headers.get("retry-after")).toBe(isReady ? null : "1");
});

it("keeps a caller's request id, where it is one", async () => {
  running = await startHttp(fakeModels([generationModel()]));
  const idOf = async (id: string): Promise<string | null> => {
    const answer = await fetch(`${running!.url}/v1/models`, { headers: { "x-request-id": id } });
    return answer.headers.get("x-request-id");
  };
  expect(await idOf("mine-1")).toBe("mine-1");
  expect(await idOf("two words")).toMatch(/^[0-9a-f-]{36}$/);
});

it.each([
  ["0.05", 504],
  ["50ms", 504],
  ["soon", 400],
])("takes %s as the time that a caller will wait", async (timeout, status) => {
  running = await startHttp(
    fakeModels([generationModel()], async function* ({ signal }) {
      yield { kind: "started" };
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    }),
  );
  const request = json({ model: "story", prompt: "a" });
  const headers = { "content-type": "application/json", "x-request-timeout": timeout };
  const answer = await fetch(`${running.url}/v1/completions`, { ...request, headers });
  expect(answer.status).toBe(status);
});
