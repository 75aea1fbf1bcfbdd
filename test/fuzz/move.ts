/**
 * What a hostile client sends below gRPC, one move at a time. Each says what must become of its
 * connection: RFC 9113 ends it, or leaves it, or lets a server choose.
 */
import { type Frame, http2Frame } from "../grpc/frames.ts";
import type { Random } from "./random.ts";

export interface Move {
  readonly name: string;
  /** `closes`: a connection error. `lives`: at most a stream's. `any`: whichever the server takes it for. */
  readonly fate: "closes" | "lives" | "any";
  /** What is sent; `stream` is the id of a stream that nobody has used. */
  readonly make: (random: Random, stream: number) => readonly Buffer[];
}

/** Frames that are whole, as they go over the wire. */
export const frames = (...each: readonly Frame[]): readonly Buffer[] => each.map(http2Frame);
/** The same, many of them. */
export const many = (count: number, make: (index: number) => Frame): readonly Buffer[] =>
  Array.from({ length: count }, (_, index) => http2Frame(make(index)));
