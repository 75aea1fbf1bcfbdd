/**
 * Each call's id, from its headers on: its caller's own, or a new one. It is written into the headers, where
 * the call's handler finds it.
 */
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { Attached } from "../base/attached.ts";

export const requestIdHeader = "x-request-id";

/** An id is quoted in lines and in every error, so it must be short, and one word. */
const sound = /^[\x21-\x7e]{1,128}$/;

export class RequestIds {
  readonly #ids = new Attached<ServerHttp2Stream, string>("request id");
  readonly #newId: () => string;

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  /** Takes a caller's id where it is sound, else a new one. */
  read(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): string {
    const id = requestIdOf(headers[requestIdHeader], this.#newId);
    headers[requestIdHeader] = id;
    this.#ids.set(stream, id);
    return id;
  }

  /** Empty for a stream that was not read. */
  of(stream: ServerHttp2Stream): string {
    return this.#ids.get(stream) ?? "";
  }
}

/** A caller's id where it is sound, else a new one. */
export function requestIdOf(given: unknown, newId: () => string): string {
  return typeof given === "string" && sound.test(given) ? given : newId();
}
