/** Reads a request's body as JSON, within bounds. */
import type { IncomingMessage } from "node:http";
import { ServeError } from "../base/errors.ts";

/** Rejects with the ServeError that the call ends with. The time that it may take is bounded elsewhere. */
export async function readJson(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  assertJson(request.headers["content-type"]);
  const tooLarge = (): ServeError =>
    new ServeError("MESSAGE_TOO_LARGE", `the body has more than ${maxBytes} bytes`);
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  // The answer still has to go out on its connection.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  try {
    return JSON.parse(utf8.decode(Buffer.concat(chunks))) as unknown;
  } catch {
    throw new ServeError("MESSAGE_MALFORMED", "the body is not JSON in UTF-8");
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** A browser sends other types without asking first, so a page of another site could call. */
function assertJson(type = ""): void {
  if (/^application\/json\s*(;|$)/i.test(type)) return;
  throw new ServeError("CONTENT_TYPE_UNKNOWN", "the content type must be application/json");
}
