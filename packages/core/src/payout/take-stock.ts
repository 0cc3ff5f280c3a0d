import { sumAssets } from "../ark/sum-assets";
import { dustOf } from "../ceremony/ark-limits";
import { assert } from "../errors";
import type { ArkServerInfo } from "../ports/ark-daemon";
import type { NewPayout } from "../ports/lightning-stores";
import type { Tx } from "../ports/transactions";
import type { Freshness } from "../ports/vtxo-store";
import type { SessionDeps } from "../session/session-deps";
import { GBTC, type Vtxo } from "../vtxo/vtxo";
import { choosePayoutCoins, type WantedUnits } from "./choose-payout-coins";
import { FAN_OUT_INPUTS_MAX } from "./fan-out-size";
import type { GatewayPubkeys } from "./gateway-pubkeys";
import { lockOwnerOf } from "./payout";
import { chooseSatsKind, freshnessFor, unitsKindOf } from "./payout-sources";

/** Nothing here needs a secret key of the gateway's, so that the API can do it. */
interface StockDeps extends Pick<SessionDeps, "clock" | "config" | "vtxos" | "assets"> {
  readonly wallet: GatewayPubkeys;
}

/** What is to be paid, before anything is chosen for it. */
export type PayoutOrder = Pick<
  NewPayout,
  "kind" | "businessId" | "ownerPubkey" | "assetId" | "amount" | "amountSats" | "outputCount" | "parts"
>;

/**
 * Locks stock for a payout without an end: what is held for it already, and what that lacks. undefined = not enough free stock:
 * nothing may be kept, so the caller rolls its transaction back.
 */
export async function takeStock(
  deps: StockDeps,
  tx: Tx,
  info: ArkServerInfo,
  wanted: PayoutOrder,
  held: readonly Vtxo[],
  freshness: Freshness = freshnessFor(deps, wanted),
): Promise<readonly Vtxo[] | undefined> {
  const targetSats = wanted.amountSats * BigInt(wanted.outputCount ?? 1);
  const { maxInputs } = deps.config;
  const dustSats = dustOf(info);
  return choosePayoutCoins(deps.vtxos, tx, {
    targetSats,
    units: await unitsOf(deps, tx, wanted),
    satsKind: await chooseSatsKind(deps, tx, wanted, { targetSats, dustSats, held }),
    dustSats,
    maxInputs: wanted.kind === "fanout" ? Math.min(maxInputs, FAN_OUT_INPUTS_MAX) : maxInputs,
    freshness,
    lockedBy: lockOwnerOf(wanted),
    held,
  });
}

async function unitsOf(deps: Pick<StockDeps, "assets">, tx: Tx, wanted: PayoutOrder): Promise<readonly WantedUnits[]> {
  if (wanted.parts !== undefined) {
    return sumAssets(wanted.parts).map(({ assetId, amount }) => ({ arkAssetId: assetId, target: amount }));
  }
  const arkAssetId = await arkIdOf(deps, tx, wanted);
  if (arkAssetId === undefined) return [];
  return [{ arkAssetId, target: wanted.amount * BigInt(wanted.outputCount ?? 1), kind: unitsKindOf(wanted) }];
}

/** VTXOs know an asset by arkd's id; undefined for gBTC, which is the sats themselves, and for what is yet to be issued. */
export async function arkIdOf(
  deps: Pick<StockDeps, "assets">,
  tx: Tx,
  { kind, assetId }: Pick<NewPayout, "kind" | "assetId">,
): Promise<string | undefined> {
  if (assetId === GBTC || kind === "issue") return undefined;
  const asset = await deps.assets.find(tx, assetId);
  assert(asset?.arkAssetId !== undefined, `${assetId} is issued at arkd`);
  return asset.arkAssetId;
}
