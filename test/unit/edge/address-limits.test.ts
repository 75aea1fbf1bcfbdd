import { describe, expect, it } from "vitest";
import { holderOf, AddressLimits } from "../../../src/edge/address-limits.ts";

describe("places", () => {
  it("are taken up to their number, and one that is left may be taken again", () => {
    const limits = new AddressLimits({ total: 2, addressPercent: 100 });
    const leave = limits.take("a");
    expect(limits.take("b")).toBeDefined();
    expect(limits.take("c")).toBeUndefined();
    leave?.();
    expect(limits.take("c")).toBeDefined();
  });

  it("are for one address but its share, and the others' are for others", () => {
    const limits = new AddressLimits({ total: 4, addressPercent: 50 });
    const [leave] = [limits.take("a"), limits.take("a")];
    expect(limits.take("a")).toBeUndefined();
    expect(limits.take("b")).toBeDefined();
    leave?.();
    expect(limits.take("a")).toBeDefined();
  });

  it("have one at least for each address", () => {
    expect(new AddressLimits({ total: 1, addressPercent: 1 }).take("a")).toBeDefined();
  });
});

it.each([
  ["127.0.0.1", "127.0.0.1"],
  ["::ffff:10.0.0.1", "::ffff:10.0.0.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:db8::5:6", "2001:db8:0:0"],
  ["2001:db8:1:2::", "2001:db8:1:2"],
  ["fe80::1%eth0", "fe80:0:0:0"],
  ["::1", "0:0:0:0"],
  ["", ""],
])("who is at %j is %j", (address, holder) => {
  expect(holderOf(address)).toBe(holder);
});
