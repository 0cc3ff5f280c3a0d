import type { AssetPayoutDeps } from "@arkrelay/core/asset/asset-payout-deps";
import { replenishStock, type CommitPart, type StockOrder } from "@arkrelay/core/asset/replenish-stock";
import type { Attempt } from "@arkrelay/core/jobs/attempt-store";
import type { TaskPayload } from "@arkrelay/core/jobs/catalog";
import { untilStopped } from "@arkrelay/core/jobs/run-external-call";
import type { ExternalCallStore } from "@arkrelay/core/ports/external-call-store";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";

import type { TaskHandler } from "../task-handler";
import { nextPayoutLook } from "./next-payout-look";

export interface ReplenishStockDeps extends AssetPayoutDeps {
  readonly calls: Pick<ExternalCallStore, "begin" | "confirm">;
}

/** Rolls the planning back because a cancel came before; never leaves this file. */
class Cancelled extends Error {}

/**
 * Makes stock out of the treasury. Each part is written down in the transaction that commits the job to it, so it is made once and can
 * be cancelled only before the first; it is driven as work of its own (`payout_drive`), and this job waits for it.
 */
export function replenishStockTask(deps: ReplenishStockDeps): TaskHandler<TaskPayload<"process_vtxo_replenishment">> {
  return async ({ attempt, payload, progress, signal }) => {
    const order = {
      jobId: attempt.rowKey,
      assetId: payload.assetId,
      count: payload.count,
      amountSats: BigInt(payload.amountSats),
      units: BigInt(payload.assetAmount),
    };
    try {
      const step = await replenishStock(deps, order, commitOf(deps, attempt, order));
      if (step.kind === "made") return { result: describe(order, step.txids), message: "The stock is there" };
      const { made, why, wakes } = step;
      const message = `${made} of ${order.count} VTXOs are made. ${why}`;
      // Once per part, not at every look.
      if (wakes.length > 0) progress(Math.floor((100 * made) / order.count), message);
      return { message, wakes, runAgainAt: nextPayoutLook(deps.clock, attempt) };
    } catch (thrown) {
      if (thrown instanceof Cancelled) return untilStopped(signal);
      throw thrown;
    }
  };
}

function commitOf(deps: ReplenishStockDeps, attempt: Attempt, order: StockOrder): CommitPart {
  return async (tx, call) => {
    const request = { asset_id: order.assetId, count: order.count, amount_sats: Number(order.amountSats) };
    if (!(await deps.calls.begin(tx, attempt, { ...call, request }))) throw new Cancelled();
  };
}

function describe({ assetId, count, amountSats, units }: StockOrder, txids: readonly string[]) {
  return {
    asset_id: assetId,
    count,
    amount_sats: Number(amountSats),
    ...(assetId !== GBTC && { asset_amount: Number(units) }),
    txids,
  };
}
