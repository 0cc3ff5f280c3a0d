import { getActiveAsset } from "../asset/active-asset";
import type { AssetPayoutDeps } from "../asset/asset-payout-deps";
import { assertReserve } from "../asset/check-mint";
import { budgetDay, takeCarrier } from "../asset/take-carrier";
import { dustOf } from "../ceremony/ark-limits";
import { AppError, assert } from "../errors";
import { insertJob, type InsertJobDeps } from "../jobs/insert-job";
import type { JobDraft } from "../jobs/job";
import { assignedPostings, POSTING_KINDS } from "../ledger/postings";
import type { GatewayPubkeys } from "../payout/gateway-pubkeys";
import type { PayoutRun } from "../payout/payout-deps";
import { planDrivenPayout } from "../payout/plan-driven-payout";
import type { ArkServerInfo } from "../ports/ark-daemon";
import type { TwinReading } from "../ports/asset-supplies";
import type { ExternalCallStore } from "../ports/external-call-store";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import { ensureUserScript } from "../vtxo/ensure-script";
import { GBTC } from "../vtxo/vtxo";

export interface AssignStockDeps extends Pick<
  AssetPayoutDeps,
  "clock" | "config" | "vtxos" | "assets" | "txs" | "payouts" | "budgets" | "assetConfig"
> {
  readonly supplies: Pick<AssetPayoutDeps["supplies"], "readExposure">;
  readonly calls: Pick<ExternalCallStore, "open">;
  readonly insertJob: InsertJobDeps;
  readonly wallet: GatewayPubkeys;
}

export interface WantedAssignment {
  readonly assetId: string;
  readonly userPubkey: string;
  /** Base units; sats for gBTC. */
  readonly amount: bigint;
  /** What the caller may give away in a day of this asset; undefined = the operator, who has no limit. */
  readonly allowance: { readonly keyId: string; readonly unitsPerDay: bigint } | undefined;
  /** Of tapd, for a twin: the units that it is backed by. undefined = it is none, or nothing is known of them now. */
  readonly reading: TwinReading | undefined;
  /** What the job carries of the call that ordered it. */
  readonly origin: Pick<JobDraft, "owner" | "requestId" | "trace">;
}

export interface PlannedAssignment {
  readonly jobId: string;
  /** Final: txids do not depend on signatures. */
  readonly txid: string;
  readonly vtxoId: string;
  readonly amountSats: bigint;
  /** What goes back to the stock of the coins that were taken: units, sats of gBTC. */
  readonly changeAmount: bigint;
  readonly wakes: readonly Wake[];
}

/**
 * Plans a gift to a user out of the gateway's stock: the caller's allowance, the locks, the unsigned transaction and the job that
 * waits for it are one transaction, so N calls at once never share an input and never exceed the allowance. Errors: `asset_unknown`,
 * `asset_inactive`, `amount_below_minimum`, `reserve_insufficient`, `not_ready` (a twin's units are not known, or moving),
 * `inventory_exhausted` (stock, allowance, or the day's carriers).
 */
export async function assignStock(
  deps: AssignStockDeps,
  tx: Tx,
  info: ArkServerInfo,
  wanted: WantedAssignment,
): Promise<PlannedAssignment> {
  const { assetId, userPubkey, amount } = wanted;
  const asset = await getActiveAsset(deps.assets, assetId);
  assertAboveDust(info, wanted);
  const { jobId, wakes } = await insertJob(deps.insertJob, tx, {
    ...wanted.origin,
    task: "vtxo_assign",
    payload: { v: 1, assetId, userPubkey, amount: Number(amount) },
  });
  await takeAllowance(deps, tx, wanted);
  if (assetId !== GBTC) await takeUnits(deps, tx, wanted);
  const amountSats = assetId === GBTC ? amount : deps.assetConfig.carrierSats;
  const { script } = await ensureUserScript(deps.vtxos, tx, userPubkey, info, "user_pubkey");
  const payout = {
    kind: "assign",
    businessId: jobId,
    script,
    ownerPubkey: userPubkey,
    assetId,
    amount,
    amountSats,
  } as const;
  const wake = await planDrivenPayout(deps, tx, info, payout, assignTx(jobId));
  if (wake === undefined) throw new AppError("inventory_exhausted", { details: { asset_id: assetId } });
  await deps.calls.open(tx, jobId, { ...assignCallOf(jobId), request: { asset_id: assetId, amount: Number(amount) } });
  const planned = await readPlanned(deps, jobId, asset.arkAssetId);
  return { jobId, amountSats, ...planned, wakes: [...wakes, wake] };
}

/** How an assignment takes part in its payout. */
export function assignRun(
  deps: Pick<AssetPayoutDeps, "calls" | "ledger">,
  { assetId, jobId, amount }: { readonly assetId: string; readonly jobId: string; readonly amount: bigint },
  guard: PayoutRun["guard"],
): PayoutRun {
  return {
    ...assignTx(jobId),
    guard,
    onFinal: async (tx, { attempt, txid }) => {
      await deps.calls.confirm(tx, assignCallOf(jobId), txid);
      const amountSats = attempt.outputs.find(({ role }) => role === "recipient")?.amountSats ?? 0n;
      await deps.ledger.post(tx, {
        kind: POSTING_KINDS.vtxoAssigned,
        businessId: jobId,
        memo: `assignment of ${assetId}`,
        postings: assignedPostings(assetId, amount, amountSats),
      });
    },
  };
}

function assignTx(jobId: string) {
  return { sessionId: jobId, txType: "vtxo_assign" } as const;
}

/** The intention that commits the job to its payout. */
function assignCallOf(jobId: string) {
  return { service: "arkd", kind: "vtxo_assign", businessKey: jobId } as const;
}

function assertAboveDust(info: ArkServerInfo, { assetId, amount }: WantedAssignment): void {
  const minimum = dustOf(info);
  if (assetId === GBTC && amount < minimum) {
    throw new AppError("amount_below_minimum", { details: { minimum: Number(minimum) } });
  }
}

async function takeAllowance(
  { budgets, clock }: AssignStockDeps,
  tx: Tx,
  { allowance, assetId, amount }: WantedAssignment,
): Promise<void> {
  if (allowance === undefined) return;
  const { keyId, unitsPerDay: limit } = allowance;
  const budget = { name: `assign:${keyId}:${assetId}`, day: budgetDay(clock), limit, wanted: amount };
  if ((await budgets.reserve(tx, budget)) === amount) return;
  const message = "The key may give away no more of this asset today.";
  throw new AppError("inventory_exhausted", { message, details: { asset_id: assetId } });
}

/** A twin leaves the gateway only as far as tapd's units stand behind it: judged under the asset's row lock, as mints are. */
async function takeUnits(deps: AssignStockDeps, tx: Tx, wanted: WantedAssignment): Promise<void> {
  const { assetId, amount, reading } = wanted;
  const asset = await deps.assets.lock(tx, assetId);
  assert(asset !== undefined, "an active asset stays registered");
  if (asset.backing === "taproot") {
    if (reading === undefined) {
      const message = "What stands behind the asset is not known at this moment.";
      throw new AppError("not_ready", { message, details: { asset_id: assetId } });
    }
    const exposure = await deps.supplies.readExposure(tx, assetId);
    assertReserve(asset, exposure, reading, { units: amount, reserveUnits: 0n });
  }
  await takeCarrier(deps, tx);
}

async function readPlanned(
  { payouts }: Pick<AssignStockDeps, "payouts">,
  jobId: string,
  arkAssetId: string | undefined,
): Promise<Pick<PlannedAssignment, "txid" | "vtxoId" | "changeAmount">> {
  const payout = await payouts.find("assign", jobId);
  const [attempt] = payout === undefined ? [] : await payouts.listAttempts(payout.id);
  assert(attempt !== undefined, "an assignment just planned has its attempt");
  const changeAmount = attempt.outputs
    .filter(({ role }) => role === "change")
    .flatMap(({ amountSats, assets = [] }) =>
      arkAssetId === undefined
        ? [amountSats]
        : assets.filter(({ assetId }) => assetId === arkAssetId).map(({ amount }) => amount),
    )
    .reduce((sum, each) => sum + each, 0n);
  const { vout } = attempt.outputs.find(({ role }) => role === "recipient") ?? { vout: 0 };
  return { txid: attempt.txid, vtxoId: `${attempt.txid}:${vout}`, changeAmount };
}
