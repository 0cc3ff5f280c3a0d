import { type HeldLift, type LiftStep, lockHeld, waitMs } from "./lift-step";
import type { LightningDeps } from "./lightning-deps";

/** A row whose state at lnd makes no sense is looked at this often; only an operator can mend it. */
const ODD_POLL_MS = 10 * 60_000;

/** lnd says what cannot be: it is written down for an operator, who sees it among the unknown payments, and nothing is decided. */
export async function noteOdd(deps: LightningDeps, lift: HeldLift, lastError: string): Promise<LiftStep> {
  if (lift.operation.lastError !== lastError) {
    await deps.transactions.run(async (tx) => {
      const operation = await lockHeld(deps, tx, lift);
      const unknownSince = operation.unknownSince ?? deps.clock.now();
      await deps.operations.move(tx, operation, { lastError, unknownSince }, lift.fence);
    });
  }
  return waitMs(deps, ODD_POLL_MS);
}
