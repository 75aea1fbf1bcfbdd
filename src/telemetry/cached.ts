/**
 * Keeps what `make` gave for a while: whoever asks meanwhile gets the same, also while it is being
 * made. So a scraper in a hurry costs no more than a patient one.
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
