import { AppError } from "@arkrelay/core/errors";
import {
  SettlementProcessReply,
  SettlementProofParams,
  SettlementProofReply,
  SettlementStatusReply,
} from "@arkrelay/core/http/settlement";
import { insertJob } from "@arkrelay/core/jobs/insert-job";
import { toJsonAmount } from "@arkrelay/core/json-amount";
import { buildMerkleTree, merkleProof } from "@arkrelay/core/settlement/merkle-tree";
import { SETTLEMENT_CLAIM, type Settlement } from "@arkrelay/core/settlement/settlement";

import { readRoute, writeRoute } from "../../http/route";
import { jobOrigin } from "../jobs/enqueue";

const RECENT_MAX = 10;

export const processSettlementRoute = writeRoute({
  method: "POST",
  path: "/vtxos/settlement/process",
  summary: "Settle now instead of at the next full hour, as a job; one at a time",
  auth: ["admin"],
  replies: { 202: SettlementProcessReply },
}).handle(async (input) => {
  const { deps, tx } = input;
  const { jobId, wakes } = await insertJob(deps.insertJob, tx, {
    ...jobOrigin(input),
    task: "settlement_run",
    payload: { v: 1 },
    dedupeKey: "settlement",
    singleFlight: true,
  });
  // Only a new job has something to wake.
  if (wakes.length === 0) {
    throw new AppError("conflict", { message: "A settlement is being made already.", details: { job_id: jobId } });
  }
  const headers = { location: `/jobs/${jobId}` };
  return { status: 202, body: { message: "The settlement is on its way", job_id: jobId }, headers, wakes };
});

export const settlementStatusRoute = readRoute({
  path: "/vtxos/settlement/status",
  summary: "What of the VTXOs is settled, and the last commitments",
  auth: ["public"],
  cache: "short",
  replies: { 200: SettlementStatusReply },
}).handle(async ({ deps }) => {
  const { settlements } = deps.admin;
  const { total, available, assigned, spent, settled } = await settlements.countVtxos();
  return {
    status: 200,
    body: {
      settlement_status: {
        total_vtxos: total,
        available_vtxos: available,
        assigned_vtxos: assigned,
        spent_vtxos: spent,
        settled_vtxos: settled,
        pending_settlement: await settlements.countPending(),
      },
      recent_settlements: (await settlements.listRecent(RECENT_MAX)).flatMap(toRecent),
    },
  };
});

export const settlementProofRoute = readRoute({
  path: "/vtxos/settlement/proof/:vtxo_id",
  summary: "That the Merkle root of a 31342 holds an output: the leaf and its path",
  auth: ["public"],
  params: SettlementProofParams,
  replies: { 200: SettlementProofReply },
}).handle(async ({ deps, params }) => {
  const found = await deps.admin.settlements.findLeaf(params.vtxo_id);
  if (found === undefined) throw new AppError("not_found");
  const { settlement, index } = found;
  const { l1Txid, merkleRoot, batchId } = settlement;
  const tree = buildMerkleTree(await deps.admin.settlements.listLeaves(settlement));
  const leaf = tree.leaves[index];
  if (leaf?.vtxoId !== params.vtxo_id || tree.root !== merkleRoot || l1Txid === undefined) {
    throw new AppError("internal_error", { internal: `the leaves of ${batchId} do not make its root` });
  }
  return {
    status: 200,
    body: {
      vtxo_id: leaf.vtxoId,
      amount_sats: toJsonAmount(leaf.amountSats),
      assets: leaf.assets.map(({ assetId, amount }) => ({ asset_id: assetId, amount: toJsonAmount(amount) })),
      batch_id: batchId,
      l1_txid: l1Txid,
      merkle_root: merkleRoot,
      index,
      path: [...merkleProof(tree, index)],
      claim: SETTLEMENT_CLAIM,
    },
  };
});

function toRecent({ l1Txid, status, inputSats, feeSats, blockHeight, merkleRoot, createdAt }: Settlement) {
  if (l1Txid === undefined || merkleRoot === undefined || (status !== "committed" && status !== "confirmed")) return [];
  return [
    {
      txid: l1Txid,
      status,
      amount_sats: toJsonAmount(inputSats),
      fee_sats: Number(feeSats),
      ...(blockHeight !== undefined && { block_height: blockHeight }),
      merkle_root: merkleRoot,
      created_at: createdAt.toISOString(),
    },
  ];
}
