/**
 * How a ServeError looks on the wire: a status with `google.rpc` details in its trailers, as AIP-193
 * asks. Proxies refuse long headers, often past 8 KB in all, so everything here has a bound.
 */
import { Metadata, status } from "@grpc/grpc-js";
import type { Any } from "../../gen/google/protobuf/any.ts";
import {
  BadRequest,
  ErrorInfo,
  Help,
  RequestInfo,
  ResourceInfo,
  RetryInfo,
} from "../../gen/google/rpc/error_details.ts";
import { Status } from "../../gen/google/rpc/status.ts";
import {
  failures,
  type Reason,
  type Resource,
  type ServeError,
  type Violation,
} from "../base/errors.ts";

/** What grpc-js sends at a call's end. */
export interface WireStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

/** Whose reasons `ErrorInfo.reason` are: by AIP-193 a name that is unique in the world. */
const errorDomain = "inferd.dev";

/** Where each reason is explained: docs/reference/errors.md, a heading a reason. */
const reasonPages = "https://inferd.dev/docs/reference/errors#";

const maxMessageChars = 400;
const maxFactChars = 128;
const maxFacts = 8;
const maxViolations = 32;
// Base64 makes it a third more.
const maxDetailBytes = 4096;

/** `requestId`: the call's; empty where none is known. */
export function wireStatus(error: ServeError, requestId = ""): WireStatus {
  const details = shorten(error.message, maxMessageChars);
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", detailBytes(error, details, requestId));
  const pushback = pushbackOf(error);
  if (pushback !== undefined) metadata.set("grpc-retry-pushback-ms", pushback);
  return { code: status[error.code], details, metadata };
}

/** What gRPC's own retries are told. By its retry design (A6), a negative number ends them. */
function pushbackOf({ retryAfterMs, isLasting }: ServeError): string | undefined {
  if (retryAfterMs !== undefined) return String(Math.ceil(retryAfterMs));
  return isLasting ? "-1" : undefined;
}

function detailBytes(error: ServeError, message: string, requestId: string): Buffer {
  for (let shown = maxViolations; ; shown = Math.floor(shown / 2)) {
    const details = detailsOf(error, error.violations.slice(0, shown));
    if (requestId !== "") {
      const info = RequestInfo.encode({ requestId, servingData: "" }).finish();
      details.push(any("RequestInfo", info));
    }
    const bytes = Status.encode({ code: status[error.code], message, details }).finish();
    if (bytes.length <= maxDetailBytes || shown === 0) return Buffer.from(bytes);
  }
}

function detailsOf(error: ServeError, violations: readonly Violation[]): Any[] {
  const details = [any("ErrorInfo", ErrorInfo.encode(errorInfo(error)).finish())];
  if (violations.length > 0) {
    const badRequest = BadRequest.fromPartial({ fieldViolations: violations.map(bounded) });
    details.push(any("BadRequest", BadRequest.encode(badRequest).finish()));
  }
  if (error.retryAfterMs !== undefined) {
    const ms = Math.ceil(error.retryAfterMs);
    const retryDelay = { seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1e6 };
    details.push(any("RetryInfo", RetryInfo.encode({ retryDelay }).finish()));
  }
  if (error.resource !== undefined) {
    details.push(any("ResourceInfo", ResourceInfo.encode(resourceInfo(error.resource)).finish()));
  }
  details.push(helps[error.reason]);
  return details;
}

function errorInfo({ reason, facts }: ServeError): ErrorInfo {
  const bounded = Object.entries(facts)
    .slice(0, maxFacts)
    .map(([key, value]) => [shorten(key, maxFactChars), shorten(value, maxFactChars)] as const);
  return { reason, domain: errorDomain, metadata: Object.fromEntries(bounded) };
}

function resourceInfo({ type, name }: Resource): ResourceInfo {
  const resourceName = shorten(name, maxFactChars);
  return { resourceType: type, resourceName, owner: "", description: "" };
}

function bounded({ field, reason, description }: Violation): Violation {
  const shown = { field: shorten(field, maxFactChars), reason };
  return { ...shown, description: shorten(description, maxFactChars) };
}

function any(name: string, value: Uint8Array): Any {
  return { typeUrl: `type.googleapis.com/google.rpc.${name}`, value: Buffer.from(value) };
}

/** One for each reason, made once: a flood of refusals has the same over and over. */
const helps = Object.fromEntries(
  Object.keys(failures).map((reason) => {
    const description = `What ${reason} means, and what to do`;
    const links = [{ description, url: reasonPages + reason.toLowerCase() }];
    return [reason, any("Help", Help.encode({ links }).finish())];
  }),
) as Readonly<Record<Reason, Any>>;

/** Cuts a text, and replaces what is no Unicode: grpc-js would throw on half a surrogate pair. */
function shorten(text: string, maxChars: number): string {
  const cut = text.length <= maxChars ? text : `${text.slice(0, maxChars - 1)}…`;
  return cut.replace(/\p{Surrogate}/gu, "\ufffd");
}
