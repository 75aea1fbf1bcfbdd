/** What the server says of itself: whether it is ready, and which routes it has. Open to all. */
import { ServeError } from "../base/errors.ts";
import { docsPage } from "./docs-page.ts";
import { openApiOf } from "./openapi.ts";
import type { Route } from "./route.ts";

export interface OwnOptions {
  readonly version: string;
  /** The health service's answer for `readiness`. */
  readonly isReady: () => boolean;
}

const rpc = "grpc.health.v1.Health/Check";

/** `routes`: the others. */
export function ownRoutes(
  routes: readonly Route[],
  { version, isReady }: OwnOptions,
): readonly Route[] {
  const own: Route[] = [];
  const all = (): readonly Route[] => [...routes, ...own];
  const text = (path: string, summary: string, contentType: string, make: () => string): void => {
    let made: string | undefined;
    own.push({
      ...{ method: "GET", path, rpc, summary },
      serve: (_, call) => call.text(contentType, (made ??= make())),
    });
  };
  own.push({
    ...{ method: "GET", path: "/health", rpc, summary: "Says whether the server is ready." },
    serve: (_, call) => {
      if (isReady()) call.text("application/json; charset=utf-8", '{"status":"ok"}');
      else
        call.refuse(
          new ServeError("MODEL_NOT_READY", "a model is not ready", { retryAfterMs: 1000 }),
        );
    },
  });
  text("/openapi.json", "Describes the routes by OpenAPI.", "application/json; charset=utf-8", () =>
    JSON.stringify(openApiOf(all(), version)),
  );
  text("/docs", "Shows the routes to a person.", "text/html; charset=utf-8", () =>
    docsPage(all(), version),
  );
  return own;
}
