import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import type { Wake } from "@arkrelay/core/ports/waker";
import { GrpcArkDaemon } from "@arkrelay/daemons/ark/grpc-ark-daemon";
import { SILENT_OBSERVER } from "@arkrelay/daemons/daemon-observer";
import { FakeArkd } from "@arkrelay/daemons/testing/fake-arkd";
import { readJson } from "@arkrelay/db/row";
import { DrizzleJobStore } from "@arkrelay/db/stores/job-store";
import { DrizzleWatchedScriptStore } from "@arkrelay/db/stores/watched-script-store";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";
import { systemRandom } from "@arkrelay/runtime/random";

import { silentLog } from "../testing/silent-log";
import { until } from "../testing/until";
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
    transactions: database.transactions,
    waker: { wake: (more) => Promise.resolve(void wakes.push(...more)) },
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
