import { describe, expect, it } from "vitest";
import { IdList } from "../../../src/base/id-list.ts";

function listOf(...ids: readonly number[]): IdList<string> {
  const list = new IdList<string>();
  for (const id of ids) list.add(id, `value ${String(id)}`);
  return list;
}

describe("a list by id", () => {
  it("keeps the order in which values came", () => {
    const list = listOf(7, 3, 5);
    expect(list.size).toBe(3);
    expect(list.ids).toEqual([7, 3, 5]);
    expect(list.values).toEqual(["value 7", "value 3", "value 5"]);
    expect([...list]).toEqual([
      [7, "value 7"],
      [3, "value 3"],
      [5, "value 5"],
    ]);
  });

  it("finds values, and takes each out once", () => {
    const list = listOf(1, 2, 3);
    expect(list.get(2)).toBe("value 2");
    expect(list.take(2)).toBe("value 2");
    expect(list.get(2)).toBeUndefined();
    expect(list.take(2)).toBeUndefined();
    expect(list.ids).toEqual([1, 3]);
  });

  it("lets entries be taken out while it is walked", () => {
    const list = listOf(1, 2, 3, 4);
    const seen: number[] = [];
    for (const [id] of list) {
      seen.push(id);
      list.take(id);
    }
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(list.size).toBe(0);
  });

  it("is empty once it is cleared", () => {
    const list = listOf(1, 2);
    list.clear();
    expect(list.size).toBe(0);
    expect(list.get(1)).toBeUndefined();
  });
});
