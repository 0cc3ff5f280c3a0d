import { AppError } from "../errors";
import type { AssetRegistry } from "../ports/asset-registry";
import type { Tx } from "../ports/transactions";
import type { RenewalWay, RenewIntent } from "../session/session";
import type { SessionDeps } from "../session/session-deps";
import type { Vtxo } from "../vtxo/vtxo";

type Deps = Pick<SessionDeps, "vtxos" | "assets" | "clock">;

/**
 * A renewal with what it is worth, as far as the mirror knows its VTXOs; those it does not know count as alive, and step 1 looks at them
 * again. Errors: vtxo_not_owned, vtxo_spent, asset_unknown, asset_inactive, and invalid_request for live and swept ones together.
 */
export async function judgeRenewal(
  deps: Deps,
  tx: Tx | undefined,
  userPubkey: string,
  intent: RenewIntent,
): Promise<RenewIntent> {
  const rows = await deps.vtxos.listByIds(tx, intent.sourceVtxos);
  const now = deps.clock.now();
  for (const row of rows) {
    const details = { vtxo_id: row.vtxoId };
    if (row.ownerPubkey !== userPubkey) throw new AppError("vtxo_not_owned", { details });
    if (row.status === "spent" || row.status === "settled") {
      throw new AppError("vtxo_spent", { details: { ...details, spending_txid: row.spendingTxid } });
    }
  }
  const swept = rows.filter((row) => wayOf(row, now) === "recover");
  const amountSats = rows.reduce((sum, row) => sum + row.amountSats, 0n);
  const judged = { ...intent, amount: amountSats, amountSats };
  if (swept.length === 0) {
    await assertRenewable(deps.assets, tx, rows);
    return judged;
  }
  if (swept.length < intent.sourceVtxos.length) throw mixed();
  return { ...judged, way: "recover" };
}

/** arkd takes what has expired in no ark tx any more, whether it was swept by now or not. */
export function wayOf({ status, expiresAt }: Pick<Vtxo, "status" | "expiresAt">, now: Date): RenewalWay {
  return status === "expired" || (expiresAt !== null && expiresAt <= now) ? "recover" : "transfer";
}

/**
 * Fresh VTXOs are made of stock, which there is only of what the registry knows and has not stopped. Errors: asset_unknown,
 * asset_inactive.
 */
export async function assertRenewable(
  assets: AssetRegistry,
  tx: Tx | undefined,
  vtxos: readonly Pick<Vtxo, "assets">[],
): Promise<void> {
  const ids = [...new Set(vtxos.flatMap((vtxo) => vtxo.assets.map(({ assetId }) => assetId)))];
  if (ids.length === 0) return;
  const known = await assets.listByArkIds(tx, ids);
  for (const id of ids) {
    const asset = known.find(({ arkAssetId }) => arkAssetId === id);
    if (asset === undefined) throw new AppError("asset_unknown", { details: { asset_id: id } });
    if (asset.status !== "active") throw new AppError("asset_inactive", { details: { asset_id: asset.assetId } });
  }
}

function mixed(): AppError {
  const message = "Live and swept VTXOs are not renewed together";
  return new AppError("invalid_request", { errors: [{ path: "params.vtxo_ids", code: "mixed", message }] });
}
