interface Call {
  readonly id: string;
  isAnswered: boolean;
}

/** Follows the tool calls of a conversation, to tell which one a result is of. */
export class OpenCalls {
  readonly #byId = new Map<string, Call>();
  /** Those since the last result, in order. */
  #last: Call[] = [];
  #isAnswering = false;

  /** Notes a call, in the order of the conversation. False where another has its id. */
  add(id: string): boolean {
    if (this.#isAnswering) this.#last = [];
    this.#isAnswering = false;
    const call: Call = { id, isAnswered: false };
    this.#last.push(call);
    if (id === "") return true;
    if (this.#byId.has(id)) return false;
    this.#byId.set(id, call);
    return true;
  }

  /** The id, which may be empty, of the call that a result answers: without one, the next that waits. */
  answer(id: string): string | undefined {
    this.#isAnswering = true;
    const call = id === "" ? this.#last.find(({ isAnswered }) => !isAnswered) : this.#byId.get(id);
    if (call === undefined) return undefined;
    call.isAnswered = true;
    return call.id;
  }
}
