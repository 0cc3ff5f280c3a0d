import type { LightningChange } from "../ports/lightning-stores";
import type { Tx } from "../ports/transactions";
import { lockHeld } from "./lift-step";
import type { LightningDeps } from "./lightning-deps";
import type { LightningOperation } from "./lightning-operation";

/** A land in the hands of one attempt of a worker. */
export interface HeldLand {
  readonly operation: LightningOperation;
  /** Token of the worker's attempt: every write carries it. */
  readonly fence: string;
  readonly signal: AbortSignal | undefined;
}

/** One transaction that begins with proving that the worker's attempt still has the row; `work` gets the row as it is now. */
export function inTransaction<T>(
  deps: LightningDeps,
  land: HeldLand,
  work: (tx: Tx, operation: LightningOperation, move: MoveLand) => Promise<T>,
): Promise<T> {
  return deps.transactions.run(async (tx) => {
    const operation = await lockHeld(deps, tx, land);
    return work(tx, operation, (change) => deps.operations.move(tx, operation, change, land.fence));
  });
}

export type MoveLand = (change: LightningChange) => Promise<LightningOperation>;

/** What the AppError of a land that was not paid says, by how lnd put it. */
export const FAILURE_REASONS = {
  none: "error",
  timeout: "timeout",
  no_route: "no_route",
  error: "error",
  incorrect_payment_details: "incorrect_details",
  insufficient_balance: "insufficient_balance",
  canceled: "error",
} as const;
