/** The HTTP edge with all its routes. */
import type { Interceptor } from "../calls/intercept.ts";
import { intercept } from "../calls/intercept.ts";
import type { Handler } from "../calls/call.ts";
import { unlessOver } from "../calls/run.ts";
import type { ServiceHandlers } from "../services/handlers.ts";
import { type OpenAiOptions, openAiRoutes } from "./openai/index.ts";
import { type OwnOptions, ownRoutes } from "./own-routes.ts";
import { HttpServer, type HttpServerOptions } from "./server.ts";

export interface HttpOptions extends Omit<HttpServerOptions, "routes">, OpenAiOptions, OwnOptions {
  readonly handlers: ServiceHandlers;
  readonly interceptors: readonly Interceptor[];
}

export function openHttpEdge({ handlers, interceptors, ...options }: HttpOptions): HttpServer {
  const all = intercepted(handlers, interceptors);
  const routes = openAiRoutes(all, options);
  return new HttpServer({ ...options, routes: [...routes, ...ownRoutes(routes, options)] });
}

/** The handlers as callers reach them: what is done around every call is done around these. */
function intercepted(
  handlers: ServiceHandlers,
  interceptors: readonly Interceptor[],
): ServiceHandlers {
  const around = <I, O>(handler: Handler<I, O>): Handler<I, O> =>
    intercept(unlessOver(handler), interceptors);
  const all: Readonly<Record<string, unknown>> = Object.fromEntries(
    Object.entries(handlers).map(([service, methods]): [string, unknown] => {
      const own = Object.entries(methods as Readonly<Record<string, Handler<unknown, unknown>>>);
      return [service, Object.fromEntries(own.map(([name, one]) => [name, around(one)]))];
    }),
  );
  // Each handler keeps its name and its types.
  return all as unknown as ServiceHandlers;
}
