import { AppError, assert } from "../errors";
import { assetIssuedPostings, POSTING_KINDS } from "../ledger/postings";
import type { FinalPayout, PayoutRun } from "../payout/payout-deps";
import { planDrivenPayout } from "../payout/plan-driven-payout";
import type { ArkServerInfo } from "../ports/ark-daemon";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import { ensureScript } from "../vtxo/ensure-script";
import { GBTC } from "../vtxo/vtxo";
import { assetIssuedEvent } from "../webhook/asset-event";
import { capUnitsOf } from "./asset-cap";
import { nextAssetStatus } from "./asset-machine";
import type { AssetPayoutDeps } from "./asset-payout-deps";
import type { RegisteredAsset } from "./registered-asset";

/**
 * Plans the one issuance of an asset: all units of its cap to the treasury, without a control asset, so that nobody can ever issue
 * more. The caller holds the asset's row; `issuing`, the locks and the unsigned transaction are persisted together, and the payout's
 * name is the asset's, so there is never a second one. Throws `inventory_exhausted` without free sats for it.
 */
export async function planIssuance(
  deps: AssetPayoutDeps,
  tx: Tx,
  info: ArkServerInfo,
  asset: RegisteredAsset,
): Promise<Wake> {
  const { assetId } = asset;
  await deps.assets.update(tx, asset, { status: nextAssetStatus(asset.status, "issue") });
  const treasury = await ensureScript(deps.vtxos, tx, deps.wallet.keys.treasury.pubkey, info, "treasury");
  const wanted = {
    kind: "issue",
    businessId: assetId,
    script: treasury.script,
    ownerPubkey: treasury.ownerPubkey,
    assetId,
    amount: capUnitsOf(asset),
    amountSats: deps.assetConfig.carrierSats,
  } as const;
  const wake = await planDrivenPayout(deps, tx, info, wanted, issueTx(assetId));
  if (wake === undefined) throw new AppError("inventory_exhausted", { details: { asset_id: GBTC } });
  return wake;
}

/** How an asset takes part in its issuance. */
export function issueRun(deps: AssetPayoutDeps, assetId: string, guard: PayoutRun["guard"]): PayoutRun {
  return { ...issueTx(assetId), guard, onFinal: (tx, final) => noteIssued(deps, tx, assetId, final) };
}

function issueTx(assetId: string) {
  return { sessionId: assetId, txType: "asset_issue" } as const;
}

/** The units are there: the asset gets arkd's id and can be handed out. */
async function noteIssued(deps: AssetPayoutDeps, tx: Tx, assetId: string, { attempt }: FinalPayout): Promise<void> {
  const asset = await deps.assets.lock(tx, assetId);
  const [issued] = attempt.outputs.flatMap(({ role, assets = [] }) => (role === "recipient" ? assets : []));
  assert(asset !== undefined && issued !== undefined, `the issuance of ${assetId} has its units on the first output`);
  const active = await deps.assets.update(tx, asset, {
    status: nextAssetStatus(asset.status, "issued"),
    arkAssetId: issued.assetId,
    issued: issued.amount,
  });
  await deps.supplies.record(tx, assetId, { arkdUnits: issued.amount }, deps.clock.now());
  await deps.ledger.post(tx, {
    kind: POSTING_KINDS.assetIssued,
    businessId: assetId,
    memo: `issuance of ${assetId}`,
    postings: assetIssuedPostings(assetId, issued.amount, asset.backing),
  });
  await deps.webhooks.announce(tx, assetIssuedEvent(active));
}
