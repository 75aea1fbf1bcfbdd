/** What a call may ask of vectors that are sparse, and of those of tokens: checked against the model. */
import { type EmbedRequest, VectorEncoding } from "../../gen/inferd/v1/embedding_service.ts";
import type { Report } from "../contract/validation/report.ts";
import type { EmbeddingInfo } from "../engines/engine.ts";

export function checkKind(request: EmbedRequest, info: EmbeddingInfo, report: Report): void {
  const isSparse = info.sparse === true;
  if (request.tokenVectors) checkTokens(request, info, report);
  else if (isSparse) checkSparse(request, report);
  if (request.maxActiveDims !== undefined && !isSparse) {
    report.add("max_active_dims", "UNSUPPORTED", "this model's vectors are not sparse");
  }
}

const { UNSPECIFIED, FLOAT32, FLOAT16 } = VectorEncoding;

function checkSparse({ dimensions, encoding }: EmbedRequest, report: Report): void {
  if (dimensions !== undefined) {
    const description = "this model's vectors are sparse; use max_active_dims";
    report.add("dimensions", "UNSUPPORTED", description);
  }
  if (encoding !== UNSPECIFIED && encoding !== FLOAT32) {
    report.add("encoding", "UNSUPPORTED", "must be float32: this model's vectors are sparse");
  }
}

function checkTokens({ encoding }: EmbedRequest, info: EmbeddingInfo, report: Report): void {
  if (info.tokenDimensions === undefined) {
    report.add("token_vectors", "UNSUPPORTED", "this model gives no vectors of tokens");
  }
  if (encoding !== UNSPECIFIED && encoding !== FLOAT32 && encoding !== FLOAT16) {
    report.add("encoding", "UNSUPPORTED", "must be float32 or float16 with token_vectors");
  }
}
