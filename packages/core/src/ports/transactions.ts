declare const txBrand: unique symbol;

/** An open database transaction. Opaque here: only packages/db makes and reads it. */
export interface Tx {
  readonly [txBrand]: never;
}

export interface Transactions {
  /**
   * Runs `work` in one READ COMMITTED transaction and commits it. The whole of `work` is run again on a deadlock (at most
   * 3 times), so it must have no effect outside the transaction.
   */
  run<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Runs `work` under a savepoint: when it throws, its writes are undone and the error goes on, the transaction stays usable. */
  savepoint<T>(tx: Tx, work: () => Promise<T>): Promise<T>;
  /**
   * Runs `work` once the transaction has ended, committed or not, and its connection is free again: for what a refusal must leave
   * behind although it undoes the rest, and for what may be told only of what is committed. `run` waits for it and rejects when it
   * does. Not run for a try that is run again.
   */
  afterEnd(tx: Tx, work: (isCommitted: boolean) => Promise<void>): void;
}
