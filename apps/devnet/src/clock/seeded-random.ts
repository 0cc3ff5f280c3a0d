import { createHash } from "node:crypto";

/**
 * Every random choice of devnet: the same seed and the same course of events give the same choices.
 * Not for keys that matter: the seed is shown by GET /state.
 */
export class SeededRandom {
  #counter = 0;

  constructor(private readonly seed: string) {}

  bytes(): Buffer {
    this.#counter += 1;
    return createHash("sha256").update(`${this.seed}/${this.#counter}`).digest();
  }

  /** In [0, 1). */
  fraction(): number {
    return this.bytes().readUIntBE(0, 6) / 2 ** 48;
  }

  /** A fresh array in random order. */
  shuffle<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, rank: this.fraction() }))
      .toSorted((left, right) => left.rank - right.rank)
      .map(({ item }) => item);
  }

  id(): string {
    return this.bytes().toString("hex").slice(0, 32);
  }
}
