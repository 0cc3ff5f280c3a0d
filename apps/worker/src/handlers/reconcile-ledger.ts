import type { TaskPayload } from "@arkrelay/core/jobs/catalog";
import { checkLedger, type CheckLedgerDeps } from "@arkrelay/core/ledger/check-ledger";

import type { TaskHandler } from "../task-handler";

/** The nightly check of the ledger against itself. */
export function reconcileLedgerTask(deps: CheckLedgerDeps): TaskHandler<TaskPayload<"reconcile_ledger">> {
  return async ({ signal, log }) => {
    const { upToPostingId, fromZero, unbalanced, differences } = await checkLedger(deps, signal);
    const isSound = unbalanced.length === 0 && differences.length === 0;
    const found = {
      unbalanced: unbalanced.map(String),
      differences: differences.map((row) => ({
        account: row.account,
        asset_id: row.assetId,
        difference: String(row.delta),
      })),
    };
    if (!isSound) log.error("the ledger does not add up", { alert: "ledger_drift", severity: "critical", ...found });
    return {
      result: { sound: isSound, up_to_posting_id: String(upToPostingId), from_zero: fromZero, ...found },
      message: isSound ? "The ledger adds up" : "The ledger does not add up",
    };
  };
}
