import { expect, it } from "vitest";
import { UsageError } from "../../../src/cli/failure.ts";
import { proxyOf } from "../../../src/cli/proxy.ts";

const env = { http_proxy: "http://user:word@proxy.example:3128" };

it.each([
  "localhost:50051",
  "127.0.0.1:50051",
  "127.9.9.9:1",
  "[::1]:50051",
  "::1",
  "dns:localhost:1",
  "dns:///127.0.0.1:1",
  "ipv4:127.0.0.1:1",
  "ipv6:[::1]:1",
  "unix:/run/inferd.sock",
  "unix:relative.sock",
  "unix-abstract:name",
])("is none for %s, which is this machine", (address) => {
  expect(proxyOf(address, env)).toBeUndefined();
});

it("is what the first variable names that is set, without its credentials", () => {
  expect(proxyOf("models.example:443", env)).toEqual({
    address: "proxy.example:3128",
    variable: "http_proxy",
  });
  expect(
    proxyOf("models.example", { ...env, grpc_proxy: "http://first", https_proxy: "" }),
  ).toEqual({
    address: "first:80",
    variable: "grpc_proxy",
  });
});

it.each([
  ["models.example:1", "other, models.example"],
  ["sub.models.example:1", ".models.example"],
  ["10.1.2.3:1", "10.0.0.0/8"],
  ["[2001:db8::1]:1", "2001:db8::1"],
  ["models.example:1", "*"],
])("is none for %s with no_proxy=%s", (address, no_proxy) => {
  expect(proxyOf(address, { ...env, no_proxy })).toBeUndefined();
});

it.each([
  ["models.example:1", "models.example.org"],
  ["10.1.2.3:1", "10.0.0.0/16"],
  ["10.1.2.3:1", "10.0.0.0/99"],
  ["10.1.2.3:1", ""],
])("is one for %s with no_proxy=%s", (address, no_proxy) => {
  expect(proxyOf(address, { ...env, no_proxy })).toBeDefined();
});

it.each(["https://proxy.example", "socks5://proxy.example", "proxy.example"])(
  "is refused where the variable says %j, and is no matter for loopback",
  (http_proxy) => {
    expect(() => proxyOf("models.example:1", { http_proxy })).toThrow(UsageError);
    expect(proxyOf("localhost:1", { http_proxy })).toBeUndefined();
  },
);
