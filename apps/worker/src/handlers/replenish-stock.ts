import type { AssetPayoutDeps } from "@arkrelay/core/asset/asset-payout-deps";
import { replenishStock, type StockOrder } from "@arkrelay/core/asset/replenish-stock";
import type { TaskPayload } from "@arkrelay/core/jobs/catalog";
import type { ExternalCallStore } from "@arkrelay/core/ports/external-call-store";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";
import type { Metrics } from "@arkrelay/runtime/metrics";

import type { TaskHandler } from "../task-handler";
import { nextPayoutLook } from "./next-payout-look";
import { runCommitting } from "./run-committing";

export interface ReplenishStockDeps extends AssetPayoutDeps {
  readonly calls: Pick<ExternalCallStore, "begin" | "confirm">;
  readonly metrics: { readonly vtxosCreated: Pick<Metrics["vtxosCreated"], "inc"> };
}

/**
 * Makes stock out of the treasury. Each part is written down in the transaction that commits the job to it, so it is made once and can
 * be cancelled only before the first; it is driven as work of its own (`payout_drive`), and this job waits for it.
 */
export function replenishStockTask(deps: ReplenishStockDeps): TaskHandler<TaskPayload<"process_vtxo_replenishment">> {
  return async (context) => {
    const { attempt, payload, progress } = context;
    const order = {
      jobId: attempt.rowKey,
      kind: payload.kind,
      assetId: payload.assetId,
      count: payload.count,
      amountSats: BigInt(payload.amountSats),
      units: BigInt(payload.assetAmount),
    };
    const request = { kind: order.kind, asset_id: order.assetId, count: order.count, amount_sats: payload.amountSats };
    const step = await runCommitting(deps.calls, context, (commit) =>
      replenishStock(deps, order, (tx, call) => commit(tx, { ...call, request })),
    );
    if (step.kind === "made") {
      deps.metrics.vtxosCreated.inc({ asset_id: order.assetId }, order.count);
      return { result: describe(order, step.txids), message: "The stock is there" };
    }
    if (step.kind === "stale") {
      const left = { made: step.made, left_for_settlement: order.count - step.made };
      return { result: { ...describe(order, step.txids), ...left }, message: step.why };
    }
    const { made, why, wakes } = step;
    const message = `${made} of ${order.count} VTXOs are made. ${why}`;
    // Once per part, not at every look.
    if (wakes.length > 0) progress(Math.floor((100 * made) / order.count), message);
    return { message, wakes, runAgainAt: nextPayoutLook(deps.clock, attempt) };
  };
}

function describe({ kind, assetId, count, amountSats, units }: StockOrder, txids: readonly string[]) {
  return {
    kind,
    asset_id: assetId,
    count,
    amount_sats: Number(amountSats),
    ...(assetId !== GBTC && { asset_amount: Number(units) }),
    txids,
  };
}
