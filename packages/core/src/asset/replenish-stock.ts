import { AppError } from "../errors";
import { freshSource, freshStock } from "../payout/choose-payout-coins";
import { fanOutSize } from "../payout/fan-out-size";
import type { Payout } from "../payout/payout";
import type { PayoutRun } from "../payout/payout-deps";
import { planDrivenPayout } from "../payout/plan-driven-payout";
import { planOrRollBack } from "../payout/plan-or-roll-back";
import type { ArkServerInfo } from "../ports/ark-daemon";
import type { Tx } from "../ports/transactions";
import type { Freshness } from "../ports/vtxo-store";
import type { Wake } from "../ports/waker";
import { ensureScript } from "../vtxo/ensure-script";
import { GBTC } from "../vtxo/vtxo";
import { getActiveAsset } from "./active-asset";
import type { AssetPayoutDeps } from "./asset-payout-deps";

export interface StockOrder {
  /** Names the order: each VTXO of it is made once. */
  readonly jobId: string;
  /** Stock, or co-inputs: the latter are of gBTC. */
  readonly kind: "stock" | "fee";
  readonly assetId: string;
  readonly count: number;
  /** On each VTXO. */
  readonly amountSats: bigint;
  /** On each VTXO; 0 of gBTC. */
  readonly units: bigint;
}

export type StockProgress =
  | { readonly kind: "made"; readonly txids: readonly string[] }
  /** The treasury has what it takes, but too near its expiry: it is renewed in a settlement batch first, and this order ends. */
  | { readonly kind: "stale"; readonly made: number; readonly txids: readonly string[]; readonly why: string }
  /** Look again later; what was planned is driven as work of its own. */
  | { readonly kind: "waiting"; readonly made: number; readonly why: string; readonly wakes: readonly Wake[] };

/** First statement of the transaction that plans a part: from then on the order cannot be cancelled. Throws to stop. */
export type CommitPart = (tx: Tx, call: ReturnType<typeof fanOutCallOf>) => Promise<void>;

/**
 * The step that is due of making stock from the treasury: one ark tx holds only so many outputs, so an order is made in parts, each
 * once and each after the one before it is final, because it spends what that one left over. What was made stays when a later part
 * fails. Errors: `asset_unknown`, `asset_inactive`, `inventory_exhausted` (units or sats), and those of the daemons.
 */
export async function replenishStock(
  deps: AssetPayoutDeps,
  order: StockOrder,
  commit: CommitPart,
): Promise<StockProgress> {
  const parts = await listParts(deps, order);
  const final = parts.filter(({ status }) => status === "final");
  const made = final.reduce((sum, { outputCount }) => sum + outputCount, 0);
  if (final.length < parts.length) return waiting(made, "A part of the stock is on its way");
  if (made === order.count) return { kind: "made", txids: final.flatMap(({ txid }) => txid ?? []) };
  return planPart(deps, order, { parts, made }, commit);
}

/** How a replenishment takes part in the payout of one of its parts: the books know no move between scripts of the gateway. */
export function fanOutRun(deps: AssetPayoutDeps, partId: string, guard: PayoutRun["guard"]): PayoutRun {
  return { ...fanOutTx(partId), guard, onFinal: (tx, { txid }) => deps.calls.confirm(tx, fanOutCallOf(partId), txid) };
}

function fanOutTx(partId: string) {
  return { sessionId: partId, txType: "vtxo_replenishment" } as const;
}

/** The intention that commits the job of an order to one of its parts. */
function fanOutCallOf(partId: string) {
  return { service: "arkd", kind: "vtxo_replenishment", businessKey: partId } as const;
}

function partIdOf({ jobId }: StockOrder, part: number): string {
  return `${jobId}.${part}`;
}

/** In order. What a part holds was decided when it was planned, so limits of arkd may change between two of them. */
async function listParts(deps: AssetPayoutDeps, order: StockOrder): Promise<readonly Payout[]> {
  const parts: Payout[] = [];
  for (;;) {
    const payout = await deps.payouts.find("fanout", partIdOf(order, parts.length + 1));
    if (payout === undefined) return parts;
    parts.push(payout);
  }
}

async function planPart(
  deps: AssetPayoutDeps,
  order: StockOrder,
  { parts, made }: { readonly parts: readonly Payout[]; readonly made: number },
  commit: CommitPart,
): Promise<StockProgress> {
  const { arkAssetId } = await getActiveAsset(deps.assets, order.assetId);
  const info = await deps.arkInfo.current();
  const left = order.count - made;
  // An order that must run out of units makes nothing.
  if (await lacksUnits(deps, order, arkAssetId, left)) return explainShortage(deps, order, parts, order.assetId);
  const outputCount = Math.min(left, fanOutSize(info, arkAssetId !== undefined));
  const wake = await planOrRollBack(deps.transactions, async (tx) => {
    const partId = partIdOf(order, parts.length + 1);
    await commit(tx, fanOutCallOf(partId));
    return planPayout(deps, tx, info, order, { partId, outputCount });
  });
  if (wake !== undefined) return waiting(made, "A part of the stock is on its way", [wake]);
  const short = (await lacksUnits(deps, order, arkAssetId, outputCount)) ? order.assetId : GBTC;
  return explainShortage(deps, order, parts, short);
}

async function planPayout(
  deps: AssetPayoutDeps,
  tx: Tx,
  info: ArkServerInfo,
  { kind, assetId, amountSats, units }: StockOrder,
  { partId, outputCount }: { readonly partId: string; readonly outputCount: number },
): Promise<Wake | undefined> {
  const { script, ownerPubkey } = await ensureScript(deps.vtxos, tx, deps.wallet.keys[kind].pubkey, info, kind);
  const wanted = {
    kind: "fanout",
    businessId: partId,
    script,
    ownerPubkey,
    assetId,
    amount: assetId === GBTC ? amountSats : units,
    amountSats,
    outputCount,
  } as const;
  return planDrivenPayout(deps, tx, info, wanted, fanOutTx(partId));
}

async function lacksUnits(
  deps: AssetPayoutDeps,
  { units }: StockOrder,
  arkAssetId: string | undefined,
  count: number,
): Promise<boolean> {
  if (arkAssetId === undefined) return false;
  const free = await deps.vtxos.sumFree(undefined, "treasury", freshSource(deps), arkAssetId);
  return free < units * BigInt(count);
}

/** What a payout under way leaves over comes back in a moment, and what is too old is as good as new after a batch. */
async function explainShortage(
  deps: AssetPayoutDeps,
  order: StockOrder,
  parts: readonly Payout[],
  short: string,
): Promise<StockProgress> {
  const made = parts.reduce((sum, { outputCount }) => sum + outputCount, 0);
  if (short !== GBTC && (await deps.supplies.isTreasuryPaying(order.assetId))) {
    return waiting(made, "Another payout of the asset is under way");
  }
  if (await hasStale(deps, order, order.count - made, short)) {
    const why = "The treasury has too little life left to make stock from; it is renewed in the next settlement batch";
    return { kind: "stale", made, txids: parts.flatMap(({ txid }) => txid ?? []), why };
  }
  throw new AppError("inventory_exhausted", { details: { asset_id: short } });
}

async function hasStale(deps: AssetPayoutDeps, order: StockOrder, left: number, short: string): Promise<boolean> {
  const each = short === GBTC ? order.amountSats : order.units;
  const arkAssetId = short === GBTC ? undefined : (await getActiveAsset(deps.assets, short)).arkAssetId;
  const sum = (freshness: Freshness) => deps.vtxos.sumFree(undefined, "treasury", freshness, arkAssetId);
  const { minExpiresAt } = freshStock(deps);
  const enough = each * BigInt(left);
  return (await sum({ minExpiresAt })) >= enough && (await sum(freshSource(deps))) < enough;
}

function waiting(made: number, why: string, wakes: readonly Wake[] = []): StockProgress {
  return { kind: "waiting", made, why, wakes };
}
