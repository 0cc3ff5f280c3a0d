import { assert, toAppError } from "../errors";
import { toJsonAmount } from "../json-amount";
import { nextCreatedAt } from "../nostr/build-events";
import { commitmentTemplate } from "../nostr/commitment-event";
import { COMMITMENT_KIND } from "../nostr/kinds";
import type { Tx } from "../ports/transactions";
import { type Settlement, SETTLEMENT_CLAIM } from "./settlement";
import { type SettlementDeps, type SettlementProgress, type SettlementTurn, waitFor } from "./settlement-deps";

const CONFIRMATIONS = 3;
const BLOCK_PAUSE_MS = 60_000;
/** A commitment that pays too little may wait for days; what has to be renewed cannot. */
const HELD_UP_MS_MAX = 2 * 3_600_000;
/** A run looks at that many. */
const PARKED_MAX = 10;

/**
 * Looks at those that made room for others. None of them holds anything up, so another run may be at the same one. Throws what lnd or the
 * database says of the first that could not be looked at; the next run looks again.
 */
export async function confirmParked(deps: SettlementDeps, turn: SettlementTurn): Promise<void> {
  for (const settlement of await deps.settlements.listParked(PARKED_MAX)) {
    try {
      await confirmSettlement(deps, settlement, turn);
    } catch (thrown) {
      if (toAppError(thrown).code !== "wrong_state") throw thrown;
    }
  }
}

/** Publishes the claim once the commitment has its confirmations: the stored 31342 is the only one there will ever be of its txid. */
export async function confirmSettlement(
  deps: SettlementDeps,
  settlement: Settlement,
  { guard }: SettlementTurn,
): Promise<SettlementProgress> {
  const { l1Txid, batchScript, batchId } = settlement;
  assert(l1Txid !== undefined, "a committed settlement knows its commitment");
  if (deps.lightning === undefined || batchScript === undefined) {
    await park(deps, settlement, guard);
    const why =
      deps.lightning === undefined
        ? "Nobody tells confirmations here: no lnd is configured"
        : "The commitment's script is not known, so nobody can look for it";
    return { kind: "done", why, batchId, l1Txid };
  }
  const blockHeight = await deps.lightning.findConfirmation({
    txid: l1Txid,
    script: batchScript,
    confirmations: CONFIRMATIONS,
    heightHint: Math.max(1, settlement.heightHint ?? 1),
  });
  if (blockHeight === undefined) {
    const why = `${l1Txid} waits for ${CONFIRMATIONS} confirmations`;
    const { committingAt } = settlement;
    const sinceMs = committingAt === undefined ? 0 : deps.clock.now().getTime() - committingAt.getTime();
    if (sinceMs < HELD_UP_MS_MAX) return waitFor(deps, BLOCK_PAUSE_MS, why);
    await park(deps, settlement, guard);
    return { kind: "done", why: `${why}; the next batch does not wait for it`, batchId, l1Txid };
  }
  await deps.transactions.run(async (tx) => {
    await guard(tx);
    const event = await signCommitment(deps, tx, settlement, { l1Txid, blockHeight });
    const confirmedAt = deps.clock.now();
    const eventId = event === undefined ? {} : { eventId: event.id };
    await deps.settlements.move(tx, settlement, { status: "confirmed", blockHeight, confirmedAt, ...eventId });
    const leaves = await deps.leaves.list(settlement);
    const txids = [...new Set(leaves.map(({ vtxoId }) => vtxoId.slice(0, vtxoId.indexOf(":"))))];
    await deps.txs.noteCommitment(tx, txids, { commitmentTxid: l1Txid, blockHeight });
    if (event !== undefined) await deps.outbox.insert(tx, event, batchId);
    await deps.webhooks.announce(tx, {
      type: "settlement.committed",
      objectKey: `settlement:${batchId}`,
      audience: { kind: "everyone" },
      dataFor: () => Promise.resolve(contentOf(settlement, { l1Txid, blockHeight }, confirmedAt)),
    });
  });
  return { kind: "done", why: "The commitment is confirmed", batchId, l1Txid };
}

function park(deps: SettlementDeps, settlement: Settlement, guard: SettlementTurn["guard"]): Promise<void> {
  return deps.transactions.run(async (tx) => {
    await guard(tx);
    await deps.settlements.park(tx, settlement);
  });
}

async function signCommitment(
  deps: SettlementDeps,
  tx: Tx,
  settlement: Settlement,
  block: { readonly l1Txid: string; readonly blockHeight: number },
) {
  if (deps.identity === undefined) return undefined;
  const now = deps.clock.now();
  const createdAt = nextCreatedAt(now, await deps.outbox.findLastCreatedAt(tx, COMMITMENT_KIND, block.l1Txid));
  return deps.identity.sign(commitmentTemplate(contentOf(settlement, block, now), createdAt));
}

function contentOf(
  { batchId, merkleRoot, vtxoCount, totalValueSats }: Settlement,
  { l1Txid, blockHeight }: { readonly l1Txid: string; readonly blockHeight: number },
  at: Date,
) {
  assert(merkleRoot !== undefined, "a committed settlement has leaves");
  return {
    status: "committed",
    l1_txid: l1Txid,
    block_height: blockHeight,
    batch_id: batchId,
    merkle_root: merkleRoot,
    vtxo_count: vtxoCount,
    total_value: toJsonAmount(totalValueSats),
    claim: SETTLEMENT_CLAIM,
    timestamp: at.toISOString(),
  } as const;
}
