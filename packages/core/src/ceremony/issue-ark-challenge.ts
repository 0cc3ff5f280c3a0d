import { buildArkTx } from "../ark/build-ark-tx";
import { arkItems } from "../ark/signing-items";
import { sumAssets } from "../ark/sum-assets";
import type { ArkParams } from "../ark/types";
import { nameOf, readNamesOf, type AssetNames } from "../asset/asset-names";
import { toJsonAmount } from "../json-amount";
import type { ChallengeContext } from "../nostr/challenge-content";
import type { ArkServerInfo } from "../ports/ark-daemon";
import type { PlannedOutput } from "../ports/session-stores";
import type { PlannedTransaction, TransactionParty } from "../ports/transaction-store";
import type { Tx } from "../ports/transactions";
import { planRenewal } from "../renewal/plan-renewal";
import type { Challenge } from "../session/challenge";
import { issueChallenge } from "../session/issue-challenge";
import { movingIntentOf, type MovingIntent, type Session } from "../session/session";
import type { SessionDeps } from "../session/session-deps";
import { ensureScript, ensureUserScript } from "../vtxo/ensure-script";
import { findGatewayScript } from "../vtxo/find-gateway-script";
import { GBTC, type Vtxo, type VtxoScriptRow } from "../vtxo/vtxo";
import { dustOf, maxAssetsPerOutputOf } from "./ark-limits";
import { gatewayCoin, withScripts } from "./plan-coins";
import { storePlan } from "./store-plan";
import { planTransfer, type TransferPlan } from "./transfer-plan";
import { coInputFeeSatsOf, feeSatsOf } from "./transfer-sums";

/** Inputs that the session holds the locks of. */
export interface LockedInputs {
  readonly coins: readonly Vtxo[];
  readonly coInput: Vtxo;
}

/** Steps 2 and 3 over locked inputs: ark tx and checkpoints built and stored, challenge 1 issued. Pure but for the stores. */
export async function issueArkChallenge(
  deps: SessionDeps,
  tx: Tx,
  session: Session,
  inputs: LockedInputs,
  info: ArkServerInfo,
  { replacesPlan, ...ids }: { readonly challengeId: string; readonly expiresAt: Date; readonly replacesPlan: boolean },
): Promise<Challenge> {
  const params = arkParamsOf(info);
  const plan = await planOutputs(deps, tx, session, inputs, info);
  const built = buildArkTx(params, plan.inputs, plan.outputs, info);
  await storePlan(deps, tx, session, {
    built,
    plan,
    replaces: replacesPlan,
    transaction: transactionOf(session, built.txid, plan, await readNamesOf(deps.assets, tx, plan.planned)),
  });
  return issueChallenge(deps, tx, session, {
    ...ids,
    stage: "ark_tx",
    items: arkItems(built.arkPsbt, session.userPubkey),
    arkPsbt: built.arkPsbt,
    checkpointPsbts: built.checkpoints.map((each) => each.psbt),
    params,
    amounts: amountsOf(session, plan, inputs.coins, await readNamesOf(deps.assets, tx, inputs.coins)),
  });
}

/** What a wallet compares with its pinned values. */
export function arkParamsOf(info: ArkServerInfo): ArkParams {
  return {
    signerPubkey: info.signerPubkey,
    checkpointTapscript: info.checkpointTapscript,
    exitDelay: info.unilateralExitDelay,
  };
}

async function planOutputs(
  deps: SessionDeps,
  tx: Tx,
  session: Session,
  inputs: LockedInputs,
  info: ArkServerInfo,
): Promise<TransferPlan> {
  const { userPubkey } = session;
  const intent = movingIntentOf(session);
  const coins = await withScripts(deps, userPubkey, inputs.coins);
  const coInput = await gatewayCoin(deps, inputs.coInput);
  const dustSats = dustOf(info);
  // Where co-inputs come back to: never a co-input again, since they inherit the user's expiry.
  const feeReturnScript = await findGatewayScript(deps.vtxos, "used", info);
  if (intent.type === "vtxo_renew") {
    const landScript = await findGatewayScript(deps.vtxos, "land", info);
    return planRenewal({ coins, coInput, dustSats, landScript, feeReturnScript });
  }
  return planTransfer({
    intent,
    coins,
    coInput,
    dustSats,
    maxAssetsPerOutput: maxAssetsPerOutputOf(info),
    recipientScript: await recipientScriptOf(deps, tx, intent, info),
    changeScript: await ensureScript(deps.vtxos, tx, userPubkey, info, "user"),
    feeReturnScript,
  });
}

function recipientScriptOf(
  deps: SessionDeps,
  tx: Tx,
  intent: MovingIntent,
  info: ArkServerInfo,
): Promise<VtxoScriptRow> {
  return intent.type === "lightning_land"
    ? findGatewayScript(deps.vtxos, "land", info)
    : ensureUserScript(deps.vtxos, tx, intent.recipientPubkey, info, "params.recipient_pubkey");
}

/** The row of the transaction: what went from whom to whom, by our names. What comes back to the sender did not move. */
function transactionOf(session: Session, txid: string, plan: TransferPlan, names: AssetNames): PlannedTransaction {
  const { sessionId, userPubkey, sessionType } = session;
  const intent = movingIntentOf(session);
  const { assetId, recipientPubkey, arkAssetId } = intent;
  // More sats than the intent says when a change below dust goes with them; of a land it is amount and fee.
  const received = plan.planned.filter(({ role }) => role === "recipient");
  const receivedSats = received.reduce((sum, { amountSats }) => sum + amountSats, 0n);
  const spentSats = receivedSats + coInputFeeSatsOf(intent);
  const amountSats = spentSats - feeSatsOf(intent);
  const units = sumAssets(received).map((each) => ({ assetId: nameOf(names, each.assetId), amount: each.amount }));
  const both = (pubkey: string, direction: "in" | "out", sats: bigint): readonly TransactionParty[] =>
    [{ assetId: GBTC, amount: sats }, ...units].map((each) => ({ pubkey, direction, ...each }));
  return {
    txid,
    sessionId,
    txType: sessionType,
    assetId,
    assetAmount: arkAssetId === undefined ? amountSats : intent.amount,
    amountSats,
    feeSats: feeSatsOf(intent),
    senderPubkey: userPubkey,
    recipientPubkey,
    parties: [
      ...both(userPubkey, "out", spentSats),
      // A party is listed once: of a split as the one who paid for it.
      ...(recipientPubkey === userPubkey ? [] : both(recipientPubkey, "in", receivedSats)),
    ],
  };
}

/** What the wallet shows before it signs, the sats that carry an asset beside it; JSON integers in base units. */
function amountsOf(
  session: Session,
  plan: TransferPlan,
  userCoins: readonly Vtxo[],
  names: AssetNames,
): ChallengeContext["amounts"] {
  const shown = (coins: readonly Pick<PlannedOutput, "amountSats" | "assets">[]) =>
    coins
      .flatMap((coin) => [{ assetId: GBTC, amount: coin.amountSats }, ...(coin.assets ?? [])])
      .map(({ assetId, amount }) => ({ asset_id: nameOf(names, assetId), amount: toJsonAmount(amount) }));
  const of = (role: PlannedOutput["role"]) => shown(plan.planned.filter((each) => each.role === role));
  const { feeAssetId, feeAmount } = session.intent;
  return {
    spend: shown(userCoins),
    receive: of("recipient"),
    change: of("change"),
    fee: { asset_id: feeAssetId, amount: Number(feeAmount) },
  };
}
