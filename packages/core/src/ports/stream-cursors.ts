import type { Tx } from "./transactions";

/** How far each stream of a daemon was taken in. A cursor commits together with the effect of what it passes. */
export interface StreamCursors {
  find(stream: string): Promise<string | undefined>;
  /** Throws `wrong_state` when a newer holder of the stream's lease has written. */
  save(tx: Tx, stream: string, cursor: string, leaseToken: number): Promise<void>;
}
