import type { AssetIssuance } from "../ark/asset-types";
import { buildArkTx } from "../ark/build-ark-tx";
import { sumAssets } from "../ark/sum-assets";
import { nameOf, readNamesOf } from "../asset/asset-names";
import { dustOf } from "../ceremony/ark-limits";
import { arkParamsOf } from "../ceremony/issue-ark-challenge";
import { toArkInput } from "../ceremony/transfer-plan";
import { AppError, assert } from "../errors";
import type { ArkServerInfo } from "../ports/ark-daemon";
import type { NewPayout } from "../ports/lightning-stores";
import type { TransactionParty } from "../ports/transaction-store";
import type { Tx } from "../ports/transactions";
import type { Freshness } from "../ports/vtxo-store";
import { NEVER_SENT } from "../session/session";
import { ensureScript } from "../vtxo/ensure-script";
import { GBTC, type Vtxo } from "../vtxo/vtxo";
import type { GatewayPubkeys } from "./gateway-pubkeys";
import { lockOwnerOf, type Payout, type PayoutAttempt, type PayoutOutput } from "./payout";
import type { PayoutDeps, PayoutRun } from "./payout-deps";
import { partedPayoutOutputs, stockPayoutOutputs, wholeOutput } from "./payout-outputs";
import { freshnessFor, satsKindOf, unitsKindOf } from "./payout-sources";
import { arkIdOf, takeStock } from "./take-stock";

/** Planning asks no daemon, so it can be part of the owner's transaction. */
export interface PlanDeps extends Pick<PayoutDeps, "clock" | "config" | "vtxos" | "assets" | "txs" | "payouts"> {
  readonly wallet: GatewayPubkeys;
}
type PlanRun = Pick<PayoutRun, "sessionId" | "txType">;

/**
 * Plans a payout from stock: inputs locked without an end, the first of them the pivot, and the first attempt written down unsigned.
 * undefined = not enough free stock: nothing may be kept, so the caller rolls its transaction back.
 */
export async function planStockPayout(
  deps: PlanDeps,
  tx: Tx,
  info: ArkServerInfo,
  wanted: Omit<NewPayout, "pivotVtxoId">,
  run: PlanRun,
): Promise<Payout | undefined> {
  return planReservedPayout(deps, tx, info, wanted, { vtxoIds: [], freshness: freshnessFor(deps, wanted) }, run);
}

/**
 * Plans a payout from the stock that was reserved for it, the first of it the pivot; from other stock when any of it has become too
 * old for a user meanwhile. undefined as `planStockPayout`.
 */
export async function planReservedPayout(
  deps: PlanDeps,
  tx: Tx,
  info: ArkServerInfo,
  wanted: Omit<NewPayout, "pivotVtxoId">,
  reserved: { readonly vtxoIds: readonly string[]; readonly freshness: Freshness },
  run: PlanRun,
): Promise<Payout | undefined> {
  const { vtxoIds: reservedVtxoIds, freshness } = reserved;
  const lockedBy = lockOwnerOf(wanted);
  const rows = await deps.vtxos.listByIds(tx, reservedVtxoIds);
  const held = reservedVtxoIds.flatMap((id) =>
    rows.filter(
      ({ vtxoId, status, lockedBy: holder, expiresAt }) =>
        vtxoId === id &&
        status === "available" &&
        holder === lockedBy &&
        (expiresAt === null || expiresAt >= freshness.minExpiresAt),
    ),
  );
  if (held.length < reservedVtxoIds.length) await deps.vtxos.unlock(tx, lockedBy);
  const kept = held.length < reservedVtxoIds.length ? [] : held;
  const coins = await takeStock(deps, tx, info, wanted, kept, freshness);
  const [pivot] = coins ?? [];
  if (coins === undefined || pivot === undefined) return undefined;
  const payout = await deps.payouts.insert(tx, { ...wanted, pivotVtxoId: pivot.vtxoId });
  await planPaying(deps, tx, info, payout, coins, run);
  return payout;
}

/**
 * Plans the return of one VTXO that the gateway holds for its user: exactly it goes in, exactly its sats come out with every asset
 * on them. The caller holds its lock as `land:<businessId>`.
 */
export async function planRefund(
  deps: PlanDeps,
  tx: Tx,
  info: ArkServerInfo,
  refund: Omit<NewPayout, "pivotVtxoId" | "kind" | "amountSats"> & { readonly pivot: Vtxo },
  run: PlanRun,
): Promise<Payout> {
  const { pivot, ...wanted } = refund;
  const { vtxoId: pivotVtxoId, amountSats } = pivot;
  const payout = await deps.payouts.insert(tx, { ...wanted, kind: "refund", pivotVtxoId, amountSats });
  await planPaying(deps, tx, info, payout, [pivot], run);
  return payout;
}

/** Plans that VTXOs of the gateway's go whole to one script of its own, as one VTXO. The caller holds their locks as the payout's. */
export async function planMove(
  deps: PlanDeps,
  tx: Tx,
  info: ArkServerInfo,
  move: Pick<NewPayout, "kind" | "businessId" | "script" | "ownerPubkey" | "wakeAt"> & {
    readonly coins: readonly Vtxo[];
  },
  run: PlanRun,
): Promise<Payout> {
  const { coins, ...wanted } = move;
  const [pivot] = coins;
  assert(pivot !== undefined, "a move has an input");
  const amountSats = coins.reduce((sum, coin) => sum + coin.amountSats, 0n);
  const amounts = { assetId: GBTC, amount: amountSats, amountSats };
  const payout = await deps.payouts.insert(tx, { ...wanted, ...amounts, pivotVtxoId: pivot.vtxoId });
  await planPaying(deps, tx, info, payout, coins, run);
  return payout;
}

/**
 * The next paying attempt after every earlier one was proven dead: the same pivot and what else is still locked, by arkd's present
 * parameters. When that is the very transaction of a dead attempt, that one is opened again. Only when arkd has shown the pivot as
 * spent by none of our attempts a payout from stock gets another one; a refund is `vtxo_spent` then. Spent by one of them = arkd has
 * taken that one after all, and it is followed in place of a new one. false = not enough free stock: roll back.
 */
export async function planNextAttempt(
  deps: PlanDeps,
  tx: Tx,
  info: ArkServerInfo,
  payout: Payout,
  run: PlanRun,
): Promise<boolean> {
  const attempts = await deps.payouts.listAttempts(payout.id);
  assert(
    payout.status === "planned" && attempts.every((each) => each.outcome === "dead"),
    "a next attempt follows only when no other one can win",
  );
  const ids = [...new Set([payout.pivotVtxoId, ...attempts.flatMap((each) => each.inputVtxoIds)])];
  const rows = await deps.vtxos.listByIds(tx, ids);
  const taken = attempts.find((each) => rows.some((row) => row.spendingTxid === each.txid));
  if (taken !== undefined) {
    await deps.payouts.changeAttempt(tx, payout.id, taken.attempt, { outcome: "open" });
    await deps.payouts.move(tx, payout, { status: "submitting" });
    return true;
  }
  const held = heldOf(payout, rows, ids);
  if (payout.kind === "refund") {
    if (held.length === 0) throw new AppError("vtxo_spent", { details: { vtxo_id: payout.pivotVtxoId } });
    await planPaying(deps, tx, info, payout, held, run, attempts);
    return true;
  }
  const coins = await takeStock(deps, tx, info, payout, held);
  const [pivot] = coins ?? [];
  if (coins === undefined || pivot === undefined) return false;
  const moved = await deps.payouts.move(tx, payout, { pivotVtxoId: pivot.vtxoId });
  await planPaying(deps, tx, info, moved, coins, run, attempts);
  return true;
}

/** Spends the pivot back to the gateway, so that no earlier attempt can be accepted any more. */
export async function planKill(deps: PlanDeps, tx: Tx, info: ArkServerInfo, payout: Payout): Promise<void> {
  const attempts = await deps.payouts.listAttempts(payout.id);
  const [pivot] = await deps.vtxos.listByIds(tx, [payout.pivotVtxoId]);
  assert(pivot !== undefined && pivot.kind !== "user", "a pivot is a VTXO of the gateway");
  const script = await ensureScript(deps.vtxos, tx, deps.wallet.keys[pivot.kind].pubkey, info, pivot.kind);
  const outputs = [wholeOutput("change", pivot, script)];
  await writeAttempt(deps, tx, info, payout, { role: "kill", coins: [pivot], outputs, attempts });
}

/** Gives up a payout of which nothing can win any more; its inputs are free again. */
export async function cancelPayout(
  deps: Pick<PayoutDeps, "vtxos" | "txs" | "payouts">,
  tx: Tx,
  payout: Payout,
  run: Pick<PayoutRun, "sessionId" | "txType">,
  error: AppError,
): Promise<void> {
  await deps.payouts.move(tx, payout, { status: "cancelled" });
  for (const attempt of await deps.payouts.listAttempts(payout.id)) {
    if (attempt.outcome !== "open") continue;
    assert(attempt.submitState.sends === 0, "an attempt that was sent is not given up");
    await killAttempt(deps, tx, attempt, run, error);
  }
  await deps.vtxos.unlock(tx, lockOwnerOf(payout));
}

/** Notes that an attempt can never win. */
export async function killAttempt(
  deps: Pick<PayoutDeps, "txs" | "payouts">,
  tx: Tx,
  attempt: PayoutAttempt,
  { sessionId, txType }: Pick<PayoutRun, "sessionId" | "txType">,
  error: AppError,
): Promise<void> {
  await deps.payouts.changeAttempt(tx, attempt.payoutId, attempt.attempt, { outcome: "dead" });
  if (attempt.role === "pay")
    await deps.txs.fail(tx, attempt.txid, sessionId, { txType, errorCode: error.code, errorMessage: error.message });
}

/** What earlier attempts locked and still can be spent, the pivot first. */
function heldOf(payout: Payout, rows: readonly Vtxo[], ids: readonly string[]): readonly Vtxo[] {
  return ids.flatMap((id) =>
    rows.filter((row) => row.vtxoId === id && row.status === "available" && row.lockedBy === lockOwnerOf(payout)),
  );
}

async function planPaying(
  deps: PlanDeps,
  tx: Tx,
  info: ArkServerInfo,
  payout: Payout,
  coins: readonly Vtxo[],
  { sessionId, txType }: PlanRun,
  attempts: readonly PayoutAttempt[] = [],
): Promise<void> {
  const { ownerPubkey, assetId } = payout;
  const outputCount = BigInt(payout.outputCount);
  const amount = payout.amount * outputCount;
  const amountSats = payout.amountSats * outputCount;
  const outputs = await payingOutputs(deps, tx, info, payout, coins);
  const issuance = await issuanceOf(deps, tx, payout);
  const txid = await writeAttempt(deps, tx, info, payout, { role: "pay", coins, outputs, issuance, attempts });
  const senderPubkey = coins[0]?.ownerPubkey ?? ownerPubkey;
  await deps.txs.plan(tx, {
    txid,
    sessionId,
    txType,
    assetId,
    assetAmount: amount,
    amountSats,
    feeSats: 0n,
    senderPubkey,
    recipientPubkey: ownerPubkey,
    parties: await partiesOf(deps, tx, payout, amount),
  });
}

async function partiesOf(
  deps: PlanDeps,
  tx: Tx,
  { ownerPubkey: pubkey, assetId, parts = [] }: Payout,
  amount: bigint,
): Promise<readonly TransactionParty[]> {
  const names = await readNamesOf(deps.assets, tx, parts);
  const units = sumAssets(parts).map((each) => ({ assetId: nameOf(names, each.assetId), amount: each.amount }));
  return [{ assetId, amount }, ...units].map((each) => ({ pubkey, direction: "in", ...each }));
}

async function payingOutputs(
  deps: PlanDeps,
  tx: Tx,
  info: ArkServerInfo,
  payout: Payout,
  coins: readonly Vtxo[],
): Promise<readonly PayoutOutput[]> {
  const [pivot] = coins;
  if (payout.kind === "refund" && pivot !== undefined) return [wholeOutput("recipient", pivot, payout)];
  if (payout.kind === "move") {
    const { amountSats } = payout;
    return [wholeOutput("change", { amountSats, assets: sumAssets(coins) }, payout)];
  }
  const changeKind = satsKindOf(payout, coins);
  const changeScript = await ensureScript(deps.vtxos, tx, deps.wallet.keys[changeKind].pubkey, info, changeKind);
  if (payout.parts !== undefined) {
    return partedPayoutOutputs(payout, payout.parts, coins, { dustSats: dustOf(info), changeScript });
  }
  const arkAssetId = await arkIdOf(deps, tx, payout);
  const unitsKind = unitsKindOf(payout);
  const unitsScript = await ensureScript(deps.vtxos, tx, deps.wallet.keys[unitsKind].pubkey, info, unitsKind);
  return stockPayoutOutputs(payout, coins, { arkAssetId, dustSats: dustOf(info), changeScript, unitsScript });
}

/** All units of a new asset go to the output of the recipient. */
async function issuanceOf(deps: PlanDeps, tx: Tx, payout: Payout): Promise<AssetIssuance | undefined> {
  if (payout.kind !== "issue") return undefined;
  const asset = await deps.assets.find(tx, payout.assetId);
  assert(asset !== undefined, `${payout.assetId} is registered`);
  const metadata = [
    { key: "name", value: asset.name },
    { key: "ticker", value: asset.ticker },
    { key: "decimals", value: String(asset.decimalPlaces) },
  ];
  return { vout: 0, amount: payout.amount, metadata };
}

interface AttemptPlan {
  readonly role: PayoutAttempt["role"];
  readonly coins: readonly Vtxo[];
  readonly outputs: readonly PayoutOutput[];
  readonly issuance?: AssetIssuance | undefined;
  readonly attempts: readonly PayoutAttempt[];
}

/** Returns the txid. A txid is a pure function of inputs and outputs, so the same plan again is the same attempt. */
async function writeAttempt(
  deps: PlanDeps,
  tx: Tx,
  info: ArkServerInfo,
  payout: Payout,
  { role, coins, outputs, issuance, attempts }: AttemptPlan,
): Promise<string> {
  const scripts = await deps.vtxos.listScriptsById([...new Set(coins.map((coin) => coin.scriptId))]);
  const inputs = coins.map((vtxo) => {
    const script = scripts.find((each) => each.id === vtxo.scriptId);
    assert(script !== undefined, `no script row for ${vtxo.vtxoId}`);
    return toArkInput({ vtxo, script });
  });
  const built = buildArkTx(arkParamsOf(info), inputs, outputs, info, issuance === undefined ? [] : [issuance]);
  const known = attempts.find((each) => each.txid === built.txid);
  if (known !== undefined) {
    assert(known.outcome === "dead", "an attempt is opened again only after it was proven dead");
    await deps.payouts.changeAttempt(tx, payout.id, known.attempt, { outcome: "open", submitState: NEVER_SENT });
    return built.txid;
  }
  await deps.payouts.insertAttempt(tx, {
    payoutId: payout.id,
    attempt: attempts.length + 1,
    pivotVtxoId: payout.pivotVtxoId,
    txid: built.txid,
    role,
    unsignedPsbt: built.arkPsbt,
    signedPsbt: undefined,
    checkpoints: built.checkpoints.map(({ txid, psbt }) => ({ txid, unsignedPsbt: psbt, finalPsbt: undefined })),
    outputs: outputs.map((output) => withIssued(output, issuance, built.issuedAssetIds)),
    inputVtxoIds: coins.map((coin) => coin.vtxoId),
  });
  return built.txid;
}

/** The id of a new asset is that of the transaction, so the output learns it last. */
function withIssued(
  output: PayoutOutput,
  issuance: AssetIssuance | undefined,
  [assetId]: readonly string[],
): PayoutOutput {
  if (issuance?.vout !== output.vout || assetId === undefined) return output;
  return { ...output, assets: [{ assetId, amount: issuance.amount }] };
}
