import { DEFAULT_ARK_TX_LIMITS } from "../ark/build-ark-tx";
import type { TaskPayload } from "../jobs/catalog";
import { insertJob, SYSTEM_OWNER, type InsertJobDeps } from "../jobs/insert-job";
import { freshSource, freshStock } from "../payout/choose-payout-coins";
import type { Clock } from "../ports/clock";
import type { InventoryStore, StockedAsset } from "../ports/inventory-store";
import type { Transactions } from "../ports/transactions";
import type { VtxoStore } from "../ports/vtxo-store";
import type { Wake } from "../ports/waker";
import type { SessionConfig } from "../session/session-deps";
import { GBTC } from "../vtxo/vtxo";
import { judgeFeeVtxos, judgeInventory, type InventoryLevels, type InventoryVerdict } from "./judge-inventory";

export interface ReplenishInventoryDeps {
  readonly clock: Clock;
  readonly config: Pick<SessionConfig, "vtxoMinRemainingMs" | "feeVtxoSats">;
  readonly levels: InventoryLevels;
  /** Size of gBTC stock. */
  readonly batchSats: bigint;
  /** What an on-chain fee costs now, as far as is known. */
  readonly satPerVbyte: number;
  readonly transactions: Transactions;
  readonly vtxos: Pick<VtxoStore, "countFree" | "sumFree">;
  readonly inventory: InventoryStore;
  readonly insertJob: InsertJobDeps;
}

/** What there is of one asset, and what was ordered. */
export interface InventoryLook {
  readonly assetId: string;
  readonly kind: "stock" | "fee";
  readonly available: number;
  readonly target: number;
  readonly level: InventoryVerdict["level"];
  /** VTXOs of an order that was put in now; 0 = none was due, one is running, or the treasury has nothing to make them of. */
  readonly ordered: number;
  readonly wakes: readonly Wake[];
}

/** Looks at the co-inputs alone: every ceremony takes one. */
export async function replenishFeeVtxos(deps: ReplenishInventoryDeps): Promise<InventoryLook> {
  const { feeVtxoSats } = deps.config;
  const { minExpiresAt } = freshStock(deps);
  const free = await deps.vtxos.countFree("fee", feeVtxoSats, minExpiresAt);
  const verdict = judgeFeeVtxos(free, deps.levels);
  // Transfers stand still without them, so the stock's sats go into them when the treasury has none.
  const [treasury, stock] = await Promise.all([sumSats(deps, "treasury"), sumSats(deps, "stock")]);
  const sats = (treasury > stock ? treasury : stock) - DEFAULT_ARK_TX_LIMITS.dustSats;
  const payable = Number(sats / feeVtxoSats);
  const order = { kind: "fee", assetId: GBTC, amountSats: Number(feeVtxoSats), assetAmount: 0 } as const;
  const placed = await placeOrder(deps, order, Math.min(verdict.wanted, payable));
  return { assetId: GBTC, kind: "fee", available: free, target: deps.levels.feeVtxos, level: verdict.level, ...placed };
}

/** Looks at the stock of sats and of every asset that has some, and orders what is missing: one order of an asset at a time. */
export async function replenishStocks(deps: ReplenishInventoryDeps): Promise<readonly InventoryLook[]> {
  const looks: InventoryLook[] = [];
  for (const asset of await deps.inventory.listStocked()) looks.push(await replenishStockOf(deps, asset));
  return looks;
}

async function replenishStockOf(deps: ReplenishInventoryDeps, asset: StockedAsset): Promise<InventoryLook> {
  const { assetId, arkAssetId, size } = asset;
  const counts = await deps.inventory.count(arkAssetId, freshStock(deps));
  const verdict = judgeInventory(counts, deps.levels, deps.satPerVbyte);
  const amountSats = size?.amountSats ?? deps.batchSats;
  const units = size?.units ?? 0n;
  const order = { kind: "stock", assetId, amountSats: Number(amountSats), assetAmount: Number(units) } as const;
  const payable = await countPayable(deps, arkAssetId, units === 0n ? amountSats : units);
  const placed = await placeOrder(deps, order, Math.min(verdict.wanted, payable));
  const { available } = counts;
  return { assetId, kind: "stock", available, target: deps.levels.target, level: verdict.level, ...placed };
}

/** At most half of what the treasury has: sats are needed for co-inputs too, and units for mints. */
async function countPayable(
  deps: ReplenishInventoryDeps,
  arkAssetId: string | undefined,
  each: bigint,
): Promise<number> {
  const free = await deps.vtxos.sumFree(undefined, "treasury", anyFreshness(deps), arkAssetId);
  return Number(free / 2n / each);
}

/** Looked at every few seconds, so that what could not be made anyway is not ordered: neither of old coins, nor down to dust. */
function sumSats(deps: ReplenishInventoryDeps, kind: "treasury" | "stock"): Promise<bigint> {
  return deps.vtxos.sumFree(undefined, kind, freshSource(deps));
}

type Order = Omit<TaskPayload<"process_vtxo_replenishment">, "v" | "count">;

/** The key keeps a second order of the asset out, an operator's too, until the first has ended. */
async function placeOrder(
  deps: ReplenishInventoryDeps,
  order: Order,
  count: number,
): Promise<Pick<InventoryLook, "ordered" | "wakes">> {
  if (count <= 0) return { ordered: 0, wakes: [] };
  const { wakes } = await deps.transactions.run((tx) =>
    insertJob(deps.insertJob, tx, {
      task: "process_vtxo_replenishment",
      payload: { v: 1, ...order, count },
      owner: SYSTEM_OWNER,
      dedupeKey: replenishmentKey(order),
      singleFlight: true,
    }),
  );
  return { ordered: wakes.length === 0 ? 0 : count, wakes };
}

/** Of the one order of an asset's stock, or of co-inputs, that may run at a time. */
export function replenishmentKey({ kind, assetId }: Pick<Order, "kind" | "assetId">): string {
  return kind === "fee" ? "vtxo_replenishment:fee:" : `vtxo_replenishment:${assetId}`;
}

/** A treasury that is too old makes no stock, but the order that finds it so says what becomes of it. */
function anyFreshness(deps: ReplenishInventoryDeps) {
  const { minExpiresAt } = freshStock(deps);
  return { minExpiresAt };
}
