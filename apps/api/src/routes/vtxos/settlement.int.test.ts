import { randomBytes } from "node:crypto";

import { buildMerkleTree, rootOfProof } from "@arkrelay/core/settlement/merkle-tree";
import { DrizzleSettlementLeafStore } from "@arkrelay/db/stores/settlement-leaf-store";
import { DrizzleSettlementStore } from "@arkrelay/db/stores/settlement-store";

import { startTestApi, type TestApi } from "../../testing/test-api";

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ SOLVER_AUTH: "nip98" });
});
afterAll(() => api.close());

const ASSET_ID = `${"ab".repeat(32)}0000`;

/** Confirmed outputs that wait to be claimed. */
async function leaves(count: number): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, () => `${randomBytes(32).toString("hex")}:0`);
  for (const [index, vtxoId] of ids.entries()) {
    const assets = index === 0 ? [{ asset_id: ASSET_ID, amount: "7" }] : [];
    await api.database.write(
      "INSERT INTO settlement_leaves (vtxo_id, amount_sats, assets, created_at) VALUES (?, ?, ?, NOW(3))",
      [vtxoId, 1_000 + index, JSON.stringify(assets)],
    );
  }
  return ids;
}

/** A settlement that claims all of them. */
async function settled(l1Txid: string): Promise<string> {
  const settlements = new DrizzleSettlementStore(api.database);
  const store = new DrizzleSettlementLeafStore(api.database);
  const batchId = randomBytes(16).toString("hex");
  await api.database.transactions.run(async (tx) => {
    const begun = await settlements.insert(tx, { batchId, moves: 0, driverJob: "job" });
    if (begun === undefined) throw new Error("another settlement is under way");
    const { root: merkleRoot, leaves: ordered } = buildMerkleTree(await store.takePending(tx));
    await store.assign(tx, begun, ordered);
    const registering = await settlements.move(tx, begun, { status: "registering" });
    const claim = { merkleRoot, vtxoCount: ordered.length, totalValueSats: 3_000n, inputSats: 9_000n, feeSats: 20n };
    const committed = await settlements.move(tx, registering, { status: "committed", l1Txid, ...claim });
    await settlements.move(tx, committed, { status: "confirmed", blockHeight: 123 });
  });
  return batchId;
}

describe("POST /vtxos/settlement/process", () => {
  it("becomes one job, however often it is asked for", async () => {
    const first = await api.call("POST", "/vtxos/settlement/process", { admin: true });
    expect(first).toMatchObject({ status: 202, body: { message: expect.any(String) } });
    const jobId = String(first.body["job_id"]);
    expect(first.headers.get("location")).toBe(`/jobs/${jobId}`);
    const again = await api.call("POST", "/vtxos/settlement/process", { admin: true });
    expect(again).toMatchObject({ status: 409, body: { code: "conflict", details: { job_id: jobId } } });
    await api.database.write("UPDATE job_logs SET status = 'completed', dedupe_key = NULL WHERE job_id = ?", [jobId]);
    expect((await api.call("POST", "/vtxos/settlement/process", { admin: true })).status).toBe(202);
  });

  it("is the operator's alone", async () => {
    expect((await api.call("POST", "/vtxos/settlement/process")).status).toBe(401);
  });
});

describe("GET /vtxos/settlement/status and /proof", () => {
  it("tells everybody what is settled, what waits, and gives proofs that lead to the published root", async () => {
    const ids = await leaves(3);
    expect((await api.call("GET", "/vtxos/settlement/status")).body).toMatchObject({
      settlement_status: { pending_settlement: 3 },
      recent_settlements: [],
    });
    const [first = ""] = ids;
    expect((await api.call("GET", `/vtxos/settlement/proof/${first}`)).status).toBe(404);
    const l1Txid = randomBytes(32).toString("hex");
    const batchId = await settled(l1Txid);
    const [waiting = ""] = await leaves(1);
    for (const vtxoId of ids) {
      const { status, body } = await api.call("GET", `/vtxos/settlement/proof/${vtxoId}`);
      expect([status, body["batch_id"], body["l1_txid"], body["claim"]]).toEqual([
        200,
        batchId,
        l1Txid,
        "gateway claim, not proven by L1",
      ]);
      const { amount_sats, assets, path } = body as {
        amount_sats: number;
        assets: { asset_id: string; amount: number }[];
        path: { side: "left" | "right"; hash: string }[];
      };
      const carried = assets.map((asset) => ({ assetId: asset.asset_id, amount: BigInt(asset.amount) }));
      expect(rootOfProof({ vtxoId, amountSats: BigInt(amount_sats), assets: carried }, path)).toBe(body["merkle_root"]);
    }
    expect((await api.call("GET", `/vtxos/settlement/proof/${waiting}`)).status).toBe(404);
  });

  it("refuses what is no VTXO", async () => {
    expect((await api.call("GET", "/vtxos/settlement/proof/nonsense")).status).toBe(400);
  });
});
