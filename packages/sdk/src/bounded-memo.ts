/** Remembers what pure functions computed; when full it forgets the oldest entry. Keep nothing in it that could be changed. */
export class BoundedMemo<V extends string> {
  readonly #entries = new Map<string, V>();
  readonly #sizeMax: number;

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  getOrCompute(key: string, compute: () => V): V {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const value = compute();
    const [oldest] = this.#entries.keys();
    if (this.#entries.size >= this.#sizeMax && oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(key, value);
    return value;
  }
}
