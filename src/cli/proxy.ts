/**
 * Whether a connection goes through a proxy that the environment names. grpc-js reads the same variables itself, and
 * would use a proxy for this machine's own addresses too.
 */
import { BlockList, isIPv4 } from "node:net";
import { isLoopback } from "../auth/start-checks.ts";
import { UsageError } from "./failure.ts";

export interface Proxy {
  /** Host and port, without the credentials of the URL. */
  readonly address: string;
  /** The variable that names it. */
  readonly variable: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** In the order of grpc-js: the first variable that is set decides. */
const variables = ["grpc_proxy", "https_proxy", "http_proxy"] as const;

/**
 * The proxy for an address in gRPC's notation. None for this machine, and none if `no_proxy` names the host. Throws a
 * UsageError for a URL that gRPC cannot use, which grpc-js would ignore.
 */
export function proxyOf(address: string, environment: Environment): Proxy | undefined {
  const host = hostOf(address);
  if (host === undefined || isLoopback(host) || isExempt(host, environment)) return undefined;
  const variable = variables.find((name) => (environment[name] ?? "") !== "");
  if (variable === undefined) return undefined;
  const url = URL.parse(environment[variable] ?? "");
  if (url?.protocol !== "http:") {
    throw new UsageError(
      `${variable} in the environment is no http:// URL, and gRPC takes no other proxy; add ${host} to no_proxy to connect without it`,
    );
  }
  return { address: `${url.hostname}:${url.port === "" ? "80" : url.port}`, variable };
}

/** Undefined for a socket of this machine. */
function hostOf(address: string): string | undefined {
  if (/^unix(-abstract)?:/.test(address)) return undefined;
  const path = address.replace(/^(dns|ipv4|ipv6):(\/\/[^/]*\/)?/, "");
  const [, bracketed] = /^\[([^\]]*)\](:\d+)?$/.exec(path) ?? [];
  return bracketed ?? (path.split(":").length > 2 ? path : path.replace(/:\d*$/, ""));
}

/** A name in `no_proxy` exempts all names below it, an IPv4 range all its addresses, and `*` everything. */
function isExempt(host: string, environment: Environment): boolean {
  const list = environment["no_grpc_proxy"] ?? environment["no_proxy"] ?? "";
  return list
    .split(",")
    .map((name) => name.trim())
    .some((name) => name === "*" || (name !== "" && host.endsWith(name)) || isIn(name, host));
}

function isIn(range: string, host: string): boolean {
  const [, network = "", prefix] = /^([\d.]+)\/(\d{1,2})$/.exec(range) ?? [];
  if (!isIPv4(network) || !isIPv4(host) || Number(prefix) > 32) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(prefix));
  return list.check(host);
}
