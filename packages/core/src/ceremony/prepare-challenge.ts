import { buildArkTx } from "../ark/build-ark-tx";
import { arkItems } from "../ark/signing-items";
import type { ArkParams, BuiltArkTx } from "../ark/types";
import { AppError } from "../errors";
import type { ChallengeContext } from "../nostr/challenge-content";
import type { ArkServerInfo } from "../ports/ark-daemon";
import type { Tx } from "../ports/transactions";
import type { Challenge } from "../session/challenge";
import { challengeExpiry } from "../session/challenge-times";
import { challengeEventData, issueChallenge } from "../session/issue-challenge";
import { moveSession } from "../session/move-session";
import type { Session } from "../session/session";
import type { SessionDeps } from "../session/session-deps";
import { ensureScript } from "../vtxo/ensure-script";
import type { SelectionRules } from "../vtxo/select-coins";
import { GBTC, type Vtxo, type VtxoScriptRow } from "../vtxo/vtxo";
import { chooseInputs } from "./choose-inputs";
import { planTransfer, type PlanCoin, type TransferPlan } from "./transfer-plan";

export interface Prepared {
  readonly session: Session;
  readonly challenge: Challenge;
}

/**
 * Steps 1-3 of the ceremony from local state, in one transaction: funds judged, inputs and co-input locked for the life of
 * challenge 1, ark tx and checkpoints built and stored, challenge 1 issued. Asks no daemon. All or nothing: whatever it
 * throws (see `chooseInputs`; inventory_exhausted, not_ready, wrong_state), nothing is locked or planned.
 */
export async function prepareChallenge(deps: SessionDeps, tx: Tx, session: Session, fence?: string): Promise<Prepared> {
  const info = await deps.arkInfo.current();
  const params: ArkParams = {
    signerPubkey: info.signerPubkey,
    checkpointTapscript: info.checkpointTapscript,
    exitDelay: info.unilateralExitDelay,
  };
  const expiresAt = challengeExpiry(deps, session);
  const challengeId = deps.random.uuid();
  // The parent's compare-and-set comes first, so that two preparations of one session meet here and not at the locks.
  const prepared = await moveSession(
    deps,
    tx,
    session,
    { status: "challenge_sent", ceremonyState: "ark_tx_prepared", arkParams: params, prepareSince: null },
    { fence, events: [challengeEventData({ challengeId, stage: "ark_tx", expiresAt })] },
  );
  const { built, plan, userCoins } = await buildTransfer(deps, tx, prepared, info, params, expiresAt);
  await storePlan(deps, tx, prepared, built, plan);
  const challenge = await issueChallenge(deps, tx, prepared, {
    challengeId,
    stage: "ark_tx",
    items: arkItems(built.arkPsbt, prepared.userPubkey),
    arkPsbt: built.arkPsbt,
    checkpointPsbts: built.checkpoints.map((each) => each.psbt),
    params,
    amounts: amountsOf(prepared, plan, userCoins),
    expiresAt,
  });
  return { session: prepared, challenge };
}

/** What the sender's coins must cover, and the limits of a selection. */
export function selectionRules(deps: SessionDeps, intent: Session["intent"], info: ArkServerInfo): SelectionRules {
  return {
    targetSats: intent.amountSats + intent.feeSats,
    dustSats: dustOf(info),
    maxInputs: deps.config.maxInputs,
    dustToRecipient: intent.dustPolicy === "to_recipient",
  };
}

/** Smallest output arkd lets us make: its dust limit, or its VTXO minimum where that is higher. */
export function dustOf(info: ArkServerInfo): bigint {
  return info.vtxoMinSats > info.dustSats ? info.vtxoMinSats : info.dustSats;
}

interface BuiltTransfer {
  readonly built: BuiltArkTx;
  readonly plan: TransferPlan;
  readonly userCoins: readonly Vtxo[];
}

async function buildTransfer(
  deps: SessionDeps,
  tx: Tx,
  session: Session,
  info: ArkServerInfo,
  params: ArkParams,
  lockUntil: Date,
): Promise<BuiltTransfer> {
  const { intent, userPubkey } = session;
  const feeReturnScript = await findUsedScript(deps, info);
  const changeScript = await ensureScript(deps.vtxos, tx, userPubkey, info, "user");
  const recipientScript = await ensureScript(deps.vtxos, tx, intent.recipientPubkey, info, "user");
  const chosen = await chooseInputs(deps, tx, session, selectionRules(deps, intent, info), lockUntil);
  const coInput = await lockCoInput(deps, tx, session, lockUntil);
  const plan = planTransfer({
    intent,
    coins: await withScripts(deps, userPubkey, chosen.coins),
    coInput: await gatewayCoin(deps, coInput),
    changeSats: chosen.changeSats,
    dustSats: dustOf(info),
    recipientScript,
    changeScript,
    feeReturnScript,
  });
  return { built: buildArkTx(params, plan.inputs, plan.outputs, info), plan, userCoins: chosen.coins };
}

async function lockCoInput(deps: SessionDeps, tx: Tx, session: Session, until: Date): Promise<Vtxo> {
  const [coInput] = await deps.vtxos.lockGateway(
    tx,
    {
      kind: "fee",
      minAmountSats: deps.config.feeVtxoSats,
      minExpiresAt: new Date(deps.clock.now().getTime() + deps.config.vtxoMinRemainingMs),
      count: 1,
    },
    session.sessionId,
    until,
  );
  if (coInput === undefined)
    throw new AppError("inventory_exhausted", { details: { asset_id: GBTC }, retryAfterSeconds: 10 });
  return coInput;
}

/** Where co-inputs come back to: never a co-input again, since they inherit the user's expiry. Registered by the worker. */
async function findUsedScript(deps: SessionDeps, info: ArkServerInfo): Promise<VtxoScriptRow> {
  const scripts = await deps.vtxos.listScriptsOfKind("used");
  const current = scripts.find(
    (each) => each.signerPubkey === info.signerPubkey && each.exitDelay === info.unilateralExitDelay,
  );
  if (current === undefined)
    throw new AppError("not_ready", { internal: "the gateway's scripts are not registered yet" });
  return current;
}

async function withScripts(
  deps: SessionDeps,
  ownerPubkey: string,
  vtxos: readonly Vtxo[],
): Promise<readonly PlanCoin[]> {
  const scripts = await deps.vtxos.listScripts(ownerPubkey);
  return vtxos.map((vtxo) => ({ vtxo, script: scriptOf(scripts, vtxo) }));
}

async function gatewayCoin(deps: SessionDeps, vtxo: Vtxo): Promise<PlanCoin> {
  return { vtxo, script: scriptOf(await deps.vtxos.listScriptsOfKind("fee"), vtxo) };
}

function scriptOf(scripts: readonly VtxoScriptRow[], vtxo: Vtxo): VtxoScriptRow {
  const script = scripts.find((each) => each.id === vtxo.scriptId);
  if (script === undefined) throw new AppError("internal_error", { internal: `no script row for ${vtxo.vtxoId}` });
  return script;
}

async function storePlan(
  deps: SessionDeps,
  tx: Tx,
  session: Session,
  built: BuiltArkTx,
  plan: TransferPlan,
): Promise<void> {
  const { intent, sessionId, userPubkey } = session;
  await deps.sessionTxs.replacePlan(tx, session, {
    txs: {
      ark: unsigned(built.txid, 0, built.arkPsbt),
      checkpoints: built.checkpoints.map((each, seq) => unsigned(each.txid, seq, each.psbt)),
    },
    outputs: plan.planned,
    inputs: plan.inputs.map((input, inputIndex) => ({
      vtxoId: input.vtxoId,
      role: inputIndex === plan.inputs.length - 1 ? "fee" : "user",
      inputIndex,
    })),
  });
  await deps.txs.plan(tx, {
    txid: built.txid,
    sessionId,
    txType: session.sessionType,
    assetId: GBTC,
    assetAmount: intent.amountSats,
    amountSats: intent.amountSats,
    feeSats: intent.feeSats,
    senderPubkey: userPubkey,
    recipientPubkey: intent.recipientPubkey,
    parties: [
      { pubkey: userPubkey, direction: "out", assetId: GBTC, amount: intent.amountSats + intent.feeSats },
      { pubkey: intent.recipientPubkey, direction: "in", assetId: GBTC, amount: intent.amountSats },
    ],
  });
}

function unsigned(txid: string, seq: number, unsignedPsbt: string) {
  return { txid, seq, unsignedPsbt, signedPsbt: undefined, serverPsbt: undefined, finalPsbt: undefined };
}

/** What the wallet shows before it signs; JSON integers in sats. */
function amountsOf(session: Session, plan: TransferPlan, userCoins: readonly Vtxo[]): ChallengeContext["amounts"] {
  const of = (role: string) =>
    plan.planned
      .filter((each) => each.role === role)
      .map((each) => ({ asset_id: GBTC, amount: Number(each.amountSats) }));
  return {
    spend: userCoins.map((vtxo) => ({ asset_id: GBTC, amount: Number(vtxo.amountSats) })),
    receive: of("recipient"),
    change: of("change"),
    fee: { asset_id: session.intent.feeAssetId, amount: Number(session.intent.feeSats) },
  };
}
