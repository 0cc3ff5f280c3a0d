import { sumAssets } from "../ark/sum-assets";
import { assert } from "../errors";
import { batchPostings, POSTING_KINDS } from "../ledger/postings";
import type { ArkVtxo } from "../ports/ark-daemon";
import type { Tx } from "../ports/transactions";
import type { Vtxo } from "../vtxo/vtxo";
import { buildMerkleTree } from "./merkle-tree";
import type { Settlement } from "./settlement";
import {
  SETTLEMENT_MOVED,
  type SettlementDeps,
  type SettlementProgress,
  type SettlementTurn,
  waitFor,
} from "./settlement-deps";

/** arkd's indexer may show the inputs as settled a moment before it shows the outputs. */
const INDEXER_PAUSE_MS = 2_000;
/** arkd's clock may be behind ours by this much and its outputs are still found. */
const CLOCK_SKEW_MS = 24 * 3_600_000;

/**
 * arkd has made the batch final: one transaction for the mirror, the ledger, and the leaves, which are all outputs confirmed by then.
 * Idempotent by the settlement's status.
 */
export async function bookSettlement(
  deps: SettlementDeps,
  settlement: Settlement,
  { held, l1Txid }: { readonly held: readonly Vtxo[]; readonly l1Txid: string },
  { guard }: SettlementTurn,
): Promise<SettlementProgress> {
  const outputs = await findOutputs(deps, settlement, l1Txid);
  if (outputs.length === 0) return waitFor(deps, INDEXER_PAUSE_MS, "arkd does not show the new VTXOs yet");
  assertUnits(held, outputs);
  const inputSats = sumSats(held);
  const feeSats = inputSats - sumSats(outputs);
  return deps.transactions.run(async (tx) => {
    await guard(tx);
    const claim = await claimLeaves(deps, tx, settlement);
    const status = claim.merkleRoot === undefined ? "renewed" : "committed";
    await deps.settlements.move(tx, settlement, { status, l1Txid, inputSats, feeSats, ...claim });
    await deps.settlements.noteIntent(tx, settlement, { status: "settled" });
    const ids = held.map(({ vtxoId }) => vtxoId);
    await deps.vtxos.markSettled(tx, ids, l1Txid, deps.clock.now());
    const scripts = await deps.vtxos.listScriptsByScript([...new Set(outputs.map(({ script }) => script))]);
    const rows = outputs.map((vtxo) => {
      const script = scripts.find((each) => each.script === vtxo.script);
      assert(script !== undefined, "the treasury's script has its row");
      return { vtxo, script };
    });
    await deps.vtxos.upsert(tx, rows, "final");
    await deps.ledger.post(tx, {
      kind: POSTING_KINDS.batch,
      businessId: l1Txid,
      memo: `batch of settlement ${settlement.batchId}`,
      postings: batchPostings(feeSats),
    });
    return SETTLEMENT_MOVED;
  });
}

/** What the batch made on the treasury's scripts, whatever became of it since. */
async function findOutputs(
  deps: Pick<SettlementDeps, "arkd" | "vtxos">,
  { createdAt }: Settlement,
  l1Txid: string,
): Promise<readonly ArkVtxo[]> {
  const scripts = await deps.vtxos.listScriptsOfKind("treasury");
  const found = await deps.arkd.listVtxosByScripts(
    scripts.map(({ script }) => script),
    { afterMs: Math.max(0, createdAt.getTime() - CLOCK_SKEW_MS) },
  );
  return found.filter(({ commitmentTxids, isPreconfirmed }) => !isPreconfirmed && commitmentTxids.includes(l1Txid));
}

async function claimLeaves(deps: SettlementDeps, tx: Tx, settlement: Settlement) {
  const pending = await deps.leaves.takePending(tx);
  if (pending.length === 0) return {};
  const { root: merkleRoot, leaves } = buildMerkleTree(pending);
  await deps.leaves.assign(tx, settlement, leaves);
  return { merkleRoot, vtxoCount: leaves.length, totalValueSats: sumSats(leaves) };
}

function assertUnits(inputs: readonly Vtxo[], outputs: readonly ArkVtxo[]): void {
  const describe = (coins: readonly Pick<Vtxo, "assets">[]): string =>
    sumAssets(coins)
      .map(({ assetId, amount }) => `${assetId}=${amount}`)
      .toSorted()
      .join();
  assert(describe(inputs) === describe(outputs), "a batch gives every unit back");
}

function sumSats(coins: readonly { readonly amountSats: bigint }[]): bigint {
  return coins.reduce((sum, { amountSats }) => sum + amountSats, 0n);
}
