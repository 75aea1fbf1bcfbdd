import type { Server, UntypedHandleCall } from "@grpc/grpc-js";
import type { Handler } from "../calls/call.ts";
import { adapt, type AdapterOptions, tolerant } from "./adapter.ts";

/** One method as generated: how to read and write it, and which of the four kinds it is. */
export interface Method<I, O> {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestDeserialize: (bytes: Buffer) => I;
  readonly responseSerialize: (response: O) => Buffer;
}

export interface AddedService {
  readonly definition: object;
  /** By the names of the methods. */
  readonly handlers: object;
  readonly adapter: AdapterOptions;
}

/** Adds a service and returns its methods. */
export function addService(
  server: Server,
  { definition, handlers, adapter }: AddedService,
): readonly Method<unknown, unknown>[] {
  // `HandlersOf` has paired each method with a handler of its types; the pairing is lost by name here.
  const methods = Object.entries(definition) as [string, Method<unknown, unknown>][];
  const byName = new Map(Object.entries(handlers) as [string, Handler<unknown, unknown>][]);
  const tolerantMethods: Record<string, Method<unknown, unknown>> = {};
  const implementation: Record<string, UntypedHandleCall> = {};
  for (const [name, method] of methods) {
    // proto-loader's definitions have names as in proto, Check; ts-proto's, check.
    const handler = byName.get(name) ?? byName.get(name.charAt(0).toLowerCase() + name.slice(1));
    if (handler === undefined) throw new Error(`bug: nothing handles ${method.path}`);
    tolerantMethods[name] = { ...method, requestDeserialize: tolerant(method.requestDeserialize) };
    implementation[name] = adapt(method, handler, adapter);
  }
  server.addService(tolerantMethods as never, implementation);
  return methods.map(([, method]) => method);
}
