/** What an embedding call asks of a model: checked against it, and as a job. */
import { type EmbedRequest, VectorEncoding } from "../../gen/inferd/v1/embedding_service.ts";
import type { Report } from "../contract/validation/report.ts";
import type { EmbedInput, EmbedJob, EmbeddingInfo, VectorFormat } from "../engines/engine.ts";
import type { ModelStatus } from "../models/model.ts";
import type { VectorAnswer } from "./answer-size.ts";
import { truncationOf } from "./messages.ts";
import { checkKind } from "./embedding-kinds.ts";
import { checkTokenInputs } from "./token-inputs.ts";

/** Checks what only the model knows. */
export function checkAgainst(request: EmbedRequest, { info }: ModelStatus, report: Report): void {
  const embed = info?.tasks.embed;
  if (info === undefined || embed === undefined) return;
  checkDimensions(request, embed, report);
  checkKind(request, embed, report);
  checkPrompt(request, embed, report);
  checkTokenInputs(request.tokenInputs, info, report);
}

function checkDimensions(request: EmbedRequest, info: EmbeddingInfo, report: Report): void {
  const { dimensions, tokenVectors } = request;
  const most = (tokenVectors ? info.tokenDimensions : info.dimensions) ?? 0;
  if (dimensions !== undefined && most > 0 && dimensions > most) {
    report.add("dimensions", "OUT_OF_RANGE", `must be at most ${most} for this model`);
  }
}

function checkPrompt({ promptName = "" }: EmbedRequest, info: EmbeddingInfo, report: Report): void {
  const names = info.prompts?.map(({ name }) => name) ?? [];
  if (promptName === "" || names.includes(promptName)) return;
  const known = names.length === 0 ? "it has none" : `it has ${names.join(", ")}`;
  report.add("prompt_name", "UNKNOWN_VALUE", `must name a prompt of this model: ${known}`);
}

/** The field that a call's texts are in. */
export const inputField = ({ tokenInputs }: EmbedRequest): "inputs" | "token_inputs" =>
  tokenInputs.length === 0 ? "inputs" : "token_inputs";

export function inputsOf({ inputs, tokenInputs }: EmbedRequest): readonly EmbedInput[] {
  return tokenInputs.length === 0 ? inputs : tokenInputs.map(({ ids }) => Uint32Array.from(ids));
}

/** How large an answer with all vectors is; undefined where that depends on the texts. */
export function answerOf(request: EmbedRequest, job: EmbedJob, { info }: ModelStatus) {
  if (request.tokenVectors || info?.tasks.embed?.sparse === true) return undefined;
  const { dimensions = info?.tasks.embed?.dimensions ?? 0, encoding } = job.output;
  const count = job.items.length;
  return { field: inputField(request), count, dimensions, encoding } satisfies VectorAnswer;
}

export function jobOf(request: EmbedRequest, model: ModelStatus): EmbedJob {
  const { truncation } = request;
  // Nothing stands before ids, whatever the model's default.
  const promptName = request.tokenInputs.length === 0 ? request.promptName : "";
  return {
    kind: "items",
    task: "embed",
    items: inputsOf(request),
    truncate: truncationOf(truncation),
    ...(promptName !== undefined && { promptName }),
    ...(request.tokenVectors && { tokenVectors: true }),
    output: formatOf(request, model),
  };
}

function formatOf(request: EmbedRequest, { info }: ModelStatus): VectorFormat {
  const { dimensions, encoding, tokenVectors } = request;
  const embed: Partial<EmbeddingInfo> = info?.tasks.embed ?? {};
  const { normalize = !tokenVectors && (embed.normalize ?? true) } = request;
  const { maxActiveDims = embed.maxActiveDims } = request;
  const active = maxActiveDims === undefined ? {} : { maxActiveDims };
  return { normalize, dimensions, ...active, encoding: encodingOf(encoding) };
}

function encodingOf(encoding: VectorEncoding): VectorFormat["encoding"] {
  switch (encoding) {
    case VectorEncoding.FLOAT16:
      return "float16";
    case VectorEncoding.INT8:
      return "int8";
    case VectorEncoding.BINARY:
      return "binary";
    case VectorEncoding.UNSPECIFIED:
    case VectorEncoding.FLOAT32:
      return "float32";
  }
}
