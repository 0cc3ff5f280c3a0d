import { AppError } from "@arkrelay/core/errors";
import type { AssetReceive, AssetSendEvent, AssetTransfer } from "@arkrelay/core/ports/taproot-assets";
import { DrizzleJobStore } from "@arkrelay/db/stores/job-store";
import { DrizzleStreamCursorStore } from "@arkrelay/db/stores/stream-cursor-store";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";
import { createMetrics, type Metrics } from "@arkrelay/runtime/metrics";
import { systemRandom } from "@arkrelay/runtime/random";
import { until } from "@arkrelay/runtime/testing/until";

import { silentLog } from "../testing/silent-log";
import { RECEIVES_STREAM, TapdWatch } from "./tapd-watch";

const NOW_MS = 1_790_000_000_000;

let testDatabase: TestDatabase;
let cursors: DrizzleStreamCursorStore;
let metrics: Metrics;
let tapd: FakeTapd;
let stop: () => Promise<void>;
let nowMs: number;

beforeAll(async () => {
  testDatabase = await openTestDatabase();
});
afterAll(() => testDatabase.close());
beforeEach(async () => {
  await testDatabase.empty();
  cursors = new DrizzleStreamCursorStore(testDatabase.database);
  metrics = createMetrics();
  tapd = new FakeTapd();
  nowMs = NOW_MS;
});
afterEach(() => stop());

/** Its streams tell nothing of what was before, as tapd's. */
class FakeTapd {
  receives: AssetReceive[] = [];
  transfers: AssetTransfer[] = [];
  readonly askedSince: Date[] = [];
  subscriptions = 0;
  refusesTransfers = false;
  refusesReceives = false;
  private tell: (receive: AssetReceive) => void = () => undefined;
  cut: () => void = () => undefined;

  /** An event about nothing that is new. */
  ring(): void {
    this.tell(receive("00:0"));
  }

  hear(receive: AssetReceive): void {
    this.receives.push(receive);
    this.tell(receive);
  }

  listReceives(since: Date) {
    this.askedSince.push(since);
    if (this.refusesReceives) return Promise.reject(new AppError("daemon_unavailable"));
    return Promise.resolve(this.receives.filter(({ at }) => at >= since));
  }

  listOpenTransfers() {
    if (this.refusesTransfers) return Promise.reject(new AppError("daemon_unavailable"));
    return Promise.resolve(this.transfers);
  }

  async *subscribeReceives(signal: AbortSignal): AsyncIterable<AssetReceive> {
    this.subscriptions += 1;
    while (!signal.aborted) {
      const next = await new Promise<AssetReceive | undefined>((resolve) => {
        this.tell = resolve;
        this.cut = () => resolve(undefined);
        signal.addEventListener("abort", () => resolve(undefined), { once: true });
      });
      if (next === undefined) return;
      yield next;
    }
  }

  readonly sends: AssetSendEvent[] = [];

  async *subscribeSends(signal: AbortSignal): AsyncIterable<AssetSendEvent> {
    yield* this.sends;
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  }
}

function receive(outpoint: string, status: AssetReceive["status"] = "completed", atMs = NOW_MS): AssetReceive {
  return { address: "taprt1", assetId: "aa".repeat(32), amountUnits: 5n, outpoint, status, at: new Date(atMs) };
}

function start(): void {
  const { database } = testDatabase;
  const watch = new TapdWatch({
    tapd,
    cursors,
    metrics,
    transactions: database.transactions,
    insert: {
      jobs: new DrizzleJobStore(database),
      random: systemRandom,
      clock: { now: () => new Date(nowMs) },
      pendingJobsMax: 1,
    },
    waker: { wake: () => Promise.resolve() },
    log: silentLog(),
    pollMs: 600_000,
    times: { retryMs: 1, retryMsMax: 4 },
  });
  const abort = new AbortController();
  const ended = watch.run({ token: 1, signal: abort.signal });
  stop = async () => {
    abort.abort();
    await ended;
  };
}

async function countComparisons(): Promise<number> {
  const rows = await testDatabase.database.select("SELECT 1 FROM job_logs WHERE task = 'reconcile_daemons'");
  return rows.length;
}

test("what came in while nobody listened is read after subscribing, and has the books compared", async () => {
  tapd.receives.push(receive("01:0"));
  start();
  await until(async () => (await countComparisons()) === 1);
  expect(await cursors.find(RECEIVES_STREAM)).toBe(String(NOW_MS / 1000));
});

test("an event of the stream makes it poll now, and the same receive told again has no second effect", async () => {
  start();
  await until(() => Promise.resolve(tapd.askedSince.length > 0 && tapd.subscriptions === 1));
  tapd.hear(receive("01:0"));
  await until(async () => (await countComparisons()) === 1);
  const polls = tapd.askedSince.length;
  tapd.hear(receive("01:0"));
  await until(() => Promise.resolve(tapd.askedSince.length > polls));
  tapd.hear(receive("02:0"));
  await until(async () => (await countComparisons()) === 2);
});

test("a receive that is not completed yet counts for nothing", async () => {
  tapd.receives.push(receive("01:0", "proof_received"));
  start();
  tapd.receives.push(receive("02:0"));
  await until(async () => (await countComparisons()) === 1);
  await pollAgain();
  await pollAgain();
  expect(await countComparisons()).toBe(1);
});

test("everything that a long silence brought is compared once", async () => {
  const outpoints = Array.from({ length: 500 }, (_, vout) => `01:${vout}`);
  tapd.receives.push(...outpoints.map((outpoint, index) => receive(outpoint, "completed", NOW_MS + index * 1_000)));
  start();
  await until(async () => (await cursors.find(RECEIVES_STREAM)) === String(NOW_MS / 1000 + 499));
  expect(await countComparisons()).toBe(1);
});

test("what tapd received before the gateway first listened is left to the schedule", async () => {
  tapd.receives.push(receive("01:0", "completed", NOW_MS - 86_400_000));
  start();
  await until(async () => (await cursors.find(RECEIVES_STREAM)) === String(NOW_MS / 1000));
  expect(await countComparisons()).toBe(0);
});

/** Makes it poll, and waits until that poll has been asked for. */
async function pollAgain(): Promise<void> {
  const polls = tapd.askedSince.length;
  tapd.ring();
  await until(() => Promise.resolve(tapd.askedSince.length > polls));
}

test("a receive that completes days after younger ones have is not missed", async () => {
  const DAY_MS = 86_400_000;
  tapd.receives.push(receive("01:0", "detected"), receive("02:0", "completed", NOW_MS + 4 * 3_600_000));
  start();
  await until(async () => (await countComparisons()) === 1);
  nowMs = NOW_MS + 15 * DAY_MS;
  tapd.receives[0] = receive("01:0", "proof_received");
  await pollAgain();
  tapd.receives[0] = receive("01:0");
  await pollAgain();
  await until(async () => (await countComparisons()) === 2);
  await until(async () => (await cursors.find(RECEIVES_STREAM)) === String(NOW_MS / 1000 + 4 * 3_600));
});

test("a receive whose transaction was never confirmed holds the cursor for two weeks and no longer", async () => {
  tapd.receives.push(receive("01:0", "detected"), receive("02:0", "completed", NOW_MS + 7_000));
  start();
  await until(async () => (await cursors.find(RECEIVES_STREAM)) === String(NOW_MS / 1000));
  nowMs = NOW_MS + 14 * 86_400_000 - 1;
  await pollAgain();
  expect(await cursors.find(RECEIVES_STREAM)).toBe(String(NOW_MS / 1000));
  nowMs += 1;
  await pollAgain();
  await until(async () => (await cursors.find(RECEIVES_STREAM)) === String(NOW_MS / 1000 + 7));
  expect(await countComparisons()).toBe(1);
});

test("receives are taken in while tapd cannot list its sends", async () => {
  tapd.refusesTransfers = true;
  tapd.receives.push(receive("01:0"));
  start();
  await until(async () => (await countComparisons()) === 1);
  await pollAgain();
  tapd.hear(receive("02:0", "completed", NOW_MS + 1_000));
  await until(async () => (await countComparisons()) === 2);
  await until(async () => (await cursors.find(RECEIVES_STREAM)) === String(NOW_MS / 1000 + 1));
});

test("after a cut it subscribes again and polls from before the cursor", async () => {
  tapd.receives.push(receive("01:0"));
  start();
  await until(async () => (await countComparisons()) === 1);
  await until(() => Promise.resolve(tapd.subscriptions === 1));
  tapd.receives.push(receive("02:0", "completed", NOW_MS - 60_000));
  tapd.cut();
  await until(async () => (await countComparisons()) === 2);
  expect(tapd.subscriptions).toBe(2);
});

async function lagSeconds(): Promise<number | undefined> {
  const { values } = await metrics.listenerLag.get();
  return values.find(({ labels }) => labels["stream"] === "tapd")?.value;
}

test("the lag is the time since tapd was last read, and nothing once nobody listens", async () => {
  tapd.refusesReceives = true;
  start();
  await until(() => tapd.askedSince.length > 0);
  nowMs += 40_000;
  await pollAgain();
  // Never read: since the watch began.
  await until(async () => (await lagSeconds()) === 40);
  tapd.refusesReceives = false;
  await pollAgain();
  await until(async () => (await lagSeconds()) === 0);
  tapd.refusesReceives = true;
  nowMs += 90_000;
  await pollAgain();
  await until(async () => (await lagSeconds()) === 90);
  await stop();
  expect(await lagSeconds()).toBeUndefined();
});

test("a confirmed transfer whose receiver has no proof is shown to the operator", async () => {
  const output = { isLocal: false, assetId: "aa".repeat(32), amountUnits: 1n, proof: new Uint8Array() };
  tapd.transfers.push({
    label: "l",
    anchorTxid: "bb".repeat(32),
    anchorHeight: 9,
    anchorFeeSats: 1n,
    outputs: [{ ...output, proofDelivery: "pending" }],
  });
  start();
  await until(async () => (await metrics.tapdProofsPending.get()).values[0]?.value === 1);
});
