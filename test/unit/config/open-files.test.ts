import { describe, expect, it } from "vitest";
import { connectionsWithin, parseLimit } from "../../../src/config/open-files.ts";

const files = { limit: 10_000, connections: 4096, ports: 1, others: 8 };

describe("the connections within a limit of open files", () => {
  it("are those that are configured where the limit has room for them, or is not known", () => {
    expect(connectionsWithin(files)).toBe(4096);
    expect(connectionsWithin({ ...files, limit: undefined })).toBe(4096);
  });

  it("leave descriptors for the server, its workers and other ports", () => {
    expect(connectionsWithin({ ...files, limit: 1024 })).toBe(1024 - 48 - 8);
    expect(connectionsWithin({ ...files, limit: 1024, ports: 2 })).toBe((1024 - 48 - 8) / 2);
  });

  it("are a few however low the limit is", () => {
    expect(connectionsWithin({ ...files, limit: 20 })).toBe(8);
  });
});

it("reads the soft limit of Linux' table", () => {
  const table = (soft: string) =>
    `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${soft}                 1048576              files\n`;
  expect(parseLimit(table("1024"))).toBe(1024);
  expect(parseLimit(table("unlimited"))).toBeUndefined();
});
