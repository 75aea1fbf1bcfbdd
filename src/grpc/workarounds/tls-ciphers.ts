/**
 * Credentials of grpc-js 1.14.7 that follow a certificate make a context of certificate and key alone, each time
 * those change. So Node's default ciphers would stand, which end in CBC suites for TLS 1.2.
 * Tested in test/auth/tls.test.ts.
 */
import type { ServerCredentials } from "@grpc/grpc-js";

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

/** Changes the credentials in place. */
export function withCiphers(made: ServerCredentials): ServerCredentials {
  // Protected by its type only.
  const internals = made as unknown as Internals;
  const update = internals.updateSecureContextOptions?.bind(made);
  if (update === undefined) {
    throw new Error(
      "bug: this grpc-js has no updateSecureContextOptions; see src/grpc/workarounds/tls-ciphers.ts",
    );
  }
  internals.updateSecureContextOptions = (options) =>
    update(options === null ? null : { ...options, ciphers });
  return made;
}
