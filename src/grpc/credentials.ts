/**
 * TLS credentials that follow a key pair. grpc-js's own file watcher takes what it reads as it stands:
 * while a file is half-written it drops every new connection. So it is given a provider of ours, which
 * knows only pairs that have been checked. Connections that are open keep what they began with.
 */
import { experimental, ServerCredentials } from "@grpc/grpc-js";
import type { FollowedTlsFiles } from "../auth/tls-files.ts";
import { withCiphers } from "./workarounds/tls-ciphers.ts";

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
