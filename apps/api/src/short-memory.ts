/** Remembers an answer for a while; calls that come while it is being read share the one reading. A failure is not remembered. */
export function createShortMemory<T>(nowMs: () => number, ageMsMax: number, read: () => Promise<T>): () => Promise<T> {
  let known: { readonly value: Promise<T>; readonly at: number } | undefined;
  return () => {
    if (known !== undefined && nowMs() - known.at < ageMsMax) return known.value;
    const reading = { value: read(), at: nowMs() };
    known = reading;
    reading.value.catch(() => {
      if (known === reading) known = undefined;
    });
    return reading.value;
  };
}
