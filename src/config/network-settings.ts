/** The settings about connections, and what each of them may do. Part of the one table in `settings.ts`. */
import type { Setting } from "./setting.ts";
import { address, wholeNumber } from "./values.ts";

const day = 86_400_000;
const max = 1_000_000;

export const networkSettings = {
  host: {
    group: "Network",
    default: "127.0.0.1",
    read: address,
    value: "address",
    help: "Address to listen on. 0.0.0.0 or :: opens the server to the network, which needs credentials: see Access. unix:/path listens on a Unix domain socket instead of a port, for this user alone (mode 0600).",
  },
  port: {
    group: "Network",
    default: 50051,
    read: wholeNumber(0, 65_535),
    value: "n",
    help: "Port for gRPC. 0 takes any free port; the ready line says which.",
  },
  maxConcurrentStreams: {
    group: "Network",
    default: 1000,
    read: wholeNumber(1, max),
    value: "n",
    help: "Calls that one connection may have open; its client holds back the others.",
  },
  maxConnections: {
    group: "Network",
    default: 4096,
    read: wholeNumber(1, max),
    value: "n",
    help: "Connections that may be open at once; further ones are closed at once. Fewer where the system's limit of open files is too low, which the log says at the start.",
  },
  maxAddressPercent: {
    group: "Network",
    default: 50,
    read: wholeNumber(1, 100),
    value: "n",
    help: "Percent of those connections, and of the open calls below, that one address may hold, or one /64 of IPv6. 100 where all callers come through one proxy.",
  },
  maxOpenCalls: {
    group: "Network",
    default: 16_384,
    read: wholeNumber(1, max),
    value: "n",
    help: "Calls that may be open on all connections, a quarter of them Watch and reflection; past it, calls fail with RESOURCE_EXHAUSTED.",
  },
  maxHeaderBytes: {
    group: "Network",
    default: 16_384,
    read: wholeNumber(4096, 65_536),
    value: "n",
    help: "Most bytes of a call's headers, with 32 added for each; past it, the call is reset.",
  },
  maxCallsPerSecond: {
    group: "Network",
    default: 10_000,
    read: wholeNumber(1, max),
    value: "n",
    help: "Calls that one connection may begin in a second; past it, calls fail with RESOURCE_EXHAUSTED and say when to try again.",
  },
  maxResetBurst: {
    group: "Network",
    default: 20_000,
    read: wholeNumber(1, max),
    value: "n",
    help: "Cancelled and refused calls that one connection may have at once; past it, the connection is closed with ENHANCE_YOUR_CALM.",
  },
  maxResetsPerSecond: {
    group: "Network",
    default: 1000,
    read: wholeNumber(1, max),
    value: "n",
    help: "Cancelled and refused calls that are forgiven each second, after such a burst.",
  },
  keepaliveMs: {
    group: "Network",
    default: 30_000,
    read: wholeNumber(1000, day),
    value: "ms",
    help: "Milliseconds between pings on a connection, so that dead clients are noticed.",
  },
  keepaliveTimeoutMs: {
    group: "Network",
    default: 10_000,
    read: wholeNumber(100, day),
    value: "ms",
    help: "Milliseconds that a client has to answer a ping; past it, its connection is closed and its calls are cancelled.",
  },
  maxConnectionIdleMs: {
    group: "Network",
    default: 0,
    read: wholeNumber(0, day),
    value: "ms",
    help: "Milliseconds without a call after which a connection is closed; its client opens another for its next call. 0 keeps it.",
  },
  maxConnectionAgeMs: {
    group: "Network",
    default: 1_800_000,
    read: wholeNumber(0, day),
    value: "ms",
    help: "Milliseconds after the first call of a connection when its client is asked to connect anew, so that load spreads; its open calls go on. 0 never asks.",
  },
} as const satisfies Record<string, Setting>;
