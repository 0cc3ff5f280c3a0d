import { assert } from "../errors";
import { toJsonAmount } from "../json-amount";
import { nextCreatedAt } from "../nostr/build-events";
import { commitmentTemplate } from "../nostr/commitment-event";
import { COMMITMENT_KIND } from "../nostr/kinds";
import type { Tx } from "../ports/transactions";
import { type Settlement, SETTLEMENT_CLAIM } from "./settlement";
import { type SettlementDeps, type SettlementProgress, type SettlementTurn, waitFor } from "./settlement-deps";

const CONFIRMATIONS = 3;
const BLOCK_PAUSE_MS = 60_000;

/** Publishes the claim once the commitment has its confirmations: the stored 31342 is the only one there will ever be of its txid. */
export async function confirmSettlement(
  deps: SettlementDeps,
  settlement: Settlement,
  { guard }: SettlementTurn,
): Promise<SettlementProgress> {
  const { l1Txid, batchScript, batchId } = settlement;
  assert(l1Txid !== undefined, "a committed settlement knows its commitment");
  if (deps.lightning === undefined || batchScript === undefined) {
    return { kind: "done", why: "Nobody tells confirmations here: no lnd is configured", batchId, l1Txid };
  }
  const blockHeight = await deps.lightning.findConfirmation({
    txid: l1Txid,
    script: batchScript,
    confirmations: CONFIRMATIONS,
    heightHint: Math.max(1, settlement.heightHint ?? 1),
  });
  if (blockHeight === undefined)
    return waitFor(deps, BLOCK_PAUSE_MS, `${l1Txid} waits for ${CONFIRMATIONS} confirmations`);
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
