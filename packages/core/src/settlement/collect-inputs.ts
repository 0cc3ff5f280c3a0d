import { moveIdOf, type Settlement, settlementLockOf } from "./settlement";
import {
  SETTLEMENT_MOVED,
  type SettlementDeps,
  type SettlementProgress,
  type SettlementTurn,
  waitFor,
} from "./settlement-deps";

const LOOK_PAUSE_MS = 2_000;

/** Waits until every move has ended; one that was given up leaves its VTXOs to the next settlement. */
export async function collectInputs(
  deps: SettlementDeps,
  settlement: Settlement,
  turn: SettlementTurn,
): Promise<SettlementProgress> {
  for (let move = 1; move <= settlement.moves; move++) {
    const payout = await deps.payouts.find("move", moveIdOf(settlement, move));
    if (payout !== undefined && payout.status !== "final" && payout.status !== "cancelled") {
      return waitFor(deps, LOOK_PAUSE_MS, "VTXOs are on their way to the treasury's script");
    }
  }
  return deps.transactions.run(async (tx) => {
    await turn.guard(tx);
    const held = await deps.vtxos.listLocked(tx, settlementLockOf(settlement));
    if (held.length > 0) {
      await deps.settlements.move(tx, settlement, { status: "registering" });
      return SETTLEMENT_MOVED;
    }
    const error = "No VTXO arrived at the treasury's script";
    await deps.settlements.move(tx, settlement, { status: "failed", error });
    return { kind: "done", why: error, batchId: settlement.batchId };
  });
}
