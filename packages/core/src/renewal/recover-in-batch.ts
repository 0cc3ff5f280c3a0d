import { hex } from "@scure/base";

import type { BatchIntent } from "../ark-batch/batch-intent";
import { minExpirySeconds } from "../ark-batch/min-expiry";
import { onchainScriptOf } from "../ark/onchain-script";
import { parsePsbt } from "../ark/psbt";
import type { ArkOutput } from "../ark/types";
import { namedAmounts, readNamesOf } from "../asset/asset-names";
import { dustOf } from "../ceremony/ark-limits";
import { AppError, assert } from "../errors";
import { toJsonAmount } from "../json-amount";
import type { ConfirmationContent } from "../nostr/result-content";
import type { ArkVtxo } from "../ports/ark-daemon";
import type { BatchProof } from "../ports/batch-proof-store";
import type { Tx } from "../ports/transactions";
import { endAwaitingBatch, type SessionEnd } from "../session/end-session";
import { moveSession } from "../session/move-session";
import { publishConfirmation } from "../session/publish-confirmation";
import { isAwaitingBatch, movingIntentOf, type Session } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";
import { WITHOUT_ARKD } from "../session/session-machine";
import type { SettlementDeps, SettlementTurn } from "../settlement/settlement-deps";
import type { Vtxo } from "../vtxo/vtxo";
import { planRecovery, recoveryCosigner } from "./recovery-plan";

export type RecoveryDeps = SettlementDeps & CeremonyDeps;

/** A batch begins within one session of the registration; the wait and the batch itself fit into three. */
const SESSIONS_AWAITED = 3;

/** What became of one proof in this run; `waiting` = the next run takes it up again. */
export type RecoveryOutcome = "completed" | "ended" | "waiting";

/**
 * Takes part in a batch with every proof that users have signed. All of it is read from rows and from arkd, so it can be killed anywhere
 * and run again: the inputs say what became of an earlier try. One that fails holds up no other; its error is in the answer.
 */
export function recoverInBatch(
  deps: RecoveryDeps,
  proofs: readonly BatchProof[],
  turn: SettlementTurn,
): Promise<readonly PromiseSettledResult<RecoveryOutcome>[]> {
  return Promise.allSettled(proofs.map((proof) => recoverOne(deps, proof, turn)));
}

interface Recovery {
  readonly proof: BatchProof;
  readonly session: Session;
  readonly intent: BatchIntent;
}

async function recoverOne(deps: RecoveryDeps, proof: BatchProof, turn: SettlementTurn): Promise<RecoveryOutcome> {
  const session = await deps.sessions.find(proof.sessionId);
  assert(session !== undefined && isAwaitingBatch(session), "an open proof has its session");
  const held = await deps.vtxos.listLocked(undefined, proof.sessionId);
  const recovery = { proof, session, intent: await intentOf(deps, session, held, proof) };
  const ended = await lookAtInputs(deps, recovery, turn);
  if (ended !== undefined) return ended;
  const outcome = await join(deps, recovery, turn);
  if (outcome.kind !== "finalized") return "waiting";
  return (await lookAtInputs(deps, recovery, turn)) ?? "waiting";
}

async function intentOf(
  deps: RecoveryDeps,
  session: Session,
  held: readonly Vtxo[],
  { proof }: BatchProof,
): Promise<BatchIntent> {
  const coins = (movingIntentOf(session).sourceVtxos ?? []).map((vtxoId) => {
    const coin = held.find((each) => each.vtxoId === vtxoId);
    assert(coin !== undefined, `${vtxoId} is held while its proof is open`);
    return coin;
  });
  const { script } = parsePsbt(proof).getOutput(0);
  assert(script !== undefined, "a proof pays somebody");
  const dustSats = dustOf(await deps.arkInfo.current());
  return planRecovery(deps, session, { coins, script: hex.encode(script), dustSats });
}

/** Ends what the inputs, or the time, say is over; undefined = a batch may take the proof. */
async function lookAtInputs(
  deps: RecoveryDeps,
  recovery: Recovery,
  turn: SettlementTurn,
): Promise<RecoveryOutcome | undefined> {
  const { intent, proof, session } = recovery;
  const seen = await deps.arkd.listVtxosByOutpoints(intent.inputs.map(({ vtxoId }) => vtxoId));
  const [first] = seen;
  const isOver = proof.validUntil <= deps.clock.now();
  if (first !== undefined && first.settledBy !== "" && seen.every(({ settledBy }) => settledBy === first.settledBy)) {
    const outputs = await findOutputs(deps, intent, first.settledBy);
    if (outputs !== undefined) return complete(deps, recovery, { commitmentTxid: first.settledBy, outputs }, turn);
    // arkd may show the inputs as settled before the outputs; for ever it does so when their owner settled them to somewhere else.
    if (!isOver) return "waiting";
  }
  const gone = seen.find(({ isSpent, isUnrolled }) => isSpent || isUnrolled);
  if (gone !== undefined) {
    const error = new AppError("vtxo_spent", { details: { vtxo_id: gone.vtxoId, spending_txid: gone.settledBy } });
    return end(deps, session, { status: "failed", error }, turn);
  }
  if (!isOver) return undefined;
  return end(deps, session, { status: "expired", error: new AppError("session_expired") }, turn);
}

async function end(
  deps: RecoveryDeps,
  session: Session,
  why: SessionEnd,
  { guard }: SettlementTurn,
): Promise<RecoveryOutcome> {
  await deps.transactions.run(async (tx) => {
    await guard(tx);
    await endAwaitingBatch(deps, tx, session, why);
    await deps.proofs.note(tx, session.sessionId, { status: "failed" });
  });
  return "ended";
}

async function join(deps: RecoveryDeps, { proof, session, intent }: Recovery, { guard, signal }: SettlementTurn) {
  const info = await deps.batches.getBatchInfo();
  const arkInfo = await deps.arkInfo.current();
  return deps.joinBatch(
    {
      intent,
      proof: { proof: proof.proof, message: proof.message },
      cosigner: recoveryCosigner(deps, session),
      keys: [],
      forfeitPubkey: info.forfeitPubkey,
      forfeitScript: onchainScriptOf(info.forfeitAddress, arkInfo.network),
      minExpirySeconds: minExpirySeconds(arkInfo),
      timeoutMs: SESSIONS_AWAITED * info.sessionDurationMs,
    },
    {
      onRegistered: (arkdIntentId) =>
        deps.transactions.run(async (tx) => {
          await guard(tx);
          await deps.proofs.note(tx, session.sessionId, { arkdIntentId, status: "registered" });
        }),
      // No forfeit leaves, so nothing has to be written down before: the inputs are arkd's until the batch is final.
      onCommitting: () => Promise.resolve(),
    },
    signal,
  );
}

/** What the batch made for this proof; undefined = arkd does not show all of it. */
async function findOutputs(
  deps: RecoveryDeps,
  { outputs }: BatchIntent,
  commitmentTxid: string,
): Promise<readonly ArkVtxo[] | undefined> {
  const listed = await deps.arkd.listVtxosByScripts([...new Set(outputs.map(({ script }) => script))]);
  const made = listed.filter(
    ({ commitmentTxids, isPreconfirmed }) => !isPreconfirmed && commitmentTxids.includes(commitmentTxid),
  );
  const found: ArkVtxo[] = [];
  for (const output of outputs) {
    const match = made.find((vtxo) => !found.includes(vtxo) && worthOf(vtxo) === worthOf(output));
    if (match === undefined) return undefined;
    found.push(match);
  }
  return found;
}

function worthOf({ script, amountSats, assets = [] }: Pick<ArkOutput, "script" | "amountSats" | "assets">): string {
  return [script, amountSats, ...assets.map(({ assetId, amount }) => `${assetId}=${amount}`).toSorted()].join();
}

interface Settled {
  readonly commitmentTxid: string;
  readonly outputs: readonly ArkVtxo[];
}

/** The user has its fresh VTXOs: mirror, session and its 31340 in one transaction. Nothing of the gateway's has moved. */
async function complete(
  deps: RecoveryDeps,
  { session, intent }: Recovery,
  { commitmentTxid, outputs }: Settled,
  { guard }: SettlementTurn,
): Promise<RecoveryOutcome> {
  await deps.transactions.run(async (tx) => {
    await guard(tx);
    const ids = intent.inputs.map(({ vtxoId }) => vtxoId);
    const results = await resultsOf(deps, tx, session, { commitmentTxid, outputs });
    const completed = await moveSession(
      deps,
      tx,
      session,
      { status: "completed", ceremonyState: "published", resultData: results, completedAt: deps.clock.now() },
      { through: WITHOUT_ARKD },
    );
    await deps.vtxos.markSettled(tx, ids, commitmentTxid, deps.clock.now());
    const scripts = await deps.vtxos.listScriptsByScript([...new Set(outputs.map(({ script }) => script))]);
    const rows = outputs.map((vtxo) => {
      const script = scripts.find((each) => each.script === vtxo.script);
      assert(script !== undefined, "the user's script has its row");
      return { vtxo, script };
    });
    await deps.vtxos.upsert(tx, rows, "final");
    await deps.proofs.note(tx, session.sessionId, { status: "settled" });
    await publishConfirmation(deps, tx, completed, { results, recipientPubkeys: [session.userPubkey] });
  });
  return "completed";
}

async function resultsOf(
  deps: RecoveryDeps,
  tx: Tx,
  session: Session,
  { commitmentTxid, outputs }: Settled,
): Promise<ConfirmationContent["results"]> {
  const names = await readNamesOf(deps.assets, tx, outputs);
  const ends = outputs.flatMap(({ expiresAt }) => (expiresAt === null ? [] : [expiresAt.getTime()]));
  return {
    txid: commitmentTxid,
    commitment_txid: commitmentTxid,
    inputs: movingIntentOf(session).sourceVtxos ?? [],
    outputs: outputs.flatMap((output) =>
      namedAmounts(names, output).map(({ assetId, amount }) => ({
        vtxo_id: output.vtxoId,
        amount: toJsonAmount(amount),
        asset_id: assetId,
        recipient: session.userPubkey,
      })),
    ),
    fee_paid: 0,
    fee_asset_id: session.intent.feeAssetId,
    expires_at: ends.length === 0 ? null : new Date(Math.min(...ends)).toISOString(),
  };
}
