/** One call of a server, as h2load makes it by the thousand, and as it is made once to see that its answer is right. */
import { once } from "node:events";
import { connect, type IncomingHttpHeaders } from "node:http2";
import { prefixBytes } from "../../src/grpc/framing.ts";
import type { H2loadOptions } from "../lib/h2load.ts";

export interface Target extends Pick<H2loadOptions, "url" | "protocol" | "headers" | "body"> {
  /** Makes the call once: its answer's body. Throws where it fails. */
  readonly ask: () => Promise<Buffer>;
}

export function httpTarget(port: number, path: string, body: string): Target {
  const url = `http://127.0.0.1:${port}${path}`;
  const headers = { "content-type": "application/json" };
  const ask = async (): Promise<Buffer> => {
    const response = await fetch(url, { method: "POST", headers, body });
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  };
  return { url, protocol: "http/1.1", headers, body: Buffer.from(body), ask };
}

export function grpcTarget(port: number, path: string, message: Uint8Array): Target {
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(message.length, 1);
  const body = Buffer.concat([prefix, message]);
  const headers = { "content-type": "application/grpc", te: "trailers" };
  const origin = `http://127.0.0.1:${port}`;
  const ask = async (): Promise<Buffer> => {
    const session = connect(origin);
    try {
      const call = session.request({ ":method": "POST", ":path": path, ...headers });
      const trailers = once(call, "trailers") as Promise<[IncomingHttpHeaders]>;
      call.end(body);
      const chunks: Buffer[] = [];
      for await (const chunk of call) chunks.push(chunk as Buffer);
      const [{ "grpc-status": status }] = await trailers;
      if (status !== "0") throw new Error(`${path} ended with status ${String(status)}`);
      return Buffer.concat(chunks);
    } finally {
      session.destroy();
    }
  };
  return { url: `${origin}${path}`, protocol: "http/2", headers, body, ask };
}

/** The messages in an answer's body. */
export function messagesIn(body: Buffer): readonly Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const end = at + prefixBytes + body.readUInt32BE(at + 1);
    messages.push(body.subarray(at + prefixBytes, end));
    at = end;
  }
  return messages;
}
