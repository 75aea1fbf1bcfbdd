/**
 * Caches the result of `make` for a while, also while it is being made, so that frequent scrapes cost no more than rare
 * ones.
 */
export function cached<T>(
  make: () => Promise<T>,
  options: { readonly keepMs: number; readonly now: () => number },
): () => Promise<T> {
  let kept: Promise<T> | undefined;
  let madeAt = 0;
  return () => {
    const now = options.now();
    if (kept === undefined || now - madeAt >= options.keepMs) {
      madeAt = now;
      kept = make();
    }
    return kept;
  };
}
