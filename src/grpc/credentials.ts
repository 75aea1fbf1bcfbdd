/**
 * TLS credentials that follow a key pair. grpc-js's own file watcher takes what it reads as it stands:
 * while a file is half-written it drops every new connection. So it is given a provider of ours, which
 * knows only pairs that have been checked. Connections that are open keep what they began with.
 */
import { experimental, ServerCredentials } from "@grpc/grpc-js";
import type { FollowedTlsFiles } from "../auth/tls-files.ts";

type Provider = NonNullable<
  Parameters<typeof experimental.createCertificateProviderServerCredentials>[0]
>;

export function credentialsOf(pair: FollowedTlsFiles | undefined): ServerCredentials {
  if (pair === undefined) return ServerCredentials.createInsecure();
  const provider = providerOf(pair);
  const hasCa = pair.current.clientCa !== undefined;
  // The declaration names the first two the other way round: the first is the server's own pair.
  const made = experimental.createCertificateProviderServerCredentials(
    provider,
    hasCa ? provider : null,
    hasCa,
  );
  return withCiphers(made);
}

/** Those that HTTP/2 does not forbid (RFC 9113, appendix A): with an ephemeral key, and no CBC. */
const ciphers = [
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "TLS_AES_128_GCM_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

interface Internals {
  updateSecureContextOptions?(options: object | null): void;
}

/**
 * These credentials of grpc-js (1.14.7) make a context of certificate and key alone, each time those change, so
 * Node's default ciphers would stand: they end in CBC suites for TLS 1.2.
 */
function withCiphers(made: ServerCredentials): ServerCredentials {
  // Protected by its type only.
  const internals = made as unknown as Internals;
  const update = internals.updateSecureContextOptions?.bind(made);
  if (update === undefined) {
    throw new Error(
      "bug: this grpc-js has no updateSecureContextOptions; see src/grpc/credentials.ts",
    );
  }
  internals.updateSecureContextOptions = (options) =>
    update(options === null ? null : { ...options, ciphers });
  return made;
}

function providerOf(pair: FollowedTlsFiles): Provider {
  const stops = new Map<unknown, () => void>();
  const follow = (listener: unknown, tell: () => void): void => {
    // Later, since grpc-js is not ready to hear while it registers.
    queueMicrotask(tell);
    stops.set(listener, pair.onChange(tell));
  };
  const forget = (listener: unknown): void => {
    stops.get(listener)?.();
    stops.delete(listener);
  };
  return {
    addIdentityCertificateListener: (listener) =>
      follow(listener, () => {
        listener({ certificate: pair.current.cert, privateKey: pair.current.key });
      }),
    addCaCertificateListener: (listener) =>
      follow(listener, () => {
        const { clientCa } = pair.current;
        listener(clientCa === undefined ? null : { caCertificate: clientCa });
      }),
    removeIdentityCertificateListener: forget,
    removeCaCertificateListener: forget,
  };
}
