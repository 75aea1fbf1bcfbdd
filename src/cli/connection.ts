/** Security and headers of a client's connection, from the flags of a command. */
import { type ChannelCredentials, credentials, Metadata } from "@grpc/grpc-js";
import { UsageError } from "./failure.ts";
import { readFlagFile } from "./flag-file.ts";
import type { ConnectionFlags } from "./flags/connection.ts";

/** Plaintext, unless a flag asks for TLS. */
export function credentialsOf(flags: ConnectionFlags): ChannelCredentials {
  const { tls, tlsCa, tlsCert, tlsKey } = flags;
  if (tls !== true && (tlsCa ?? tlsCert ?? tlsKey) === undefined) {
    return credentials.createInsecure();
  }
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new UsageError("--tls-cert and --tls-key need each other");
  }
  const read = (flag: string, path: string | undefined): Buffer | null =>
    path === undefined ? null : readFlagFile(flag, path);
  const ca = read("--tls-ca", tlsCa);
  const key = read("--tls-key", tlsKey);
  const cert = read("--tls-cert", tlsCert);
  try {
    return credentials.createSsl(ca, key, cert);
  } catch {
    throw new UsageError("--tls-ca, --tls-cert and --tls-key are no PEM files that fit together");
  }
}

/** The headers of the flags, and the key. */
export function metadataOf({ header, apiKey }: ConnectionFlags): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of header) {
    metadata.add(name, name.endsWith("-bin") ? Buffer.from(value, "base64") : value);
  }
  if (apiKey !== undefined) metadata.set("authorization", `Bearer ${apiKey.reveal()}`);
  return metadata;
}
