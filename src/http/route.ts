import type { IncomingHttpHeaders } from "node:http";
import type { HttpCall } from "./http-call.ts";
import type { Parameters } from "./parameters.ts";

/** A path that is served. */
export interface Route {
  readonly method: "GET" | "POST";
  /** May end with `/{name}`: then the rest of a path is given, which may have slashes. */
  readonly path: string;
  /** The method of the contract that answers it: by its name calls are permitted, counted and logged. */
  readonly rpc: string;
  /** What it does, for OpenAPI. */
  readonly summary: string;
  /** Of its body; left out for one without. */
  readonly parameters?: Parameters;
  readonly serve: (request: RouteRequest, call: HttpCall) => void;
}

interface RouteRequest {
  /** Checked against the route's parameters. */
  readonly body: object;
  /** What stands for `{name}`. */
  readonly name: string;
  readonly headers: IncomingHttpHeaders;
  readonly requestId: string;
}

export interface Found {
  readonly route: Route;
  readonly name: string;
}

/** Finds the route of a request: undefined without one, and the methods that there are where only the method is wrong. */
export function findRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): Found | { readonly allowed: readonly string[] } {
  const matching = routes.flatMap((route) => {
    const name = nameIn(route.path, path);
    return name === undefined ? [] : [{ route, name }];
  });
  const found = matching.find(({ route }) => route.method === method);
  return found ?? { allowed: matching.map(({ route }) => route.method) };
}

const placeholder = "{name}";

function nameIn(pattern: string, path: string): string | undefined {
  if (!pattern.endsWith(placeholder)) return pattern === path ? "" : undefined;
  const start = pattern.slice(0, -placeholder.length);
  if (!path.startsWith(start) || path.length === start.length) return undefined;
  try {
    return decodeURIComponent(path.slice(start.length));
  } catch {
    return undefined;
  }
}
