/** The cosine of two vectors of one length; 0 where one has no direction, as sentence-transformers has it. */
export function cosine(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (const [i, x] of a.entries()) {
    const y = b[i] ?? 0;
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return dot / Math.max(1e-12, Math.sqrt(aa) * Math.sqrt(bb));
}
