/** The HTTP edge with all its routes. */
import type { Interceptor } from "../calls/intercept.ts";
import { intercept } from "../calls/intercept.ts";
import type { Handler } from "../calls/call.ts";
import { unlessOver } from "../calls/run.ts";
import type { ServiceHandlers } from "../services/handlers.ts";
import { type OpenAiOptions, openAiRoutes } from "./openai/index.ts";
import { HttpServer, type HttpServerOptions } from "./server.ts";

export interface HttpOptions extends Omit<HttpServerOptions, "routes">, OpenAiOptions {
  readonly handlers: ServiceHandlers;
  readonly interceptors: readonly Interceptor[];
}

export function openHttpEdge({ handlers, interceptors, ...options }: HttpOptions): HttpServer {
  const all = intercepted(handlers, interceptors);
  return new HttpServer({ ...options, routes: openAiRoutes(all, options) });
}

/** The handlers as callers reach them: what is done around every call is done around these. */
function intercepted(
  handlers: ServiceHandlers,
  interceptors: readonly Interceptor[],
): ServiceHandlers {
  const around = <I, O>(handler: Handler<I, O>): Handler<I, O> =>
    intercept(unlessOver(handler), interceptors);
  const services = Object.entries(handlers).map(([service, methods]) => {
    const own = Object.entries(methods as Readonly<Record<string, Handler<unknown, unknown>>>);
    return [service, Object.fromEntries(own.map(([name, one]) => [name, around(one)]))];
  });
  // Each handler keeps its name and its types.
  return Object.fromEntries(services) as unknown as ServiceHandlers;
}
