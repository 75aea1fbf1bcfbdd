/** One request: it finds its route, is permitted, is read and checked, and becomes a call. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type PeerCertificate, TLSSocket } from "node:tls";
import type { Authorizer, Permit } from "../auth/authorizer.ts";
import type { Clock } from "../base/clock.ts";
import { ServeError } from "../base/errors.ts";
import type { OpenCalls } from "../calls/open-calls.ts";
import { traceparentOf } from "../calls/trace-context.ts";
import type { AddressLimits } from "../edge/address-limits.ts";
import { tooManyOpen } from "../edge/call-limits.ts";
import type { RejectionLog } from "../edge/rejection-log.ts";
import { requestIdHeader, requestIdOf } from "../edge/request-ids.ts";
import type { UploadLimits } from "../edge/upload-limits.ts";
import { readJson } from "./body.ts";
import { HttpCall, sendError } from "./http-call.ts";
import { checkBody, paramOf } from "./parameters.ts";
import { type Found, findRoute, type Route } from "./route.ts";
import { timeoutOf } from "./timeout.ts";

/** A route with what is made of it once. */
export interface ServedRoute extends Route {
  readonly check: ReturnType<typeof checkBody> | undefined;
  readonly paramOf: ReturnType<typeof paramOf>;
}

export const served = (route: Route): ServedRoute => ({
  ...route,
  check: route.parameters && checkBody(route.parameters),
  paramOf: paramOf(route.parameters ?? {}),
});

export interface ServeOptions {
  readonly routes: readonly ServedRoute[];
  readonly authorizer: Pick<Authorizer, "admit">;
  readonly calls: OpenCalls;
  /** The places for calls. */
  readonly open: AddressLimits;
  readonly uploads: UploadLimits<IncomingMessage>;
  readonly rejections: Pick<RejectionLog, "call" | "auditedCall">;
  readonly maxMessageBytes: number;
  readonly stallMs: number;
  readonly clock: Clock;
}

/** For a request that no route has. */
const unknownMethod = "unknown";

export async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  options: ServeOptions & { readonly newRequestId: () => string },
): Promise<void> {
  const requestId = requestIdOf(request.headers[requestIdHeader], options.newRequestId);
  response.setHeader(requestIdHeader, requestId);
  const [path = ""] = (request.url ?? "").split("?");
  const found = findRoute(options.routes, request.method ?? "", path);
  const refusing = { request, response, requestId, rejections: options.rejections };
  if ("allowed" in found) {
    if (found.allowed.length > 0) response.setHeader("allow", found.allowed.join(", "));
    refuse(
      { ...refusing, method: unknownMethod },
      found.allowed.length > 0 ? wrongMethod() : noPath(),
    );
    return;
  }
  const { rpc: method } = found.route;
  if (request.headers.origin !== undefined) {
    refuse({ ...refusing, method }, foreignPage());
    return;
  }
  const leave = options.open.take(request.socket.remoteAddress);
  if (leave === undefined) {
    refuse({ ...refusing, method }, tooManyOpen());
    return;
  }
  response.once("close", leave);
  try {
    const permit = await admit(request, { method, requestId }, options);
    response.once("close", permit.end);
    if (response.destroyed) permit.end();
    else await begin(request, response, { ...options, found, permit, requestId });
  } catch (thrown) {
    refuse({ ...refusing, method }, ServeError.from(thrown));
  }
}

/** Its refusals have been audited. */
class NotAdmitted extends Error {}

async function admit(
  { headers, socket }: IncomingMessage,
  { method, requestId }: { readonly method: string; readonly requestId: string },
  { authorizer }: ServeOptions,
): Promise<Permit> {
  const apiKey = headers["x-api-key"];
  return authorizer
    .admit({
      method,
      requestId,
      host: socket.remoteAddress ?? "",
      authorization: headers.authorization,
      apiKey: typeof apiKey === "string" ? apiKey : undefined,
      ...certificateOf(socket),
    })
    .catch((cause: unknown) => {
      throw new NotAdmitted("not admitted", { cause });
    });
}

/** Node gives an empty object where the client has shown none. */
function certificateOf(socket: Socket): { readonly certificate?: PeerCertificate } {
  if (!(socket instanceof TLSSocket)) return {};
  const certificate = socket.getPeerCertificate();
  return Object.keys(certificate).length === 0 ? {} : { certificate };
}

interface Beginning extends ServeOptions {
  readonly found: Found;
  readonly permit: Permit;
  readonly requestId: string;
}

async function begin(
  request: IncomingMessage,
  response: ServerResponse,
  { found, permit, requestId, calls, clock, stallMs, ...options }: Beginning,
): Promise<void> {
  const { socket, headers } = request;
  const route = found.route as ServedRoute;
  const deadline = clock.now() + timeoutOf(headers);
  const body = await bodyOf(request, route, options);
  const open = calls.begin({
    method: route.rpc,
    requestId,
    traceparent: traceparentOf(headers["traceparent"]),
    deadline,
    peer: `${socket.remoteAddress ?? ""}:${socket.remotePort ?? 0}`,
    caller: permit,
  });
  response.once("close", open.disconnect);
  const call = new HttpCall({ open, response, paramOf: route.paramOf, stallMs });
  route.serve({ body, name: found.name, headers, requestId }, call);
}

async function bodyOf(
  request: IncomingMessage,
  { check }: ServedRoute,
  { uploads, maxMessageBytes }: Pick<ServeOptions, "uploads" | "maxMessageBytes">,
): Promise<object> {
  if (check === undefined) {
    request.resume();
    return {};
  }
  uploads.watch(request, request.socket);
  return check(await readJson(request, maxMessageBytes));
}

interface Refusing extends Pick<ServeOptions, "rejections"> {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly method: string;
}

function refuse(
  { request, response, requestId, method, rejections }: Refusing,
  thrown: Error,
): void {
  const isAudited = thrown.cause !== undefined && thrown instanceof NotAdmitted;
  const error = ServeError.from(isAudited ? thrown.cause : thrown);
  const rejected = { method, reason: error.reason };
  if (isAudited) rejections.auditedCall(rejected);
  else rejections.call(rejected, { host: request.socket.remoteAddress, requestId });
  // What is left of its body is not read.
  if (!request.complete) response.shouldKeepAlive = false;
  sendError(response, error);
}

/**
 * A page of any site can call a server on the machine that it is shown on, and read the answers where its name becomes
 * that machine's address (DNS rebinding). Browsers say so by the header.
 */
const foreignPage = (): ServeError =>
  new ServeError("ORIGIN_NOT_ALLOWED", "pages in browsers may not call this server");

const noPath = (): ServeError =>
  new ServeError("METHOD_UNKNOWN", "there is nothing at this path; /docs shows what there is");

const wrongMethod = (): ServeError =>
  new ServeError("HTTP_METHOD_WRONG", "the path has another method: see the allow header");
