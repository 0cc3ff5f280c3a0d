import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import type { Wake } from "@arkrelay/core/ports/waker";
import { GrpcArkDaemon } from "@arkrelay/daemons/ark/grpc-ark-daemon";
import { SILENT_OBSERVER } from "@arkrelay/daemons/daemon-observer";
import { FakeArkd } from "@arkrelay/daemons/testing/fake-arkd";
import { readJson } from "@arkrelay/db/row";
import { DrizzleJobStore } from "@arkrelay/db/stores/job-store";
import { openSessionStores } from "@arkrelay/db/stores/open-session-stores";
import { DrizzleWatchedScriptStore } from "@arkrelay/db/stores/watched-script-store";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";
import { createMetrics } from "@arkrelay/runtime/metrics";
import { NO_SEALER } from "@arkrelay/runtime/no-sealer";
import { systemRandom } from "@arkrelay/runtime/random";
import { until } from "@arkrelay/runtime/testing/until";

import { silentLog } from "../testing/silent-log";
import { createScriptListener } from "./script-listener";

const folder = mkdtempSync(path.join(tmpdir(), "arkrelay-scripts-"));
const [ALICE, BOB] = ["aa".repeat(32), "bb".repeat(32)];
const SLOT_MS = 10_000;

let testDatabase: TestDatabase;
let arkd: FakeArkd;
let daemon: GrpcArkDaemon;
let stop: () => Promise<void>;
let wakes: Wake[];
let nowMs: number;

beforeAll(async () => {
  testDatabase = await openTestDatabase();
});
afterAll(async () => {
  await testDatabase.close();
  rmSync(folder, { recursive: true });
});

beforeEach(async () => {
  await testDatabase.empty();
  arkd = await FakeArkd.start(folder);
  daemon = new GrpcArkDaemon(arkd.config, { observer: SILENT_OBSERVER, requestId: () => undefined });
  wakes = [];
  nowMs = 1_790_000_000_000;
});
afterEach(async () => {
  await stop();
  daemon.close();
  arkd.stop();
});

function start(): void {
  const { database } = testDatabase;
  const clock = { now: () => new Date(nowMs) };
  const listener = createScriptListener({
    arkd: daemon,
    scripts: new DrizzleWatchedScriptStore(database),
    insert: { jobs: new DrizzleJobStore(database), random: systemRandom, clock, pendingJobsMax: 1 },
    waker: { wake: (more) => Promise.resolve(void wakes.push(...more)) },
    ...openSessionStores(database, NO_SEALER),
    metrics: createMetrics(),
    log: silentLog(),
    refreshMs: 10,
    reconcileMs: 600_000,
    times: { silenceMs: 60_000, retryMs: 1, retryMsMax: 4, reuseMs: 60_000 },
  });
  const abort = new AbortController();
  const ended = listener.run({ token: 1, signal: abort.signal });
  stop = async () => {
    abort.abort();
    await ended;
  };
}

async function addScript(owner: string, script: string): Promise<void> {
  await testDatabase.database.write(
    `INSERT INTO vtxo_scripts (owner_pubkey, signer_pubkey, exit_delay, script, tap_tree, kind, first_seen)
     VALUES (?, ?, 512, ?, '', 'user', NOW(3))`,
    [owner, "cc".repeat(32), script],
  );
}

async function addVtxo(owner: string, status: string): Promise<void> {
  const txid = owner;
  await testDatabase.database.write(
    `INSERT INTO vtxos (vtxo_id, txid, vout, script_id, owner_pubkey, kind, asset_id, amount_sats, status, is_preconfirmed,
       commitment_txids, created_at, updated_from, seen_at)
     SELECT ?, ?, 0, MIN(id), ?, 'user', 'gBTC', 1000, ?, TRUE, '[]', NOW(3), 'reconcile', NOW(3) FROM vtxo_scripts WHERE owner_pubkey = ?`,
    [`${txid}:0`, txid, owner, status, owner],
  );
}

/** The keys whose mirror was asked to be read, in order. */
async function syncedOwners(): Promise<unknown[]> {
  const rows = await testDatabase.database.select("SELECT payload FROM job_logs WHERE task = 'vtxo_sync' ORDER BY id");
  return rows.map((row) => readJson(row, "payload"));
}

const syncOf = (ownerPubkey: string) => ({ v: 1, ownerPubkey });

function hint(scripts: string[]): void {
  const lists = { newVtxos: [], spentVtxos: [], sweptVtxos: [], checkpointTxs: {} };
  const value = { txid: "dd".repeat(32), scripts, tx: "", ...lists };
  arkd.streams.at(-1)?.stream.write({ data: { $case: "event", value } });
}

test("watches the scripts of keys with live VTXOs and turns a hint into a reading of that key", async () => {
  await addScript(ALICE, "5120aa");
  await addVtxo(ALICE, "assigned");
  await addScript(BOB, "5120bb");
  await addVtxo(BOB, "spent");
  start();
  await until(async () => arkd.streams.length === 1 && (await syncedOwners()).length === 1);
  expect([...arkd.subscriptions.values()].map((scripts) => [...scripts])).toEqual([["5120aa"]]);
  nowMs += SLOT_MS;
  hint(["5120aa", "5120ff"]);
  await until(async () => (await syncedOwners()).length === 2);
  expect(await syncedOwners()).toEqual([syncOf(ALICE), syncOf(ALICE)]);
  expect(wakes).toHaveLength(2);
});

test("a script that becomes worth watching is added, and read at once", async () => {
  await addScript(ALICE, "5120aa");
  await addVtxo(ALICE, "assigned");
  start();
  await until(async () => arkd.streams.length === 1 && (await syncedOwners()).length === 1);
  await addScript(BOB, "5120bb");
  await addVtxo(BOB, "available");
  await until(async () => (await syncedOwners()).length === 2);
  expect(await syncedOwners()).toContainEqual(syncOf(BOB));
});

test("a stream that was cut is opened again and everything watched is read again", async () => {
  await addScript(ALICE, "5120aa");
  await addVtxo(ALICE, "assigned");
  start();
  await until(async () => arkd.streams.length === 1 && (await syncedOwners()).length === 1);
  nowMs += SLOT_MS;
  arkd.streams[0]?.stream.end();
  await until(async () => arkd.streams.length === 2 && (await syncedOwners()).length === 2);
  expect(await syncedOwners()).toEqual([syncOf(ALICE), syncOf(ALICE)]);
});

describe("a transaction that arkd makes known", () => {
  const TXID = "ee".repeat(32);

  async function tellTransaction(spentScript: string, status: string): Promise<void> {
    await testDatabase.database.write("UPDATE vtxo_scripts SET kind = 'fee' WHERE script = '5120aa'", []);
    await testDatabase.database.write(
      `INSERT INTO transactions (txid, session_id, tx_type, status, asset_id, asset_amount, amount_sats, fee_sats, sender_pubkey,
         recipient_pubkey, created_at) VALUES (?, 's', 'p2p_transfer', ?, 'gBTC', 1, 1, 10, ?, ?, NOW(3))`,
      [TXID, status, ALICE, BOB],
    );
    start();
    await until(() => Promise.resolve(arkd.transactionStreams.length === 1));
    arkd.tellTransaction(0, TXID, [spentScript]);
  }
  const recoveries = () =>
    testDatabase.database.select("SELECT payload FROM job_logs WHERE task = 'tx_recover' ORDER BY id");

  test("has the session driven when it is ours and not booked yet", async () => {
    await addScript(ALICE, "5120aa");
    await tellTransaction("5120aa", "broadcast");
    await until(async () => (await recoveries()).length === 1);
    const [row] = await recoveries();
    expect(row === undefined ? undefined : readJson(row, "payload")).toEqual({ v: 1, txid: TXID });
  });

  test.each([
    ["spends nothing of ours", "5120ff", "broadcast"],
    ["is booked", "5120aa", "confirmed"],
  ])("is passed over when it %s", async (_why, script, status) => {
    await addScript(ALICE, "5120aa");
    await tellTransaction(script, status);
    arkd.tellTransaction(0, "cd".repeat(32), ["5120aa"]);
    arkd.transactionStreams[0]?.end();
    // The stream is opened again only after both messages were worked on.
    await until(() => Promise.resolve(arkd.transactionStreams.length === 2));
    expect(await recoveries()).toEqual([]);
  });
});
