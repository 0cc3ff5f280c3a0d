import type { Response31512 } from "../payloads.js";
import type { AnsweredChallenge } from "../wallet-verifier.js";

/** An answer together with what it answered. */
export interface AnsweredEntry {
  readonly record: AnsweredChallenge;
  readonly response: Response31512;
}

/**
 * Where a wallet keeps what it has signed. Must survive a restart of the wallet; the default store does not. An entry is
 * added before its answer is sent: what was never stored never left the wallet, and what was stored can be sent again.
 */
export interface AnsweredStore {
  list(): Promise<readonly AnsweredEntry[]>;
  add(entry: AnsweredEntry): Promise<void>;
}

/** Forgets everything with the process: for tests, and for wallets that live no longer than one payment. */
export class InMemoryAnsweredStore implements AnsweredStore {
  readonly #entries: AnsweredEntry[] = [];

  async list(): Promise<readonly AnsweredEntry[]> {
    return [...this.#entries];
  }

  async add(entry: AnsweredEntry): Promise<void> {
    this.#entries.push(entry);
  }
}
