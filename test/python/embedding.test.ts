/** Functions that embed, on a real interpreter behind a real server. */
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { Embedding } from "../../gen/inferd/v1/embedding_service.ts";
import { describePython } from "./interpreter.ts";
import { openSite, type Serving } from "./site.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const valuesOf = ({ value }: Embedding): readonly number[] | undefined =>
  value?.$case === "float32" ? value.value.values : undefined;

const errorOf = ({ value }: Embedding) => (value?.$case === "error" ? value.value : undefined);

describePython("a Python function that embeds", () => {
  const site = openSite();
  let serving: Serving;

  beforeAll(async () => {
    serving = await site.serve(["vectors.py", "batches.py", "async_vectors.py"]);
  });

  const embed = (inputs: readonly string[], allowItemErrors = false) =>
    serving.caller.embed("vectors", inputs, { allowItemErrors, normalize: false });

  it("tells its dimensions", async () => {
    const models = await serving.caller.models();
    expect(models.map(({ name, dimensions }) => [name, dimensions])).toEqual([
      ["async_vectors", 2],
      ["batches", 2],
      ["vectors", 3],
    ]);
  });

  it.each(["fine", "tuple", "array", "bytes", "flat", "flat64"])(
    "may return vectors of the form %s",
    async (form) => {
      const { code, embeddings } = await embed([form, "fine"]);
      expect(code).toBe("OK");
      expect(embeddings.map(valuesOf)).toEqual([
        [1, 2, 3],
        [1, 2, 3],
      ]);
    },
  );

  it("may be a coroutine", async () => {
    const { embeddings } = await serving.caller.embed("async_vectors", ["four"], {
      normalize: false,
    });
    expect(embeddings.map(valuesOf)).toEqual([[4, 0]]);
  });

  it.each([
    { act: "short", says: /embed.*1.*3/ },
    { act: "long", says: /embed.*4.*3/ },
    { act: "nan", says: /embed|finite/ },
    { act: "infinite", says: /embed|finite/ },
    { act: "huge", says: /embed|finite/ },
    { act: "none", says: /embed.*None/ },
    { act: "inner", says: /embed/ },
    { act: "text", says: /embed/ },
    { act: "refused", says: /must have a meaning/ },
  ])("fails one text by what it gives for it ($act)", async ({ act, says }) => {
    const { logged } = serving;
    const before = logged().length;
    const { code, embeddings } = await embed(["fine", act, "fine"], true);
    expect(code).toBe("OK");
    expect(embeddings.map(valuesOf)).toEqual([[1, 2, 3], undefined, [1, 2, 3]]);
    const error = errorOf(embeddings[1]!);
    await vi.waitFor(() => expect(`${error?.message} ${logged().slice(before)}`).toMatch(says));
    expect((await embed(["fine", act, "fine"])).code).not.toBe("OK");
  });

  it("hides the exception that stands for a text", async () => {
    const { embeddings } = await embed(["fine", "hidden"], true);
    const error = errorOf(embeddings[1]!);
    expect(error?.reason).toBe("INTERNAL");
    expect(error?.message).not.toContain("inner");
    expect(serving.logged()).toContain("the inner cause");
  });

  it("names the text's field where it refuses one", async () => {
    const ended = await embed(["fine", "refused"]);
    expect(ended).toMatchObject({ code: "INVALID_ARGUMENT", reason: "FIELD_INVALID" });
    expect(ended.message).toContain("must have a meaning");
  });

  it.each([
    { act: "nothing", says: /embed.*None/ },
    { act: "fewer", says: /embed.*\b0\b.*\b2\b|embed.*\b2\b.*\b0\b/ },
    { act: "more", says: /embed.*\b3\b.*\b2\b|embed.*\b2\b.*\b3\b/ },
    { act: "fail", says: /ValueError: the inner cause/ },
  ])("fails the call by a wrong batch ($act), and serves on", async ({ act, says }) => {
    const { logged } = serving;
    const before = logged().length;
    const ended = await embed([act, "fine"]);
    expect(ended).toMatchObject({ code: "INTERNAL" });
    expect(ended.message).not.toContain("inner");
    await vi.waitFor(() => expect(logged().slice(before)).toMatch(says));
    expect(await embed(["fine"])).toMatchObject({ code: "OK" });
  });

  it("refuses a whole call", async () => {
    const ended = await embed(["refuse"]);
    expect(ended.violations).toEqual(["inputs: must not ask to be refused"]);
  });

  it("fails no other caller by one whose text makes it raise", async () => {
    const calls = Array.from({ length: 12 }, (_, n) => embed([n === 5 ? "fail" : "fine"]));
    const codes = (await Promise.all(calls)).map(({ code }) => code);
    expect(codes).toEqual(codes.map((_, n) => (n === 5 ? "INTERNAL" : "OK")));
  });

  describe("gathers texts of several callers", () => {
    const batches = (): readonly (readonly [number, number])[] =>
      site.notes("batches").map((line) => line.split(" ").map(Number) as [number, number]);

    it("into batches, up to its bounds", async () => {
      const { caller } = serving;
      const texts = Array.from({ length: 64 }, (_, n) => "x".repeat(1 + (n % 100)));
      const before = batches().length;
      const answers = await Promise.all(
        texts.map((text) => caller.embed("batches", [text], { normalize: false })),
      );
      expect(answers.map(({ embeddings }) => embeddings.map(valuesOf))).toEqual(
        texts.map(({ length }) => [[length, 1]]),
      );
      const seen = batches().slice(before);
      expect(seen.length).toBeLessThan(texts.length / 2);
      for (const [count, bytes] of seen) {
        expect(count).toBeLessThanOrEqual(16);
        expect(count === 1 || bytes <= 1000).toBe(true);
      }
    });

    it("and a text above the bound of bytes goes alone", async () => {
      const long = "x".repeat(5000);
      const { embeddings } = await serving.caller.embed("batches", ["a", long, "b"], {
        normalize: false,
      });
      expect(embeddings.map(valuesOf)).toEqual([
        [1, 1],
        [5000, 1],
        [1, 1],
      ]);
      expect(batches()).toContainEqual([1, 5000]);
    });

    it("in turn, so that a caller with many does not hold up one with one", async () => {
      const { caller } = serving;
      const before = batches().length;
      let isOver = false;
      const many = caller
        .embed(
          "batches",
          Array.from({ length: 2000 }, () => "many"),
        )
        .finally(() => (isOver = true));
      await vi.waitUntil(() => batches().length > before + 2, { timeout: 30_000 });
      const during = batches().length;
      expect((await caller.embed("batches", ["one"])).code).toBe("OK");
      expect(isOver).toBe(false);
      // Its text stands in one of the next batches, of which there are 125.
      expect(batches().length - during).toBeLessThan(40);
      const { code, embeddings } = await many;
      expect([code, embeddings.length]).toEqual(["OK", 2000]);
    });
  });
});
