import { ServeError } from "../base/errors.ts";
import type { Answer, Engine, Question } from "../engines/engine.ts";
import { type Check, isCount, isString } from "./checks.ts";
import { describe } from "./describe.ts";
import { checkedError } from "./engine-checks.ts";
import type { FromWorker, ToWorker } from "./messages.ts";

type Ask = Extract<ToWorker, { readonly kind: "ask" }>;

const isIds: Check = (value) => value instanceof Uint32Array;

/** What an answer to each kind of question is. */
const checks: Readonly<Record<Question["kind"], Check>> = {
  tokenize: isIds,
  detokenize: isString,
  applyTemplate: isString,
  countTokens: isCount,
};

const isAnswer = (answer: unknown, { kind }: Question): answer is Answer => checks[kind](answer);

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

function unanswered({ kind }: Question): ServeError {
  return new ServeError("WRONG_TASK", `the model's engine does not answer ${kind}`, {
    facts: { question: kind },
  });
}
