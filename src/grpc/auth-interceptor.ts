/**
 * Asks the authorizer about each call when its headers are there, before a byte of its request is read. A
 * handler runs too late for that: grpc-js reads a whole request first, so callers without a credential could make
 * a server hold megabytes. A call is changed in place: an intercepting call around it costs more than the question.
 */
import type { Metadata, ServerInterceptingCallInterface, ServerInterceptor } from "@grpc/grpc-js";
import { Attached } from "../base/attached.ts";
import type { CallMetadata, Authorizer, Permit } from "../auth/authorizer.ts";
import { type Reason, ServeError } from "../base/errors.ts";
import type { CallAccounts } from "../edge/call-accounts.ts";
import { type RequestIds, requestIdHeader } from "../edge/request-ids.ts";
import { wireStatus } from "./status.ts";
import { sameCall, streamOf } from "./workarounds/inner-call.ts";

export interface AuthInterceptorOptions {
  readonly authorizer: Pick<Authorizer, "admit">;
  readonly accounts: Pick<CallAccounts, "isComing" | "refusedByAuth">;
  readonly requestIds: Pick<RequestIds, "of">;
  /** Hears of a call that ended because its caller may not make it, once its status is on the way. */
  readonly rejectedUnauthenticated: (call: ServerInterceptingCallInterface) => void;
}

/** Neither a spent quota nor an issuer that does not answer says that the caller is unknown. */
const unauthenticated: ReadonlySet<Reason> = new Set([
  "NO_CREDENTIAL",
  "CREDENTIAL_INVALID",
  "NOT_ALLOWED",
]);

/** Who was let in, by the metadata that grpc-js hands from the interceptor to the handler. */
export class AuthInterceptor {
  readonly #permits = new Attached<Metadata, Permit>("permit");
  readonly #options: AuthInterceptorOptions;

  constructor(options: AuthInterceptorOptions) {
    this.#options = options;
  }

  /** The permit of a call that was let in. Throws where there is none: nothing passes by mistake. */
  permitOf(metadata: Metadata): Permit {
    const permit = this.#permits.get(metadata);
    if (permit === undefined) throw new Error("bug: a call has passed the auth interceptor");
    return permit;
  }

  readonly interceptor: ServerInterceptor = (method, call) => {
    const { authorizer, accounts, requestIds, rejectedUnauthenticated } = this.#options;
    const stream = streamOf(call);
    let isOver = false;
    let end = (): void => undefined;
    const arrive = (metadata: Metadata, enter: () => void): void => {
      authorizer.admit(callMetadataOf(method.path.slice(1), metadata, call)).then(
        (permit) => {
          // While an issuer was asked, the caller may have gone, or the call may have been refused: nothing would
          // end the permit then.
          if (isOver || !accounts.isComing(stream)) {
            permit.end();
            return;
          }
          end = permit.end;
          metadata.remove("authorization");
          metadata.remove("x-api-key");
          this.#permits.set(metadata, permit);
          enter();
        },
        (thrown: unknown) => {
          const error = ServeError.from(thrown);
          accounts.refusedByAuth(stream, error.reason);
          call.sendStatus(wireStatus(error, requestIds.of(stream)));
          // A caller who has gone meanwhile has been counted for that.
          if (!isOver && unauthenticated.has(error.reason)) rejectedUnauthenticated(call);
        },
      );
    };
    const start = call.start.bind(call);
    call.start = (listener) => {
      start({
        onReceiveMetadata: (metadata) =>
          arrive(metadata, () => listener.onReceiveMetadata(metadata)),
        // What grpc-js still reads of a call that is over begins no handler: nothing would end that.
        onReceiveMessage: (message: unknown) => {
          if (!isOver) listener.onReceiveMessage(message);
        },
        onReceiveHalfClose: () => {
          if (!isOver) listener.onReceiveHalfClose();
        },
        // grpc-js calls this after every end, also a good one.
        onCancel: () => {
          isOver = true;
          end();
          listener.onCancel();
        },
      });
    };
    return sameCall(call);
  };
}

/** The host of an address as grpc-js writes it: `127.0.0.1:5000`, and `::1:5000` without brackets. */
export function hostOf(peer: string): string {
  return peer.replace(/:\d+$/, "");
}

function callMetadataOf(
  method: string,
  metadata: Metadata,
  call: Parameters<ServerInterceptor>[1],
): CallMetadata {
  const certificate = call.getAuthContext().sslPeerCertificate;
  return {
    method,
    requestId: textOf(metadata, requestIdHeader),
    host: hostOf(call.getPeer()),
    authorization: textOf(metadata, "authorization"),
    apiKey: textOf(metadata, "x-api-key"),
    // Node gives an empty object where the client has shown none.
    ...(certificate?.subject === undefined ? {} : { certificate }),
  };
}

/** Node joins a header that was sent several times; a credential with a comma in it is none. */
function textOf(metadata: Metadata, name: string): string | undefined {
  const values = metadata.get(name);
  return values.length === 0 ? undefined : values.map(String).join(", ");
}
