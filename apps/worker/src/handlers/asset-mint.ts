import { mintAsset, mintCallOf, type MintDeps, type MintOrder } from "@arkrelay/core/asset/mint-asset";
import type { AttemptFence } from "@arkrelay/core/jobs/attempt-store";
import type { TaskPayload } from "@arkrelay/core/jobs/catalog";
import type { ExternalCallStore } from "@arkrelay/core/ports/external-call-store";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";

import type { TaskHandler, TaskResult } from "../task-handler";
import { nextPayoutLook } from "./next-payout-look";
import { runCommitting } from "./run-committing";

export interface AssetMintDeps extends MintDeps {
  readonly attempts: AttemptFence;
  readonly calls: Pick<ExternalCallStore, "begin" | "confirm">;
}

/**
 * Hands units of an asset to a user. The payout is written down in the transaction that commits the job to it, so the order is paid
 * once and can be cancelled only before; it is driven as work of its own (`payout_drive`), and this job waits for it.
 */
export function assetMintTask(deps: AssetMintDeps): TaskHandler<TaskPayload<"asset_mint">> {
  return async (context) => {
    const { attempt, payload } = context;
    const order = {
      jobId: attempt.rowKey,
      assetId: payload.assetId,
      userPubkey: payload.userPubkey,
      units: BigInt(payload.amount),
      reserveUnits: BigInt(payload.reserveAmount),
    };
    const request = { asset_id: order.assetId, user_pubkey: order.userPubkey, amount: payload.amount };
    const progress = await runCommitting(deps.calls, context, (commit) =>
      mintAsset(deps, order, {
        guard: (tx) => deps.attempts.assertAttempt(tx, attempt),
        commit: (tx) => commit(tx, { ...mintCallOf(order.jobId), request }),
      }),
    );
    if (progress.kind === "minted") return describe(deps, order, progress);
    return { message: progress.why, wakes: progress.wakes, runAgainAt: nextPayoutLook(deps.clock, attempt) };
  };
}

async function describe(
  deps: AssetMintDeps,
  order: MintOrder,
  minted: { readonly txid: string; readonly vtxoId: string; readonly arkAssetId: string },
): Promise<TaskResult> {
  // The user may hold units that other wallets sent, and the balance is to tell them all.
  await syncVtxos(deps, { ownerPubkey: order.userPubkey });
  const balances = await deps.vtxos.sumBalances(order.userPubkey, deps.clock.now());
  return {
    result: {
      asset_id: order.assetId,
      user_pubkey: order.userPubkey,
      amount_minted: Number(order.units),
      reserve_amount: Number(order.reserveUnits),
      new_balance: Number(balances.find((row) => row.assetId === minted.arkAssetId)?.balance ?? 0n),
      txid: minted.txid,
      vtxo_id: minted.vtxoId,
    },
    message: "The units are the user's",
  };
}
