import { ServeError } from "../base/errors.ts";

/**
 * Longer texts are refused, since what computes on the engine's own thread holds up steps. Measured: 230 ms for so
 * much text in llama, where a step that reads prompts aims at 400.
 */
export const mostQuestionBytes = 262_144;

/** Throws for a question whose texts are longer together than an engine answers between two steps. */
export function assertAnswerable(...texts: readonly string[]): void {
  assertBytes(texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0));
}

/** The same, of what is no text. */
export function assertBytes(bytes: number): void {
  if (bytes <= mostQuestionBytes) return;
  const message = `the question has ${bytes} bytes, and at most ${mostQuestionBytes} are answered: divide it`;
  throw new ServeError("INPUT_TOO_LONG", message, {
    facts: { bytes: String(bytes), limit: String(mostQuestionBytes) },
  });
}
