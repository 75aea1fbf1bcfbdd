/**
 * What is done around every call, whatever its method. An interceptor sees a call begin and end, and no message: a
 * stream of a thousand pieces costs it no more than a unary call.
 */
import { ServeError } from "../base/errors.ts";
import type { CallContext, Handler } from "./call.ts";

/** Called when a call begins, before its handler. Where it throws, the handler is not called. */
export type Interceptor = (context: CallContext) => Intercepted;

interface Intercepted {
  /** What the next interceptor and the handler get. */
  readonly context: CallContext;
  /** Called once, when the handler has ended; the error is undefined where that went well. */
  readonly ended: (error: ServeError | undefined) => void;
}

/** The first interceptor in the list is the outermost: it begins first and ends last. */
export function intercept<I, O>(
  handler: Handler<I, O>,
  interceptors: readonly Interceptor[],
): Handler<I, O> {
  return (request, context) =>
    new InterceptedCall(interceptors, context, (inner) => handler(request, inner));
}

const over: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** Passes a handler's responses on. No generator: each of those would cost every response some turns of the loop. */
class InterceptedCall<O> implements AsyncIterableIterator<O, undefined> {
  readonly #interceptors: readonly Interceptor[];
  readonly #context: CallContext;
  readonly #handle: (context: CallContext) => AsyncIterable<O>;
  /** Those that have begun and not ended. */
  readonly #begun: Intercepted[] = [];
  #responses: AsyncIterator<O> | undefined;
  #isOver = false;

  constructor(
    interceptors: readonly Interceptor[],
    context: CallContext,
    handle: (context: CallContext) => AsyncIterable<O>,
  ) {
    this.#interceptors = interceptors;
    this.#context = context;
    this.#handle = handle;
  }

  async next(): Promise<IteratorResult<O, undefined>> {
    if (this.#isOver) return over;
    try {
      this.#responses ??= this.#begin();
      const result = await this.#responses.next();
      if (result.done !== true) return result;
    } catch (thrown) {
      throw this.#fail(thrown);
    }
    this.#end(undefined);
    return over;
  }

  /** The reader leaves before the end: its caller has gone, or the call was ended from outside. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    try {
      await this.#responses?.return?.();
    } catch (thrown) {
      throw this.#fail(thrown);
    }
    if (this.#begun.length > 0) this.#end(ServeError.of("CALLER_GONE"));
    this.#isOver = true;
    return over;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #begin(): AsyncIterator<O> {
    let context = this.#context;
    for (const interceptor of this.#interceptors) {
      const intercepted = interceptor(context);
      this.#begun.push(intercepted);
      context = intercepted.context;
    }
    return this.#handle(context)[Symbol.asyncIterator]();
  }

  #fail(thrown: unknown): ServeError {
    const error = ServeError.from(thrown);
    this.#end(error);
    return error;
  }

  #end(error: ServeError | undefined): void {
    this.#isOver = true;
    for (let last = this.#begun.pop(); last !== undefined; last = this.#begun.pop()) {
      last.ended(error);
    }
  }
}
