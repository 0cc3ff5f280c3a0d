/**
 * Remembers the results of a pure, costly function: taproot arithmetic takes milliseconds in JavaScript, and a transfer needs
 * the same few scripts several times. When full it forgets the oldest entry. Callers treat what they get as read-only.
 */
export class BoundedMemo<V> {
  readonly #entries = new Map<string, V>();

  constructor(private readonly sizeMax: number) {}

  getOrCompute(key: string, compute: () => V): V {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const value = compute();
    const [oldest] = this.#entries.keys();
    if (this.#entries.size >= this.sizeMax && oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(key, value);
    return value;
  }
}
