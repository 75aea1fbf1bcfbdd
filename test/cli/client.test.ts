import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Chat, GrammarSyntax, Role } from "../../gen/inferd/v1/generation_service.ts";
import { Truncation } from "../../gen/inferd/v1/types.ts";
import { type Canned, openCanned } from "./canned.ts";
import { inferd, start } from "./process.ts";

let server: Canned;
const at = (...args: string[]): string[] => [...args, "--address", server.address];

beforeAll(async () => {
  server = await openCanned();
});

afterAll(() => server.close());

describe("inferd generate", () => {
  it("prints the text alone to standard output, with one line break at its end", async () => {
    const { code, out, err } = await inferd(at("generate", "go on"));
    expect({ code, out, err }).toEqual({ code: 0, out: "once, twice\n", err: "" });
  });

  it("prints each event as a line of the contract's JSON with --json", async () => {
    const { out } = await inferd(at("generate", "go on", "--json"));
    const events = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect(events).toMatchObject([
      { started: { seed: "7" } },
      { piece: { text: "once, " } },
      { piece: { text: "twice" } },
      { finish: { reason: "FINISH_REASON_LENGTH", timings: { decode: "0.500s" } } },
    ]);
  });

  it("sends what the flags say and nothing else", async () => {
    await inferd(
      at(
        ...["generate", "p", "--model", "m", "--temperature", "0", "--max-tokens", "5"],
        ...["--stop", "a", "--stop", "b", "--logit-bias", "7=-1.5", "--truncation", "start"],
        ...["-H", "x-request: one: two"],
      ),
    );
    expect(server.generateRequests.at(-1)).toEqual({
      model: "m",
      input: { $case: "prompt", value: "p" },
      sampling: { temperature: 0, maxTokens: 5, logitBias: { 7: -1.5 }, stop: ["a", "b"] },
      includePrompt: false,
      returnTokenIds: false,
      truncation: Truncation.START,
    });
    expect(server.metadata.at(-1)?.get("x-request")).toEqual(["one: two"]);
  });

  it.each([
    [["--json-object"], { $case: "jsonObject", value: {} }],
    [["--regex", "[a-z]+"], { $case: "regex", value: "[a-z]+" }],
    [["--choice", "a", "--choice", "b"], { $case: "choices", value: { texts: ["a", "b"] } }],
    [
      ["--schema", "package.json"],
      { $case: "jsonSchema", value: readFileSync("package.json", "utf8") },
    ],
    [
      ["--lark", "LICENSE"],
      {
        $case: "grammar",
        value: { syntax: GrammarSyntax.LARK, text: readFileSync("LICENSE", "utf8") },
      },
    ],
    [
      ["--gbnf", "LICENSE"],
      {
        $case: "grammar",
        value: { syntax: GrammarSyntax.GBNF, text: readFileSync("LICENSE", "utf8") },
      },
    ],
  ])("sends the constraint of %j", async (flags, kind) => {
    await inferd(at("generate", "p", ...flags));
    expect(server.generateRequests.at(-1)?.constraint).toEqual({ kind, closeAtLength: false });
  });

  it("asks for a constraint to be closed at its length", async () => {
    await inferd(at("generate", "p", "--json-object", "--close-at-length"));
    const kind = { $case: "jsonObject", value: {} };
    expect(server.generateRequests.at(-1)?.constraint).toEqual({ kind, closeAtLength: true });
  });

  it.each([
    [["--schema", "none.json"], "--schema cannot be read (ENOENT)"],
    [["--regex", "a", "--choice", "b"], "give one of --json-object, --schema"],
    [["--close-at-length"], "--close-at-length needs a constraint"],
  ])("refuses %j", async (flags, says) => {
    const { code, err } = await inferd(at("generate", "p", ...flags));
    expect([code, err]).toEqual([2, expect.stringContaining(says)]);
  });

  it("makes a conversation of a system text", async () => {
    await inferd(at("generate", "--system", "be brief", "hello"));
    const messages = [
      { role: Role.SYSTEM, content: "be brief" },
      { role: Role.USER, content: "hello" },
    ];
    const value = Chat.fromPartial({ messages });
    expect(server.generateRequests.at(-1)?.input).toEqual({ $case: "chat", value });
  });

  it.each([[], ["-"]])("reads the prompt from standard input, given %j", async (...args) => {
    await inferd(at("generate", ...args), { input: "two\nlines\n" });
    expect(server.generateRequests.at(-1)?.input?.value).toBe("two\nlines");
  });

  it("says code, reason, each wrong field and when to try again", async () => {
    const { code, out, err } = await inferd(at("generate", "refuse"));
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toBe(
      [
        "inferd: INVALID_ARGUMENT (FIELD_INVALID): 2 fields are wrong; try again in 1.5 s",
        "  sampling.temperature: must be from 0 to 2, not 3",
        "  sampling.stop[0]: must not be empty\n",
      ].join("\n"),
    );
  });

  it.each([
    ["refuse one", "must not be empty"],
    ["refuse at length", "must not be this long"],
  ])("says once what is wrong with the only wrong field: %s", async (prompt, wrong) => {
    const { err } = await inferd(at("generate", prompt));
    expect(err).toBe(
      `inferd: INVALID_ARGUMENT (FIELD_INVALID): sampling.stop[0] ${wrong}; try again in 1.5 s\n`,
    );
  });

  it("keeps what came before a failure, and fails", async () => {
    const { code, out, err } = await inferd(at("generate", "break"));
    expect({ code, out }).toEqual({ code: 1, out: "once, \n" });
    expect(err).toBe("inferd: UNAVAILABLE: worker exited\n");
  });

  it("ends at its timeout", async () => {
    const { code, err } = await inferd(at("generate", "hang", "--timeout", "1.5"));
    expect(code).toBe(1);
    expect(err).toContain("DEADLINE_EXCEEDED");
  });

  it("cancels the call at Ctrl-C, says nothing, and exits 130", async () => {
    const own = await openCanned();
    const running = start(["generate", "hang", "--address", own.address]);
    await running.printed("once, ");
    running.child.kill("SIGINT");
    await own.cancelled;
    expect(await running.ended).toEqual({ code: 130, out: "once, \n", err: "" });
    own.close();
  });

  it("ends quietly when nobody reads its output any more", async () => {
    const running = start(at("generate", "flood"));
    await running.printed("again");
    running.child.stdout.destroy();
    await once(running.child, "exit");
    expect(await running.ended).toMatchObject({ code: 0, err: "" });
  });

  it("names the address where no server answers", async () => {
    const gone = await openCanned();
    gone.close();
    const { code, err } = await inferd(["generate", "p", "--address", gone.address]);
    expect(code).toBe(1);
    expect(err).toMatch(
      /^inferd: no server answers at 127\.0\.0\.1:\d+; start one with "inferd serve".*\n$/,
    );
  });
});

describe("a proxy in the environment", () => {
  // A name in no_proxy here must not decide; nothing listens on port 9.
  const env = { http_proxy: "http://user:word@127.0.0.1:9", no_proxy: "", no_grpc_proxy: "" };

  it.each(["https_proxy", "http_proxy", "grpc_proxy"])(
    "is not asked for loopback, whichever variable names it: %s",
    async (name) => {
      const set = { ...env, [name]: env.http_proxy };
      expect(await inferd(at("generate", "go on"), { env: set })).toMatchObject({
        code: 0,
        err: "",
      });
    },
  );

  it("is named where a connection through it fails, without its password", async () => {
    const { code, err } = await inferd(["generate", "x", "--address", "192.0.2.1:50051"], { env });
    expect(code).toBe(1);
    expect(err).toBe(
      "inferd: no server answers at 192.0.2.1:50051 through the proxy 127.0.0.1:9, which http_proxy names; add the host to no_proxy to connect without it\n",
    );
  });
});

describe("inferd embed", () => {
  it("prints one vector a line, as short as float32 allows", async () => {
    const { code, out, err } = await inferd(at("embed", "a", "bc"));
    expect({ code, out, err }).toEqual({ code: 0, out: "[0.1,-0.25,1]\n[0.1,-0.25,2]\n", err: "" });
  });

  it("takes a text from each line of standard input, in calls that a server accepts", async () => {
    const lines = Array.from({ length: 700 }, (_, index) => "x".repeat(index + 1));
    const { out } = await inferd(at("embed", "--json"), { input: `${lines.join("\n")}\n` });
    const embeddings = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect(embeddings).toHaveLength(700);
    expect(embeddings[0]).toMatchObject({ index: 0 });
    expect(embeddings.at(-1)).toEqual({
      index: 699,
      float32: { values: [0.1, -0.25, 700] },
      tokenCount: 3,
    });
    expect(server.embedRequests.slice(-2).map(({ inputs }) => inputs.length)).toEqual([512, 188]);
  });

  it("keeps its lines in step and fails where a text has no vector", async () => {
    const { code, out, err } = await inferd(at("embed", "a", "long", "b"));
    expect(out).toBe("[0.1,-0.25,1]\nnull\n[0.1,-0.25,1]\n");
    expect({ code, err }).toEqual({
      code: 1,
      err: "inferd: text 1: INPUT_TOO_LONG: too many tokens\n",
    });
  });

  it("sends what the flags say", async () => {
    await inferd(at("embed", "a", "--no-normalize", "--dimensions", "2"));
    expect(server.embedRequests.at(-1)).toMatchObject({ normalize: false, dimensions: 2 });
    await inferd(at("embed", "a"));
    // The model decides.
    const none = { normalize: undefined, dimensions: undefined, promptName: undefined };
    expect(server.embedRequests.at(-1)).toMatchObject(none);
    await inferd(at("embed", "a", "--normalize", "--prompt-name", "query"));
    expect(server.embedRequests.at(-1)).toMatchObject({ normalize: true, promptName: "query" });
    await inferd(at("embed", "a", "--prompt-name", ""));
    expect(server.embedRequests.at(-1)).toMatchObject({ promptName: "" });
  });

  it("sends token ids where it is told that the texts are such", async () => {
    const sent = [[101, 7592, 102], [1, 2], [3]].map((ids) => ({ ids }));
    const { code } = await inferd(at("embed", "--token-ids", "101 7592 102", "[1, 2]", "3"));
    expect(code).toBe(0);
    expect(server.embedRequests.at(-1)).toMatchObject({ inputs: [], tokenInputs: sent });
    const { code: wrong, err } = await inferd(at("embed", "--token-ids", "5", "a cat"));
    expect({ wrong, err }).toEqual({
      wrong: 2,
      err: expect.stringContaining("text 1: must be token ids, such as 101 7592 102") as string,
    });
  });
});

describe("inferd tokenize", () => {
  it("prints a token a line, or what the flags say", async () => {
    expect((await inferd(at("tokenize", "a"))).out).toBe("1\t<s>\n97\ta\n");
    expect((await inferd(at("tokenize", "a", "--ids"))).out).toBe("1 97\n");
    expect((await inferd(at("tokenize", "a", "--count"))).out).toBe("2\n");
    const { out } = await inferd(at("tokenize", "a", "--json"));
    expect(JSON.parse(out)).toMatchObject({ count: 2, tokenIds: [1, 97], pieces: [{}, {}] });
  });

  it("sends what the flags say", async () => {
    await inferd(at("tokenize", "a", "--no-special", "--parse-special", "--model", "m"));
    const rest = { countOnly: false, withPieces: true };
    expect(server.tokenizeRequests.at(-1)).toEqual({
      ...{ model: "m", input: { $case: "text", value: "a" } },
      ...{ addSpecial: false, parseSpecial: true, ...rest },
    });
    await inferd(at("tokenize", "--chat", "--count"), { input: "b\n" });
    const messages = [{ role: Role.USER, content: "b" }];
    expect(server.tokenizeRequests.at(-1)).toEqual({
      ...{ model: "", input: { $case: "chat", value: Chat.fromPartial({ messages }) } },
      ...{ addSpecial: undefined, parseSpecial: false, countOnly: true, withPieces: false },
    });
  });

  it("refuses flags that exclude each other", async () => {
    const { code, err } = await inferd(at("tokenize", "a", "--count", "--ids"));
    expect({ code, err }).toEqual({
      code: 2,
      err: "inferd: --count and --ids cannot be used together\n",
    });
  });
});

describe("inferd detokenize", () => {
  it.each([
    ["arguments", ["1", "97"], undefined],
    ["lines", [], "1\n97\n"],
    ["JSON", ["-"], "[1, 97]"],
  ])("takes ids as %s", async (_, args, input) => {
    const { out } = await inferd(at("detokenize", ...args), input === undefined ? {} : { input });
    expect(out).toBe("a\n");
    expect(server.detokenizeRequests.at(-1)).toMatchObject({ tokenIds: [1, 97] });
  });

  it("says what is no id", async () => {
    const { code, err } = await inferd(at("detokenize", "1", "-7x"));
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining("-7x") as unknown });
  });
});
