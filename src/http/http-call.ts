/** One request over HTTP as a call of a handler: it runs, and its answer is JSON or a stream of events. */
import type { ServerResponse } from "node:http";
import type { ServeError } from "../base/errors.ts";
import type { Handler } from "../calls/call.ts";
import type { OpenCall } from "../calls/open-calls.ts";
import { only, pump, run } from "../calls/run.ts";
import { StreamWriter } from "../calls/stream-writer.ts";
import { httpError, type ParamOf } from "./errors.ts";
import { EventStream } from "./event-stream.ts";

export interface HttpCallOptions {
  readonly open: OpenCall;
  readonly response: ServerResponse;
  readonly paramOf: ParamOf;
  /** How long a stream's caller may go without reading. */
  readonly stallMs: number;
}

/** Turns a handler's responses into the data of events. */
export interface EventsOf<O> {
  /** May be none. */
  readonly next: (response: O) => readonly string[];
  readonly last: () => readonly string[];
}

export class HttpCall {
  readonly #options: HttpCallOptions;

  constructor(options: HttpCallOptions) {
    this.#options = options;
  }

  /** Answers with what the handler's one response becomes. */
  unary<I, O>(handler: Handler<I, O>, request: I, bodyOf: (response: O) => unknown): void {
    const { open, response } = this.#options;
    run(open, async () => JSON.stringify(bodyOf(await only(handler(request, open.context)))), {
      finish: (text) => sendJson(response, 200, text),
      fail: (error) => this.#fail(error),
    });
  }

  /** Answers with events as the handler gives responses, and as the caller reads. */
  stream<I, O>(handler: Handler<I, O>, request: I, { next, last }: EventsOf<O>): void {
    const { open, response, stallMs, paramOf } = this.#options;
    const events = new EventStream(response);
    const writer = new StreamWriter<O>(
      {
        write: (one, gone) => events.write(next(one), gone),
        on: (event, listener) => events.on(event, listener),
        off: (event, listener) => events.off(event, listener),
      },
      open.context,
      stallMs,
    );
    run(open, async () => pump(handler(request, open.context), writer, open), {
      finish: () => events.end(last()),
      fail: (error) => {
        if (events.hasBegun) events.end([JSON.stringify(httpError(error, paramOf).body)]);
        else this.#fail(error);
      },
    });
  }

  /** Answers with a text that is the same for all. */
  text(contentType: string, text: string): void {
    const { open, response } = this.#options;
    run(open, () => Promise.resolve(text), {
      finish: () => send(response, 200, { contentType, text }),
      fail: (error) => this.#fail(error),
    });
  }

  /** Answers with an error. */
  refuse(error: ServeError): void {
    run(this.#options.open, () => Promise.reject(error), {
      finish: () => undefined,
      fail: () => this.#fail(error),
    });
  }

  #fail(error: ServeError): void {
    sendError(this.#options.response, error, this.#options.paramOf);
  }
}

export function sendError(response: ServerResponse, error: ServeError, paramOf?: ParamOf): void {
  const { status, headers, body } = httpError(error, paramOf);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  sendJson(response, status, JSON.stringify(body));
}

const json = "application/json; charset=utf-8";

function sendJson(response: ServerResponse, status: number, text: string): void {
  send(response, status, { contentType: json, text });
}

interface Content {
  readonly contentType: string;
  readonly text: string;
}

function send(response: ServerResponse, status: number, { contentType, text }: Content): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    "content-type": contentType,
    "content-length": Buffer.byteLength(text),
    // A browser shows nothing of what it is sent as a page of another kind, and lets it load nothing.
    "x-content-type-options": "nosniff",
    "content-security-policy":
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  });
  response.end(text);
}
