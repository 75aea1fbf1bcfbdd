/** Checks that a configuration does not expose the server without credentials, and that its parts are consistent. */
import { BlockList, isIP } from "node:net";
import { unixPathOf } from "../base/unix-path.ts";
import { SettingError } from "../config/config.ts";
import type { AccessConfig } from "./access-config.ts";

/** Throws a SettingError that names the flag to set. */
export function checkAccess(config: AccessConfig): void {
  const { jwtJwks, jwtIssuer, jwtAudience, tlsCert, tlsKey, tlsClientCa } = config;
  if (jwtJwks !== undefined && (jwtIssuer === undefined || jwtAudience === undefined)) {
    throw new SettingError("--jwt-jwks needs --jwt-issuer and --jwt-audience");
  }
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new SettingError("--tls-cert and --tls-key need each other");
  }
  if (tlsClientCa !== undefined && tlsCert === undefined) {
    throw new SettingError("--tls-client-ca needs --tls-cert and --tls-key");
  }
  if (!asksForCredentials(config) && !isLoopback(config.host) && !config.allowUnauthenticated) {
    throw new SettingError(
      `--host ${config.host} exposes the server to the network: require credentials with --keys, --jwt-jwks or --tls-client-ca, or pass --allow-unauthenticated`,
    );
  }
}

export function asksForCredentials(
  config: Pick<AccessConfig, "keys" | "jwtJwks" | "tlsClientCa">,
): boolean {
  return (config.keys ?? config.jwtJwks ?? config.tlsClientCa) !== undefined;
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8);
loopback.addAddress("::1", "ipv6");

/**
 * Whether only this machine can reach an address, or a Unix socket. A name other than localhost could be any address.
 */
export function isLoopback(host: string): boolean {
  if (unixPathOf(host) !== undefined) return true;
  const family = isIP(host);
  if (family === 0) return host.toLowerCase() === "localhost";
  return loopback.check(host, family === 6 ? "ipv6" : "ipv4");
}
