/** The routes as OpenAPI 3.1, whose schemas are the JSON Schemas that bodies are checked by: https://spec.openapis.org/oas/v3.1.1. */
import { bodySchema, type JsonSchema, type Parameter } from "./parameters.ts";
import type { Route } from "./route.ts";

export interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
  readonly components: object;
  readonly security: readonly object[];
}

const errorSchema: JsonSchema = {
  type: "object",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["message", "type", "param", "code"],
      properties: {
        message: { type: "string" },
        type: { type: "string" },
        param: { type: ["string", "null"] },
        code: { type: "string" },
      },
    },
  },
};

export function openApiOf(routes: readonly Route[], version: string): OpenApi {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const methods = (paths[route.path] ??= {});
    methods[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: "3.1.1",
    info: { title: "inferd", version },
    paths,
    components: {
      schemas: { Error: errorSchema },
      securitySchemes: { key: { type: "http", scheme: "bearer" } },
    },
    security: [{}, { key: [] }],
  };
}

function operationOf({ summary, rpc, parameters, path }: Route): object {
  const name = path.endsWith("{name}")
    ? [{ name: "name", in: "path", required: true, schema: { type: "string" } }]
    : [];
  const json = (schema: object) => ({ content: { "application/json": { schema } } });
  return {
    summary,
    description: `The call \`${rpc}\` of the gRPC contract.`,
    ...(name.length > 0 && { parameters: name }),
    ...(parameters && {
      requestBody: { required: true, ...json(described(bodySchema(parameters), parameters)) },
    }),
    responses: {
      "200": { description: "The answer." },
      default: {
        description: "Why there is none.",
        ...json({ $ref: "#/components/schemas/Error" }),
      },
    },
  };
}

function described(
  schema: JsonSchema,
  parameters: Readonly<Record<string, Parameter>>,
): JsonSchema {
  const properties = Object.entries(parameters).map(([name, one]) => [
    name,
    { ...one.schema, description: becomes(one) },
  ]);
  return { ...schema, properties: Object.fromEntries(properties) };
}

/** What becomes of a parameter, as a sentence without its end. */
export function becomes(parameter: Parameter): string {
  if ("field" in parameter) return `\`${parameter.field}\` of the contract`;
  if ("means" in parameter) return parameter.means;
  if ("ignored" in parameter) return `accepted, without effect: ${parameter.ignored}`;
  return `refused unless it asks for nothing: ${parameter.refused}`;
}
