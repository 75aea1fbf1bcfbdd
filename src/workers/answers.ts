import { ServeError } from "../base/errors.ts";
import type { Answer, AnswerTo, Engine, Question } from "../engines/engine.ts";
import { type Check, has, isCount, isString, optional } from "./checks.ts";
import { describe } from "./describe.ts";
import { checkedError } from "./engine-checks.ts";
import type { FromWorker, ToWorker } from "./messages.ts";

type Ask = Extract<ToWorker, { readonly kind: "ask" }>;

const isTrue: Check = (value) => value === true;
const isNumbers: Check = (value) => value instanceof Uint32Array;
const isBytes: Check = (value) => value instanceof Uint8Array;

const tokenized = {
  ids: isNumbers,
  pieces: optional(
    has({ bytes: isBytes, ends: isNumbers, special: isBytes, places: optional(isNumbers) }),
  ),
};

/** What an answer to each kind of question is. */
const checks: Readonly<Record<Question["kind"], Check>> = {
  tokenize: has(tokenized),
  tokenizeChat: has({ ...tokenized, text: isString }),
  detokenize: isString,
  applyTemplate: isString,
  countTokens: isCount,
  prepareConstraint: isTrue,
  prepareTools: isTrue,
};

const isAnswer = (answer: unknown, question: Question): answer is Answer =>
  checks[question.kind](answer) && hasPieces(answer as Answer, question);

/** Whether there is a piece for each token, where pieces are asked for. */
function hasPieces(answer: Answer, question: Question): boolean {
  if (question.kind !== "tokenize" && question.kind !== "tokenizeChat") return true;
  const { ids, pieces } = answer as AnswerTo<typeof question>;
  if (pieces === undefined) return !question.withPieces;
  const { ends, special, places } = pieces;
  const isWhole = [ends, special].every(({ length }) => length === ids.length);
  return isWhole && (places === undefined || places.length === 2 * ids.length);
}

/** Owns the questions that an engine has not been asked yet, and sends its answers. */
export class Answers {
  readonly #engine: Pick<Engine, "answer">;
  readonly #send: (message: FromWorker) => void;
  #waiting: readonly Ask[] = [];

  constructor(engine: Pick<Engine, "answer">, send: (message: FromWorker) => void) {
    this.#engine = engine;
    this.#send = send;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(ask: Ask): void {
    this.#waiting = [...this.#waiting, ask];
  }

  /** Drops a question, and says so; the answer to one that the engine has been asked goes out all the same. */
  forget(id: number): void {
    const left = this.#waiting.filter((ask) => ask.id !== id);
    if (left.length === this.#waiting.length) return;
    this.#waiting = left;
    this.#send({ kind: "unanswered", id, error: ServeError.of("CALLER_GONE").toData() });
  }

  /** Asks the oldest question, if there is one. A promise of the engine is not waited for. */
  askNext(): void {
    const [next, ...rest] = this.#waiting;
    this.#waiting = rest;
    if (next !== undefined) void this.#ask(next);
  }

  async #ask({ id, question }: Ask): Promise<void> {
    try {
      const answer: unknown = await this.#engine.answer?.(question);
      if (answer === undefined) throw unanswered(question);
      if (!isAnswer(answer, question)) {
        throw new Error(`the engine gave a malformed answer of kind ${question.kind}`);
      }
      this.#send({ kind: "answer", id, answer });
    } catch (thrown) {
      const error = ServeError.from(thrown);
      if (error.reason === "INTERNAL") {
        const message = `the engine failed a question: ${describe(error.cause ?? error)}`;
        this.#send({ kind: "log", level: "error", message });
      }
      this.#send({ kind: "unanswered", id, error: checkedError(error.toData()) });
    }
  }
}

const wordsOf: Readonly<Record<Question["kind"], string>> = {
  tokenize: "tokenize a text: it has no tokenizer that calls can use",
  tokenizeChat: "tokenize a chat: it has no tokenizer and no chat template that calls can use",
  detokenize: "make text of tokens: it has no tokenizer that calls can use",
  applyTemplate: "lay out a chat: it has no chat template that calls can use",
  countTokens: "count tokens: it has no tokenizer that calls can use",
  prepareConstraint: "hold a completion to a constraint",
  prepareTools: "hold a completion to the calls of tools",
};

function unanswered({ kind }: Question): ServeError {
  return new ServeError("WRONG_TASK", `the model's engine cannot ${wordsOf[kind]}`, {
    facts: { question: kind },
  });
}
