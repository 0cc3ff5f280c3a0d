import { insertJob } from "@arkrelay/core/jobs/insert-job";
import { arkSource } from "@arkrelay/core/ledger/ark-source";
import { bookUnsolicited } from "@arkrelay/core/ledger/book-unsolicited";
import { reconcileSource } from "@arkrelay/core/ledger/reconcile-source";
import { rootOfProof, buildMerkleTree, merkleProof } from "@arkrelay/core/settlement/merkle-tree";
import { TEST_SESSION_MS, type BatchFate } from "@arkrelay/core/testing/in-memory-batches";
import { recordVtxos, syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import { DrizzleGatewayVtxoBooks } from "@arkrelay/db/stores/gateway-vtxo-books";
import { DrizzleLedgerBooks } from "@arkrelay/db/stores/ledger-books";
import { DrizzleReconciliationStore } from "@arkrelay/db/stores/reconciliation-store";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { isCrash } from "../testing/crash";
import { mortalDeps } from "../testing/mortal-process";
import { openSettlementWorld, type SettlementWorld } from "../testing/settlement-world";

let test: TestDatabase;
let world: SettlementWorld;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.empty();
  world = await openSettlementWorld(test);
});

const DAY_MS = 86_400_000;

/** The comparison of the books with arkd, as the reconciliation makes it. */
function reconciler() {
  const { database } = test;
  const vtxoBooks = new DrizzleGatewayVtxoBooks(database);
  const reconciliations = new DrizzleReconciliationStore(database);
  const shared = { transactions: database.transactions, ledger: world.deps.ledger, reconciliations };
  const source = arkSource({ ...world.deps, vtxoBooks });
  const books = { ...shared, books: new DrizzleLedgerBooks(database), bounded: <T>(work: Promise<T>) => work };
  return async (): Promise<bigint> => {
    await bookUnsolicited({ ...shared, vtxoBooks });
    const rows = await reconcileSource(books, source);
    return rows.reduce((sum, { delta }) => sum + delta, 0n);
  };
}

const lockedRows = () => test.database.select("SELECT vtxo_id, locked_by FROM vtxos WHERE locked_by IS NOT NULL");
const statuses = async () =>
  (await test.database.select("SELECT status FROM settlements ORDER BY id")).map((row) => row["status"]);

describe("a settlement", () => {
  it("renews what came back, what was paid in and what is old, and leaves the rest alone", async () => {
    const used = await world.hold("used", 1_010n, 1_020n);
    const land = await world.hold("land", 50_000n);
    const fresh = await world.hold("stock", 100_000n);
    world.clock.advance(6 * DAY_MS);
    const old = await world.hold("treasury", 400_000n);
    const [stillFresh = ""] = await world.hold("stock", 70_000n);
    world.clock.advance(2 * DAY_MS - 3 * 3_600_000);
    for (const vtxoId of [...used, ...land, ...fresh]) world.arkd.sweep(vtxoId);
    for (const kind of ["used", "land", "stock"] as const) {
      await syncVtxos(world.deps, { ownerPubkey: world.deps.wallet.keys[kind].pubkey });
    }
    expect(await world.settleAll()).toBe("The VTXOs are renewed");
    for (const vtxoId of [...used, ...land, ...fresh, ...old]) {
      expect((await world.vtxo(vtxoId)).status).toBe("settled");
    }
    expect((await world.vtxo(stillFresh)).status).toBe("available");
    expect(await world.mirror()).toEqual({ treasury: 552_030n, stock: 70_000n });
    expect(await lockedRows()).toEqual([]);
  });

  it("moves live VTXOs to the treasury's script first, and registers that script alone", async () => {
    await world.hold("used", 1_010n, 1_020n);
    await world.hold("land", 50_000n);
    expect(await world.settleAll()).toBe("The VTXOs are renewed");
    const [commitment = ""] = world.batches.commitments;
    const treasury = world.deps.wallet.keys.treasury.pubkey;
    const settled = [...world.arkd.vtxos.values()].filter(({ settledBy }) => settledBy === commitment);
    expect(settled.map(({ amountSats }) => amountSats).toSorted((a, b) => Number(a - b))).toEqual([2_030n, 50_000n]);
    expect(settled.every((vtxo) => world.arkd.isOwnedBy(vtxo, treasury))).toBe(true);
    expect(await world.mirror()).toEqual({ treasury: 52_030n });
    expect(await statuses()).toEqual(["renewed"]);
    expect(await world.published()).toEqual([]);
  });

  it("claims every confirmed output once, after three confirmations, in one 31342", async () => {
    await world.hold("used", 5_000n);
    const ids = await world.confirmOutputs(700n, 800n, 900n);
    expect(await world.settleAll()).toBe("The commitment is confirmed");
    const [commitment = ""] = world.batches.commitments;
    const [recent] = await world.deps.settlements.listRecent(10);
    expect(recent).toMatchObject({ status: "confirmed", l1Txid: commitment, vtxoCount: 3, totalValueSats: 2_400n });
    const leaves = recent === undefined ? [] : await world.deps.leaves.list(recent);
    const tree = buildMerkleTree(leaves);
    expect(tree.root).toBe(recent?.merkleRoot);
    for (const [index, leaf] of tree.leaves.entries()) {
      expect(rootOfProof(leaf, merkleProof(tree, index))).toBe(recent?.merkleRoot);
    }
    expect(new Set(leaves.map(({ vtxoId }) => vtxoId))).toEqual(new Set(ids));
    expect(await world.published()).toEqual([
      {
        d_tag: commitment,
        content: expect.objectContaining({
          status: "committed",
          l1_txid: commitment,
          merkle_root: recent?.merkleRoot,
          vtxo_count: 3,
          total_value: 2_400,
          batch_id: recent?.batchId,
          block_height: recent?.blockHeight,
        }),
      },
    ]);
    await world.hold("used", 6_000n);
    expect(await world.settleAll()).toBe("The VTXOs are renewed");
    expect(await world.published()).toHaveLength(1);
  });

  it("waits for its third confirmation", async () => {
    await world.hold("treasury", 5_000n);
    world.clock.advance(3 * DAY_MS);
    await world.confirmOutputs(700n);
    expect((await world.run()).kind).toBe("waiting");
    const [commitment = ""] = world.batches.commitments;
    world.lnd.chain.set(commitment, world.lnd.blockHeight + 1);
    world.lnd.mine(2);
    expect(await world.run()).toMatchObject({ kind: "waiting", why: `${commitment} waits for 3 confirmations` });
    world.lnd.mine(1);
    expect(await world.run()).toMatchObject({ kind: "done", l1Txid: commitment });
  });

  it("does not hold the next one up for hours, and is claimed all the same when it is confirmed", async () => {
    await world.hold("treasury", 5_000n);
    world.clock.advance(3 * DAY_MS);
    await world.confirmOutputs(700n);
    expect((await world.run()).kind).toBe("waiting");
    const [slow = ""] = world.batches.commitments;
    world.clock.advance(2 * 3_600_000);
    expect(await world.run()).toMatchObject({ kind: "done", l1Txid: slow });
    expect(await world.published()).toEqual([]);
    await world.hold("used", 6_000n);
    await world.run();
    await world.runPayouts();
    await world.run();
    expect(world.batches.commitments).toHaveLength(2);
    world.lnd.chain.set(slow, world.lnd.blockHeight + 1);
    world.lnd.mine(3);
    await world.settleAll();
    expect((await world.published()).map(({ d_tag }) => d_tag)).toContain(slow);
  });

  it("goes on without anybody who tells confirmations", async () => {
    const alone = { ...world.deps, lightning: undefined };
    await world.hold("used", 5_000n);
    await world.confirmOutputs(700n);
    await world.settleAll(alone);
    await world.hold("used", 6_000n);
    await world.settleAll(alone);
    expect(world.batches.commitments).toHaveLength(2);
  });

  it("lets the outputs to claim wait while there is nothing to renew, and not for ever", async () => {
    await world.hold("stock", 100_000n);
    await world.confirmOutputs(700n);
    expect(await world.settleAll()).toContain("There is nothing to renew; the outputs to claim wait");
    // The rows are dated by the database's clock.
    world.clock.advance(DAY_MS + 60_000);
    expect(await world.settleAll()).toBe("The commitment is confirmed");
    expect(world.batches.commitments).toHaveLength(1);
  });

  it("books what the batch cost, and every sat of the rest is still the treasury's", async () => {
    world.batches.feeSatsPerInput = 40n;
    await world.hold("used", 5_000n);
    const reconcile = reconciler();
    expect(await reconcile()).toBe(0n);
    await world.settleAll();
    expect(await world.balance("expense:batch", "gBTC")).toBe(40_000n);
    expect(await world.mirror()).toEqual({ treasury: 4_960n });
    expect(await reconcile()).toBe(0n);
    expect(await world.balance("suspense:unsolicited", "gBTC")).toBe(0n);
  });

  it("never shows as a difference in the books, not even between arkd's end of the batch and ours", async () => {
    await world.hold("treasury", 5_000n);
    world.clock.advance(3 * DAY_MS);
    const reconcile = reconciler();
    expect(await reconcile()).toBe(0n);
    world.batches.fate = () => "final_unheard";
    expect((await world.run()).kind).toBe("waiting");
    await syncVtxos(world.deps, { ownerPubkey: world.deps.wallet.keys.treasury.pubkey });
    expect(await reconcile()).toBe(0n);
    expect(await world.balance("suspense:unsolicited", "gBTC")).toBe(0n);
    expect(await world.settleAll()).toBe("The VTXOs are renewed");
    expect(await reconcile()).toBe(0n);
  });

  it("gives every unit back on an output of its own", async () => {
    await world.register();
    await world.stock(2_000_000n);
    await world
      .mint({ pubkey: world.deps.wallet.keys.land.pubkey, secretKey: new Uint8Array() }, { amount: 1 })
      .catch(() => undefined);
    const { arkAssetId = "" } = await world.getAsset();
    world.clock.advance(6 * DAY_MS);
    const before = world.arkd.totalUnits(arkAssetId);
    expect(await world.settleAll()).toBe("The VTXOs are renewed");
    expect(world.arkd.totalUnits(arkAssetId)).toBe(before);
    const rows = await test.database.select(
      "SELECT asset_id FROM vtxos WHERE kind = 'treasury' AND status = 'available' ORDER BY id",
    );
    expect(rows.filter((row) => row["asset_id"] === arkAssetId)).toHaveLength(1);
    expect(rows.every((row) => row["asset_id"] !== null)).toBe(true);
  });
});

describe("a batch that goes wrong", () => {
  it.each(["failed", "refused"] as const)(
    "frees its inputs when arkd says %s, and the next run starts anew",
    async (fate) => {
      const [vtxoId = ""] = await world.hold("treasury", 5_000n);
      world.clock.advance(3 * DAY_MS);
      await world.confirmOutputs(700n);
      const fates: BatchFate[] = [fate];
      world.batches.fate = () => fates.pop() ?? "finalized";
      world.batches.requeues = true;
      await expect(world.settleAll()).rejects.toMatchObject({ code: "daemon_unavailable" });
      expect(await lockedRows()).toEqual([]);
      // What is free here may be spent in an ark tx, which arkd refuses for what waits in its queue.
      expect(world.batches.isRegistered(vtxoId)).toBe(false);
      expect(await world.settleAll()).toBe("The commitment is confirmed");
      expect(world.batches.commitments).toHaveLength(1);
      expect(await lockedRows()).toEqual([]);
    },
  );

  it.each(["failed_late", "lost_late"] as const)(
    "keeps its inputs until arkd can no longer use our forfeits: %s",
    async (fate) => {
      await world.hold("treasury", 5_000n);
      world.clock.advance(3 * DAY_MS);
      const fates: BatchFate[] = [fate];
      world.batches.fate = () => fates.pop() ?? "finalized";
      expect((await world.run()).kind).toBe("waiting");
      world.clock.advance(2 * TEST_SESSION_MS - 1_000);
      expect(await world.run()).toMatchObject({ kind: "waiting", why: "The batch may still become final" });
      world.clock.advance(2_000);
      expect(await world.settleAll()).toBe("The VTXOs are renewed");
      expect(await statuses()).toEqual(["renewed"]);
    },
  );

  it.each(["lost", "final_unheard"] as const)(
    "is looked up at its inputs when the stream was cut: %s",
    async (fate) => {
      await world.hold("treasury", 5_000n);
      world.clock.advance(3 * DAY_MS);
      const fates: BatchFate[] = [fate];
      world.batches.fate = () => fates.pop() ?? "finalized";
      expect(await world.settleAll()).toBe("The VTXOs are renewed");
      expect(world.batches.commitments).toHaveLength(1);
      expect(await world.mirror()).toEqual({ treasury: 5_000n });
    },
  );

  it("gives an input up that was spent elsewhere, and frees the others", async () => {
    const [gone = ""] = await world.hold("treasury", 5_000n);
    await world.hold("treasury", 6_000n);
    world.clock.advance(3 * DAY_MS);
    world.batches.fate = () => "lost";
    await world.run();
    world.arkd.spendElsewhere(gone);
    await expect(world.run()).rejects.toMatchObject({ code: "daemon_unavailable" });
    expect(await statuses()).toEqual(["failed"]);
    expect(await lockedRows()).toEqual([]);
  });

  it("goes on without the output of a move that was seen at arkd and taken before it was booked", async () => {
    const [treasury = ""] = await world.hold("treasury", 90_000n);
    await world.hold("land", 30_000n, 20_000n);
    const [used = ""] = await world.hold("used", 20_000n);
    await world.run();
    const [attempt] = await test.database.select(
      "SELECT a.txid FROM payout_attempts a JOIN payouts p ON p.id = a.payout_id WHERE a.pivot_vtxo_id <> ? AND p.kind = 'move'",
      [used],
    );
    const txid = String(attempt?.["txid"]);
    const like = world.arkd.vtxos.get(treasury);
    if (like === undefined) throw new Error("the treasury has a VTXO");
    await recordVtxos(world.deps, [{ ...like, vtxoId: `${txid}:0`, txid, vout: 0, amountSats: 50_000n }]);
    await test.database.write("UPDATE vtxos SET locked_by = 'payout:fanout.x' WHERE vtxo_id = ?", [`${txid}:0`]);
    await world.settleAll();
    const open = "SELECT 1 FROM payouts WHERE kind = 'move' AND status NOT IN ('final','cancelled')";
    expect(await test.database.select(open)).toEqual([]);
    expect(await world.vtxo(`${txid}:0`)).toMatchObject({ status: "available", lockedBy: "payout:fanout.x" });
    expect((await world.vtxo(used)).status).toBe("spent");
  });

  it("gives a move up whose VTXO arkd refuses, and renews the others", async () => {
    const [gone = ""] = await world.hold("used", 1_010n);
    await world.hold("land", 50_000n);
    await world.run();
    world.arkd.spendElsewhere(gone);
    expect(await world.settleAll()).toBe("The VTXOs are renewed");
    expect(await world.mirror()).toMatchObject({ treasury: 50_000n });
    expect(await lockedRows()).toEqual([]);
  });
});

describe("runs of the job", () => {
  it("leave a settlement to the run that drives it, and take it over when that one has ended", async () => {
    await world.hold("treasury", 5_000n);
    world.clock.advance(3 * DAY_MS);
    const job = () =>
      test.database.transactions.run((tx) =>
        insertJob(world.deps.jobs, tx, { task: "settlement_run", payload: { v: 1 }, owner: "system" }),
      );
    const [first, second] = [await job(), await job()];
    world.batches.fate = () => "lost";
    expect((await world.run(world.deps, first.jobId)).kind).toBe("waiting");
    expect(await world.run(world.deps, second.jobId)).toMatchObject({ kind: "done", why: "Another run is at it" });
    await test.database.write("UPDATE job_logs SET status = 'failed' WHERE job_id = ?", [first.jobId]);
    world.batches.fate = () => "finalized";
    expect(await world.run(world.deps, second.jobId)).toMatchObject({ kind: "done", why: "The VTXOs are renewed" });
  });

  it("begin one settlement when they begin together", async () => {
    await world.hold("treasury", 5_000n);
    world.clock.advance(3 * DAY_MS);
    await Promise.allSettled([world.run(), world.run(), world.run()]);
    expect(await world.settleAll()).toMatch(/renewed|nothing to renew/);
    expect(world.batches.commitments).toHaveLength(1);
    expect(await world.mirror()).toEqual({ treasury: 5_000n });
  });

  it.each([
    { at: "commit", after: false },
    { at: "commit", after: true },
    { at: "call", after: true },
  ] as const)(
    "end the same when they die at any $at (after it: $after)",
    async (moment) => {
      for (let crashAt = 0, survived = false; !survived; crashAt++) {
        await test.empty();
        world = await openSettlementWorld(test);
        world.batches.feeSatsPerInput = 10n;
        await world.hold("used", 1_010n, 2_020n);
        await world.hold("treasury", 9_000n);
        world.clock.advance(3 * DAY_MS);
        await world.confirmOutputs(700n, 800n);
        survived = await world.settleAll(mortalDeps(world.deps, { ...moment, crashAt })).then(
          () => true,
          (thrown: unknown) => {
            if (!isCrash(thrown)) throw thrown;
            return false;
          },
        );
        await world.settleAll();
        expect([crashAt, world.batches.commitments.length]).toEqual([crashAt, 1]);
        expect(await world.published()).toHaveLength(1);
        expect(await world.deps.leaves.countPending()).toBe(0);
        expect(await lockedRows()).toEqual([]);
        expect(await world.mirror()).toEqual({ treasury: 12_030n - 20n });
        expect(await world.balance("expense:batch", "gBTC")).toBe(20_000n);
      }
    },
    240_000,
  );
});
