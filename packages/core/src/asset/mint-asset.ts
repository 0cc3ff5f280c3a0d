import { AppError, assert } from "../errors";
import { assetMintedPostings, POSTING_KINDS } from "../ledger/postings";
import { freshStock } from "../payout/choose-payout-coins";
import type { PayoutRun } from "../payout/payout-deps";
import { planDrivenPayout } from "../payout/plan-driven-payout";
import { planOrRollBack } from "../payout/plan-or-roll-back";
import type { ArkServerInfo } from "../ports/ark-daemon";
import type { TwinReading } from "../ports/asset-supplies";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import { ensureUserScript } from "../vtxo/ensure-script";
import { GBTC } from "../vtxo/vtxo";
import type { AssetPayoutDeps } from "./asset-payout-deps";
import { assertMintable, assertReserve, assertSupply } from "./check-mint";
import { planIssuance } from "./issue-asset";
import { readTwin, type TwinReserveSource } from "./read-tapd-units";
import type { RegisteredAsset } from "./registered-asset";
import { takeCarrier } from "./take-carrier";

export interface MintDeps extends AssetPayoutDeps {
  /** undefined = no tapd is configured: nothing stands behind a twin then. */
  readonly tapd: TwinReserveSource | undefined;
}

export interface MintOrder {
  /** Names the mint: one order is paid once. */
  readonly jobId: string;
  readonly assetId: string;
  readonly userPubkey: string;
  readonly units: bigint;
  readonly reserveUnits: bigint;
}

export interface MintAttempt {
  /** First statement of a transaction that commits to nothing that is this order's: the attempt still has its row. */
  readonly guard: (tx: Tx) => Promise<void>;
  /** First statement of the transaction that plans the payout: from then on the order cannot be cancelled. Throws to stop. */
  readonly commit: (tx: Tx) => Promise<void>;
}

export type MintProgress =
  | { readonly kind: "minted"; readonly txid: string; readonly vtxoId: string; readonly arkAssetId: string }
  /** Look again later; what was planned is driven as work of its own. */
  | { readonly kind: "waiting"; readonly why: string; readonly wakes: readonly Wake[] };

/**
 * The step of a mint that is due: the first mint of an asset plans its issuance, each then hands units out of the treasury, once per
 * order. Errors: `not_found`, `asset_not_mintable`, `asset_inactive`, `supply_exceeded`, `reserve_insufficient`,
 * `inventory_exhausted` (stock, or the day's carriers), `not_ready` (look again: a twin's units are moving), and those of the daemons.
 */
export async function mintAsset(deps: MintDeps, order: MintOrder, attempt: MintAttempt): Promise<MintProgress> {
  const payout = await deps.payouts.find("mint", order.jobId);
  const asset = await deps.assets.find(undefined, order.assetId);
  if (asset === undefined) throw new AppError("not_found");
  if (payout !== undefined) {
    if (payout.status !== "final") return waiting("The units are on their way");
    assert(payout.txid !== undefined && asset.arkAssetId !== undefined, "a final mint has a transaction and an asset");
    return { kind: "minted", txid: payout.txid, vtxoId: `${payout.txid}:0`, arkAssetId: asset.arkAssetId };
  }
  assertMintable(asset);
  switch (asset.status) {
    case "registered":
      return beginIssuance(deps, order, asset, attempt);
    case "issuing":
      return waiting("The asset is being issued");
    default:
      return planMint(deps, order, asset, attempt);
  }
}

/** How a mint takes part in its payout. */
export function mintRun(
  deps: AssetPayoutDeps,
  { assetId, jobId, units }: Pick<MintOrder, "assetId" | "jobId" | "units">,
  guard: PayoutRun["guard"],
): PayoutRun {
  return {
    ...mintTx(jobId),
    guard,
    onFinal: async (tx, { attempt, txid }) => {
      await deps.calls.confirm(tx, mintCallOf(jobId), txid);
      const carrierSats = attempt.outputs.find(({ role }) => role === "recipient")?.amountSats ?? 0n;
      await deps.ledger.post(tx, {
        kind: POSTING_KINDS.assetMinted,
        businessId: jobId,
        memo: `mint of ${assetId}`,
        postings: assetMintedPostings(assetId, units, carrierSats),
      });
    },
  };
}

/** The intention that commits the job of an order to its payout. */
export function mintCallOf(jobId: string) {
  return { service: "arkd", kind: "asset_mint", businessKey: jobId } as const;
}

function mintTx(jobId: string) {
  return { sessionId: jobId, txType: "asset_mint" } as const;
}

async function beginIssuance(
  deps: MintDeps,
  order: MintOrder,
  seen: RegisteredAsset,
  { guard }: MintAttempt,
): Promise<MintProgress> {
  const info = await deps.arkInfo.current();
  const reading = await readBacking(deps, seen);
  const wakes = await deps.transactions.run(async (tx) => {
    await guard(tx);
    const asset = await deps.assets.lock(tx, order.assetId);
    if (asset?.status !== "registered") return [];
    // A mint that must fail issues nothing.
    await assertRoom(deps, tx, asset, order, reading);
    return [await planIssuance(deps, tx, info, asset)];
  });
  return waiting("The asset is being issued", wakes);
}

async function planMint(
  deps: MintDeps,
  order: MintOrder,
  seen: RegisteredAsset,
  { commit }: MintAttempt,
): Promise<MintProgress> {
  const info = await deps.arkInfo.current();
  const reading = await readBacking(deps, seen);
  const wake = await planOrRollBack(deps.transactions, async (tx) => {
    await commit(tx);
    return planPayout(deps, tx, info, order, reading);
  });
  return wake === undefined ? explainShortage(deps, order, seen) : waiting("The units are on their way", [wake]);
}

/** All that a mint must not exceed is judged under the asset's row lock, so mints of one asset never add up to too much. */
async function planPayout(
  deps: MintDeps,
  tx: Tx,
  info: ArkServerInfo,
  order: MintOrder,
  reading: TwinReading | undefined,
): Promise<Wake | undefined> {
  const { jobId, assetId, userPubkey, units } = order;
  const asset = await deps.assets.lock(tx, assetId);
  assert(asset !== undefined, "a registered asset stays");
  await assertRoom(deps, tx, asset, order, reading);
  await takeCarrier(deps, tx);
  const script = await ensureUserScript(deps.vtxos, tx, userPubkey, info, "user_pubkey");
  const wanted = {
    kind: "mint",
    businessId: jobId,
    script: script.script,
    ownerPubkey: userPubkey,
    assetId,
    amount: units,
    amountSats: deps.assetConfig.carrierSats,
  } as const;
  return planDrivenPayout(deps, tx, info, wanted, mintTx(jobId));
}

async function assertRoom(
  deps: MintDeps,
  tx: Tx,
  asset: RegisteredAsset,
  order: MintOrder,
  reading: TwinReading | undefined,
): Promise<void> {
  assertMintable(asset);
  const exposure = await deps.supplies.readExposure(tx, asset.assetId);
  assertSupply(asset, exposure, order);
  if (reading !== undefined) {
    assertReserve(asset, exposure, reading, order);
    await deps.supplies.record(tx, asset.assetId, { tapd: reading }, deps.clock.now());
  }
}

/** undefined = not a twin. */
async function readBacking({ supplies, tapd }: MintDeps, asset: RegisteredAsset): Promise<TwinReading | undefined> {
  if (asset.backing === "ark") return undefined;
  if (tapd === undefined) throw new AppError("daemon_unavailable", { details: { service: "tapd" } });
  return readTwin({ supplies, tapd }, asset);
}

/**
 * The supply suffices, so the units are the treasury's: in a payout that is under way, which gives its change back in a moment, or on
 * VTXOs with too little life left. Else sats to carry them are short.
 */
async function explainShortage(deps: MintDeps, order: MintOrder, asset: RegisteredAsset): Promise<MintProgress> {
  const free = await deps.vtxos.sumFree(undefined, "treasury", freshStock(deps), asset.arkAssetId);
  const isBusy = await deps.supplies.isTreasuryPaying(asset.assetId);
  if (free < order.units && isBusy) return waiting("Another payout of the asset is under way");
  const short = free < order.units ? asset.assetId : GBTC;
  throw new AppError("inventory_exhausted", { details: { asset_id: short } });
}

function waiting(why: string, wakes: readonly Wake[] = []): MintProgress {
  return { kind: "waiting", why, wakes };
}
