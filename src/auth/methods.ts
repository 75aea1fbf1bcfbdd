/**
 * Which scope each method asks for: the whole table. What is not in it cannot be called, so a new
 * method without a row is refused, and a test says so.
 */
import type { Scope } from "../config/scopes.ts";

/** `open` is for everybody, also without credentials; `reflection` is what its setting says. */
export type Need = Scope | "open" | "reflection";

const needs: ReadonlyMap<string, Need> = new Map([
  ["inferd.v1.GenerationService/Generate", "generate"],
  ["inferd.v1.GenerationService/GenerateStream", "generate"],
  ["inferd.v1.EmbeddingService/Embed", "embed"],
  ["inferd.v1.EmbeddingService/EmbedStream", "embed"],
  ["inferd.v1.ModelService/ListModels", "models.read"],
  ["inferd.v1.ModelService/GetModel", "models.read"],
  ["inferd.v1.ServerService/GetServerInfo", "server.read"],
  ["grpc.health.v1.Health/Check", "open"],
  ["grpc.health.v1.Health/List", "open"],
  ["grpc.health.v1.Health/Watch", "open"],
  ["grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "reflection"],
  ["grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "reflection"],
]);

/** Takes a full name without a leading slash; undefined for a method that has no row. */
export function needOf(method: string): Need | undefined {
  return needs.get(method);
}
