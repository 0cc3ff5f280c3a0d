import {
  type BatchInput,
  type BatchIntent,
  deleteProof,
  estimateProof,
  registerProof,
} from "../ark-batch/batch-intent";
import { minExpirySeconds } from "../ark-batch/min-expiry";
import { onchainScriptOf } from "../ark/onchain-script";
import { dustOf } from "../ceremony/ark-limits";
import { toArkInput } from "../ceremony/transfer-plan";
import { AppError, assert, toAppError } from "../errors";
import type { ArkBatchInfo } from "../ports/ark-batches";
import type { ArkServerInfo, ArkVtxo } from "../ports/ark-daemon";
import { ensureScript } from "../vtxo/ensure-script";
import type { Vtxo } from "../vtxo/vtxo";
import { planBatchOutputs } from "./batch-outputs";
import { bookSettlement } from "./book-settlement";
import { type Settlement, settlementLockOf } from "./settlement";
import {
  SETTLEMENT_MOVED,
  type SettlementDeps,
  type SettlementProgress,
  type SettlementTurn,
  waitFor,
} from "./settlement-deps";

/**
 * arkd takes proofs without an end. Ours have none: its clock may differ from ours, and DeleteIntent ends them whenever it is wanted.
 */
const NO_EXPIRY = 0;
/** What a row says about such a proof: nothing reads it after that time. */
const PROOF_LIFE_MS = 24 * 3_600_000;
/** A batch begins within one session of the registration; the wait and the batch itself fit into three. */
const SESSIONS_AWAITED = 3;
const LOOK_PAUSE_MS = 2_000;

/**
 * Status `registering` as a restart finds it. The inputs say what became of an earlier try: settled = the batch is final. Otherwise,
 * once no batch can hold our forfeits any more, whatever still waits at arkd is taken back, and the intent is registered anew. arkd
 * lets each input be settled once, so however often that happens the treasury gets its outputs once.
 */
export async function registerSettlement(
  deps: SettlementDeps,
  settlement: Settlement,
  turn: SettlementTurn,
): Promise<SettlementProgress> {
  const held = await deps.vtxos.listLocked(undefined, settlementLockOf(settlement));
  const seen = await deps.arkd.listVtxosByOutpoints(held.map(({ vtxoId }) => vtxoId));
  const l1Txid = seen.find(({ settledBy }) => settledBy !== "")?.settledBy;
  if (l1Txid !== undefined) return bookSettlement(deps, settlement, { held, l1Txid }, turn);
  const info = await deps.batches.getBatchInfo();
  const until = openUntil(settlement, info);
  if (until !== undefined && until > deps.clock.now()) {
    return waitFor(deps, LOOK_PAUSE_MS, "The batch may still become final");
  }
  const isWhole =
    held.length > 0 && held.every(({ vtxoId }) => seen.some((each) => each.vtxoId === vtxoId && isThere(each)));
  if (!isWhole) {
    const left = held.filter(({ vtxoId }) => seen.some((each) => each.vtxoId === vtxoId && isThere(each)));
    await withdraw(deps, await toBatchInputs(deps, left, seen));
    return failSettlement(deps, settlement, turn, "An input was spent elsewhere");
  }
  return register(deps, settlement, { held, seen, info }, turn);
}

/**
 * Takes back whatever arkd still has of these inputs: it queues intents again whose batch failed, and nothing of ours is free while it
 * may still take it. Throws when it does not say so: then they stay held.
 */
async function withdraw(deps: SettlementDeps, inputs: readonly BatchInput[]): Promise<void> {
  if (inputs.length === 0) return;
  const signers = { keys: Object.values(deps.wallet.keys), random: deps.random };
  await deps.batches.deleteIntent(deleteProof(inputs, NO_EXPIRY, signers));
}

/** Until when arkd may make a batch final with forfeits of ours. */
function openUntil({ committingAt }: Settlement, { sessionDurationMs }: ArkBatchInfo): Date | undefined {
  return committingAt && new Date(committingAt.getTime() + 2 * sessionDurationMs);
}

function isThere({ isSpent, isUnrolled }: ArkVtxo): boolean {
  return !isSpent && !isUnrolled;
}

interface Held {
  readonly held: readonly Vtxo[];
  readonly seen: readonly ArkVtxo[];
  readonly info: ArkBatchInfo;
}

async function register(
  deps: SettlementDeps,
  settlement: Settlement,
  { held, seen, info }: Held,
  turn: SettlementTurn,
): Promise<SettlementProgress> {
  const keys = Object.values(deps.wallet.keys);
  const signers = { keys, random: deps.random };
  const inputs = await toBatchInputs(deps, held, seen);
  await withdraw(deps, inputs);
  const arkInfo = await deps.arkInfo.current();
  const intent = await planIntent(deps, arkInfo, held, inputs).catch(toRefusal);
  if (intent instanceof AppError) return failSettlement(deps, settlement, turn, whyRefused(intent));
  if (intent === undefined) return failSettlement(deps, settlement, turn, "The inputs do not make an output");
  const proof = registerProof(intent, NO_EXPIRY, signers);
  let current = await deps.transactions.run(async (tx) => {
    await turn.guard(tx);
    const validUntil = new Date(deps.clock.now().getTime() + PROOF_LIFE_MS);
    await deps.settlements.saveIntent(tx, settlement, { ...proof, validUntil });
    // A try before it came to nothing: its commitment is nobody's any more.
    return deps.settlements.move(tx, settlement, { candidateTxid: null, batchScript: null, committingAt: null });
  });
  const outcome = await deps
    .joinBatch(
      {
        intent,
        proof,
        cosigner: deps.cosigner,
        keys,
        forfeitPubkey: info.forfeitPubkey,
        forfeitScript: onchainScriptOf(info.forfeitAddress, arkInfo.network),
        minExpirySeconds: minExpirySeconds(arkInfo),
        timeoutMs: SESSIONS_AWAITED * info.sessionDurationMs,
      },
      {
        onRegistered: (arkdIntentId) =>
          deps.transactions.run(async (tx) => {
            await turn.guard(tx);
            await deps.settlements.noteIntent(tx, current, { arkdIntentId, status: "registered" });
          }),
        onCommitting: async ({ commitmentTxid, batchScript }) => {
          const heightHint = await readHeight(deps);
          current = await deps.transactions.run(async (tx) => {
            await turn.guard(tx);
            const committingAt = deps.clock.now();
            const change = { candidateTxid: commitmentTxid, batchScript, heightHint, committingAt };
            return deps.settlements.move(tx, current, change);
          });
        },
      },
      turn.signal,
    )
    .catch(toRefusal);
  const giveUp = async (reason: string): Promise<never> => {
    await withdraw(deps, inputs);
    return failSettlement(deps, current, turn, reason);
  };
  if (outcome instanceof AppError) {
    // Once forfeits are out, only the inputs say that they were not used.
    if (current.committingAt !== undefined) throw outcome;
    return giveUp(whyRefused(outcome));
  }
  switch (outcome.kind) {
    case "finalized":
      return SETTLEMENT_MOVED;
    case "failed":
      // What arkd says is not the end: once forfeits are out, only the inputs say that they were not used.
      if (current.committingAt !== undefined)
        return waitFor(deps, LOOK_PAUSE_MS, `The batch failed: ${outcome.reason}`);
      return giveUp(`The batch failed: ${outcome.reason}`);
    case "lost":
      turn.signal.throwIfAborted();
      return waitFor(deps, LOOK_PAUSE_MS, "The event stream ended before the batch did");
  }
}

/** What would be refused, or found wrong, again: the inputs are not held for it. Everything else is thrown. */
function toRefusal(thrown: unknown): AppError {
  const error = toAppError(thrown);
  if (error.code === "daemon_rejected" || error.code === "payload_mismatch") return error;
  throw error;
}

function whyRefused({ message, internal, details }: AppError): string {
  const name = details?.["daemon_name"];
  return `The batch cannot be joined: ${typeof name === "string" ? name : (internal ?? message)}`;
}

async function toBatchInputs(
  deps: Pick<SettlementDeps, "vtxos" | "clock">,
  held: readonly Vtxo[],
  seen: readonly ArkVtxo[],
): Promise<readonly BatchInput[]> {
  const scripts = await deps.vtxos.listScriptsById([...new Set(held.map(({ scriptId }) => scriptId))]);
  return held.map((vtxo) => {
    const script = scripts.find(({ id }) => id === vtxo.scriptId);
    const known = seen.find(({ vtxoId }) => vtxoId === vtxo.vtxoId);
    assert(script !== undefined && known !== undefined, `${vtxo.vtxoId} has its script and is known to arkd`);
    return {
      ...toArkInput({ vtxo, script }),
      assets: vtxo.assets,
      isRecoverable: isRecoverable(known, deps.clock.now()),
    };
  });
}

/** What arkd's sweeper has taken or may take at any moment needs no forfeit. */
function isRecoverable({ isSwept, expiresAt }: ArkVtxo, now: Date): boolean {
  return isSwept || (expiresAt !== null && expiresAt <= now);
}

/** undefined = what goes in is too little. */
async function planIntent(
  deps: SettlementDeps,
  arkInfo: ArkServerInfo,
  held: readonly Vtxo[],
  inputs: readonly BatchInput[],
): Promise<BatchIntent | undefined> {
  const { pubkey } = deps.wallet.keys.treasury;
  const { script } = await deps.transactions.run((tx) => ensureScript(deps.vtxos, tx, pubkey, arkInfo, "treasury"));
  const { carrierSats } = deps.settlementConfig;
  const rules = { script, dustSats: dustOf(arkInfo), vtxoMaxSats: arkInfo.vtxoMaxSats, carrierSats };
  const plan = (feeSats: bigint): BatchIntent | undefined => {
    const outputs = planBatchOutputs(held, { ...rules, feeSats });
    return outputs && { inputs, outputs, cosignerPubkey: deps.cosigner.pubkey };
  };
  const free = plan(0n);
  if (free === undefined) return undefined;
  const signers = { keys: Object.values(deps.wallet.keys), random: deps.random };
  const feeSats = await deps.batches.estimateIntentFee(estimateProof(free, NO_EXPIRY, signers));
  return feeSats === 0n ? free : plan(feeSats);
}

async function readHeight({ lightning }: SettlementDeps): Promise<number | null> {
  if (lightning === undefined) return null;
  // Only where a light client begins to look: without it, it begins at the first block.
  return lightning.getInfo().then(
    ({ blockHeight }) => blockHeight,
    () => null,
  );
}

/** No batch took the inputs: they are free again, the leaves wait for the next settlement, and the job is tried again. */
async function failSettlement(
  deps: SettlementDeps,
  settlement: Settlement,
  { guard }: SettlementTurn,
  reason: string,
): Promise<never> {
  const error = reason.slice(0, 500);
  await deps.transactions.run(async (tx) => {
    await guard(tx);
    await deps.settlements.move(tx, settlement, { status: "failed", error });
    await deps.settlements.noteIntent(tx, settlement, { status: "failed" });
    await deps.vtxos.unlock(tx, settlementLockOf(settlement));
  });
  throw new AppError("daemon_unavailable", {
    message: "No batch took the inputs",
    details: { service: "arkd", reason: "batch_failed" },
    internal: error,
    retryAfterSeconds: 60,
  });
}
