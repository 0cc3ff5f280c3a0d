import { type HeldLift, lockHeld } from "./lift-step";
import type { LightningDeps } from "./lightning-deps";

/** What an operator reads on the desk of unknown payments. */
export const POISONED =
  "arkd accepted the payout, refuses to finalise it and shows no outputs; nothing more is sent. Settle it with arkd's operator.";

/** The payout of a lift or land hangs at arkd for good: it is written down for an operator, once. It is taken back when it is final. */
export async function notePoisoned(
  deps: Pick<LightningDeps, "clock" | "operations" | "transactions">,
  held: HeldLift,
): Promise<void> {
  if (held.operation.unknownSince !== undefined) return;
  await deps.transactions.run(async (tx) => {
    const operation = await lockHeld(deps, tx, held);
    const unknownSince = operation.unknownSince ?? deps.clock.now();
    await deps.operations.move(tx, operation, { lastError: POISONED, unknownSince }, held.fence);
  });
}
