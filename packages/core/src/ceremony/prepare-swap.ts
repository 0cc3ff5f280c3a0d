import { buildArkTx } from "../ark/build-ark-tx";
import { arkItems, checkpointItems } from "../ark/signing-items";
import type { BuiltArkTx } from "../ark/types";
import { nameOf, readNamesOf, type AssetNames } from "../asset/asset-names";
import { assert } from "../errors";
import { toJsonAmount } from "../json-amount";
import type { ChallengeContext } from "../nostr/challenge-content";
import type { ArkServerInfo } from "../ports/ark-daemon";
import type { PlannedOutput } from "../ports/session-stores";
import type { PlannedTransaction, TransactionParty } from "../ports/transaction-store";
import type { Tx } from "../ports/transactions";
import { challengeExpiry } from "../session/challenge-times";
import { challengeEventData, issueChallenge } from "../session/issue-challenge";
import { moveMembers, type Members } from "../session/members";
import type { Session, SwapIntent } from "../session/session";
import type { SessionDeps } from "../session/session-deps";
import { choosePresigners } from "../swap/choose-presigners";
import { isSolverOf } from "../swap/names-submitter";
import { ensureScript } from "../vtxo/ensure-script";
import { findGatewayScript } from "../vtxo/find-gateway-script";
import { GBTC, type Vtxo } from "../vtxo/vtxo";
import { dustOf, maxAssetsPerOutputOf } from "./ark-limits";
import { chooseSwapInputs } from "./choose-swap-inputs";
import { arkParamsOf } from "./issue-ark-challenge";
import { gatewayCoin, withScripts } from "./plan-coins";
import { lockCoInput } from "./prepare-challenge";
import { storePlan } from "./store-plan";
import { planSwap, satsOfLegs } from "./swap-plan";
import type { TransferPlan } from "./transfer-plan";

/** A member of a swap with the coins it brings. */
interface SwapSigner {
  readonly session: Session;
  readonly intent: SwapIntent;
  readonly coins: readonly Vtxo[];
}

/**
 * Steps 1-3 for all members of a batch, from local state, in one transaction: everybody's inputs and the co-input locked together or not
 * at all, one ark tx built and stored with the head, and challenge 1 issued to every signer with the same PSBTs and its own items.
 * Asks no daemon. Throws what `chooseSwapInputs` and `lockCoInput` throw, wrong_state, not_ready. Returns the members.
 */
export async function prepareSwap(deps: SessionDeps, tx: Tx, head: Session, fence?: string): Promise<Members> {
  const info = await deps.arkInfo.current();
  const expiresAt = challengeExpiry(deps, head);
  const challengeIds = new Map<string, string>();
  const idOf = ({ sessionId }: Pick<Session, "sessionId">): string => {
    const known = challengeIds.get(sessionId) ?? deps.random.uuid();
    challengeIds.set(sessionId, known);
    return known;
  };
  const change = {
    status: "challenge_sent",
    ceremonyState: "ark_tx_prepared",
    arkParams: arkParamsOf(info),
    prepareSince: null,
    // A worker sets its own timer when it gives the row back; for everybody else the row is due when the challenge runs out.
    ...(fence === undefined ? { wakeAt: expiresAt } : {}),
  } as const;
  const members = await moveMembers(deps, tx, head, change, {
    fence,
    eventsOf: (member) => [challengeEventData({ challengeId: idOf(member), stage: "ark_tx", expiresAt })],
  });
  const funds = members.map((session) => ({ session, userPubkey: session.userPubkey, intent: swapIntentOf(session) }));
  const lock = { lockedBy: head.sessionId, until: expiresAt };
  const coins = await chooseSwapInputs(deps, tx, funds, info, lock);
  const signers = funds.map((each, index) => ({ ...each, coins: coins[index] ?? [] }));
  const coInput = await lockCoInput(deps, tx, members[0], expiresAt);
  const plan = await planFor(deps, tx, signers, coInput, info);
  const built = buildArkTx(arkParamsOf(info), plan.inputs, plan.outputs, info);
  const transaction = transactionOf(members[0], signers, built.txid, plan);
  await storePlan(deps, tx, members[0], { built, plan, replaces: false, transaction });
  await deps.swapBatches.setTxid(tx, head.id, built.txid);
  await issueAll(deps, tx, signers, { built, plan, info, expiresAt, idOf });
  return members;
}

function swapIntentOf({ intent }: Session): SwapIntent {
  assert(intent.type === "atomic_swap", "a batch has sessions of swaps");
  return intent;
}

async function planFor(
  deps: SessionDeps,
  tx: Tx,
  signers: readonly SwapSigner[],
  coInput: Vtxo,
  info: ArkServerInfo,
): Promise<TransferPlan> {
  const members = [];
  for (const { session, intent, coins } of signers) {
    members.push({
      intent,
      coins: await withScripts(deps, session.userPubkey, coins),
      script: await ensureScript(deps.vtxos, tx, session.userPubkey, info, "user"),
    });
  }
  return planSwap({
    members,
    coInput: await gatewayCoin(deps, coInput),
    // Where co-inputs come back to: never a co-input again, since they inherit the users' expiry.
    feeReturnScript: await findGatewayScript(deps.vtxos, "used", info),
    dustSats: dustOf(info),
    maxAssetsPerOutput: maxAssetsPerOutputOf(info),
  });
}

interface Issued {
  readonly built: BuiltArkTx;
  readonly plan: TransferPlan;
  readonly info: ArkServerInfo;
  readonly expiresAt: Date;
  readonly idOf: (session: Session) => string;
}

async function issueAll(deps: SessionDeps, tx: Tx, signers: readonly SwapSigner[], issued: Issued): Promise<void> {
  const { built, plan, info, expiresAt, idOf } = issued;
  const checkpointPsbts = built.checkpoints.map(({ psbt }) => psbt);
  const presigners = await presignersOf(deps, tx, signers);
  const names = await readNamesOf(
    deps.assets,
    tx,
    signers.flatMap(({ coins }) => coins),
  );
  for (const { session, intent, coins } of signers) {
    const presign = presigners.has(session.userPubkey);
    await issueChallenge(deps, tx, session, {
      challengeId: idOf(session),
      expiresAt,
      stage: "ark_tx",
      presign,
      items: [
        ...arkItems(built.arkPsbt, session.userPubkey),
        ...(presign ? checkpointItems(checkpointPsbts, session.userPubkey) : []),
      ],
      arkPsbt: built.arkPsbt,
      checkpointPsbts,
      params: arkParamsOf(info),
      amounts: amountsOf(session, intent, coins, plan, names),
    });
  }
}

async function presignersOf(deps: SessionDeps, tx: Tx, signers: readonly SwapSigner[]): Promise<ReadonlySet<string>> {
  const [head] = signers;
  const batch = head && (await deps.swapBatches.findByHead(tx, head.session.id));
  const members = [];
  for (const { session, coins } of signers) {
    members.push({
      pubkey: session.userPubkey,
      satsIn: coins.reduce((sum, { amountSats }) => sum + amountSats, 0n),
      isSolver:
        session.userPubkey === batch?.authorPubkey ||
        signers.some((other) => isSolverOf(session.userPubkey, other.intent.content)),
      hasCompleted: await deps.sessions.hasCompleted(session.userPubkey),
    });
  }
  return choosePresigners(members, deps.config.batchPresign);
}

/**
 * The row of the transaction: about gBTC, in which everybody pays at least the fee, so that it is listed once for each member; what
 * moved of other assets stands with the parties.
 */
function transactionOf(
  head: Session,
  signers: readonly SwapSigner[],
  txid: string,
  { planned }: TransferPlan,
): PlannedTransaction {
  const parties = signers.flatMap(({ session, intent, coins }) =>
    partiesOf(session.userPubkey, intent, coins, planned),
  );
  const amountSats = signers.reduce((sum, { intent }) => sum + satsOfLegs(intent.give), 0n);
  return {
    txid,
    sessionId: head.sessionId,
    txType: head.sessionType,
    assetId: GBTC,
    assetAmount: amountSats,
    amountSats,
    feeSats: signers.reduce((sum, { intent }) => sum + intent.feeAmount, 0n),
    senderPubkey: head.userPubkey,
    recipientPubkey: signers[1]?.session.userPubkey ?? head.userPubkey,
    parties,
  };
}

function partiesOf(
  pubkey: string,
  intent: SwapIntent,
  coins: readonly Vtxo[],
  planned: readonly PlannedOutput[],
): readonly TransactionParty[] {
  const satsIn = coins.reduce((sum, { amountSats }) => sum + amountSats, 0n);
  const satsOut = planned
    .filter((each) => each.ownerPubkey === pubkey && each.role !== "fee_return")
    .reduce((sum, { amountSats }) => sum + amountSats, 0n);
  const isOut = satsIn >= satsOut;
  const units = (legs: SwapIntent["give"], direction: "in" | "out"): readonly TransactionParty[] =>
    legs
      .filter(({ arkAssetId }) => arkAssetId !== undefined)
      .map(({ assetId, amount }) => ({ pubkey, direction, assetId, amount }));
  return [
    {
      pubkey,
      direction: isOut ? "out" : "in",
      assetId: GBTC,
      amount: isOut ? satsIn - satsOut : satsOut - satsIn,
    },
    ...units(intent.give, "out"),
    ...units(intent.receive, "in"),
  ];
}

/** What the wallet shows before it signs: its own side, with the sats that carry assets; JSON integers in base units. */
function amountsOf(
  session: Session,
  intent: SwapIntent,
  coins: readonly Vtxo[],
  { planned }: TransferPlan,
  names: AssetNames,
): ChallengeContext["amounts"] {
  const shown = (of: readonly Pick<PlannedOutput, "amountSats" | "assets">[]) =>
    of
      .flatMap((coin) => [{ assetId: GBTC, amount: coin.amountSats }, ...(coin.assets ?? [])])
      .map(({ assetId, amount }) => ({ asset_id: nameOf(names, assetId), amount: toJsonAmount(amount) }));
  const own = (role: PlannedOutput["role"]) =>
    shown(planned.filter((each) => each.role === role && each.ownerPubkey === session.userPubkey));
  return {
    spend: shown(coins),
    receive: own("recipient"),
    change: own("change"),
    fee: { asset_id: intent.feeAssetId, amount: Number(intent.feeAmount) },
  };
}
