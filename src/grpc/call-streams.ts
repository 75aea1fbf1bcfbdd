import type { ServerHttp2Stream } from "node:http2";
import type { Metadata } from "@grpc/grpc-js";
import { Attached } from "../base/attached.ts";

/** Which stream a call came on. grpc-js gives a handler its call's metadata, and not its stream. */
export class CallStreams {
  readonly #streams = new Attached<Metadata, ServerHttp2Stream>("stream");

  /** Notes the metadata that a call's handler will have. */
  note(stream: ServerHttp2Stream, metadata: Metadata): void {
    this.#streams.set(metadata, stream);
  }

  of(metadata: Metadata): ServerHttp2Stream | undefined {
    return this.#streams.get(metadata);
  }
}
