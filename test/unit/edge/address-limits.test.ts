import { describe, expect, it } from "vitest";
import { holderOf, AddressLimits } from "../../../src/edge/address-limits.ts";

describe("seats", () => {
  it("are taken up to their number, and one that is left may be taken again", () => {
    const seats = new AddressLimits({ total: 2, addressPercent: 100 });
    const leave = seats.take("a");
    expect(seats.take("b")).toBeDefined();
    expect(seats.take("c")).toBeUndefined();
    leave?.();
    expect(seats.take("c")).toBeDefined();
  });

  it("are for one address but its share, and the others' are for others", () => {
    const seats = new AddressLimits({ total: 4, addressPercent: 50 });
    const [leave] = [seats.take("a"), seats.take("a")];
    expect(seats.take("a")).toBeUndefined();
    expect(seats.take("b")).toBeDefined();
    leave?.();
    expect(seats.take("a")).toBeDefined();
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
