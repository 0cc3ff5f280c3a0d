import { AppError } from "@arkrelay/core/errors";
import type { LightningInvoice, LightningNode, LightningWalletState } from "@arkrelay/core/ports/lightning-node";
import { ManualClock } from "@arkrelay/core/testing/manual-clock";
import { DrizzleBalanceSampleStore } from "@arkrelay/db/stores/balance-sample-store";
import { DrizzleJobStore } from "@arkrelay/db/stores/job-store";
import { DrizzleStreamCursorStore } from "@arkrelay/db/stores/stream-cursor-store";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";
import { createMetrics, type Metrics } from "@arkrelay/runtime/metrics";
import { systemRandom } from "@arkrelay/runtime/random";
import { until } from "@arkrelay/runtime/testing/until";

import { silentLog } from "../testing/silent-log";
import { createLightningListener } from "./lightning-listener";

let testDatabase: TestDatabase;
let metrics: Metrics;
let clock: ManualClock;
let lnd: FakeLnd;
let stop: () => Promise<void>;

beforeAll(async () => {
  testDatabase = await openTestDatabase();
});
afterAll(() => testDatabase.close());
beforeEach(async () => {
  await testDatabase.empty();
  metrics = createMetrics();
  clock = new ManualClock(1_790_000_000_000);
  lnd = new FakeLnd();
});
afterEach(() => stop());

/** An lnd without invoices: its one stream is quiet, and may be refused while the rest serves. */
class FakeLnd {
  walletState: LightningWalletState | "away" = "server_active";
  refusesStream = false;
  beats = 0;
  cut: () => void = () => undefined;

  getWalletState(): Promise<LightningWalletState> {
    this.beats += 1;
    if (this.walletState === "away") return Promise.reject(new AppError("daemon_unavailable"));
    return Promise.resolve(this.walletState);
  }

  listInvoices = () => Promise.resolve([]);
  getTotalBalance = () => Promise.reject(new AppError("daemon_unavailable"));

  async *subscribeInvoices(_cursor: unknown, signal: AbortSignal): AsyncIterable<LightningInvoice> {
    yield* [];
    if (this.refusesStream) throw new AppError("daemon_unavailable");
    await new Promise<void>((resolve) => {
      this.cut = resolve;
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }
}

function start(): void {
  const { database } = testDatabase;
  const { transactions } = database;
  const listener = createLightningListener({
    node: lnd as unknown as LightningNode,
    operations: {
      listOpenLifts: () => Promise.resolve([]),
      listInFlightLands: () => Promise.resolve([]),
      wake: () => Promise.resolve(undefined),
    },
    note: () => Promise.resolve([]),
    cursors: new DrizzleStreamCursorStore(database),
    transactions,
    waker: { wake: () => Promise.resolve() },
    clock,
    metrics,
    log: silentLog(),
    tapd: undefined,
    insert: { jobs: new DrizzleJobStore(database), random: systemRandom, clock, pendingJobsMax: 1 },
    samples: new DrizzleBalanceSampleStore(database),
    onWake: () => () => undefined,
    refreshMs: 600_000,
    pollMs: 600_000,
    heartbeatMs: 5,
    slowPollMs: 600_000,
    times: { retryMs: 1, retryMsMax: 4 },
  });
  const abort = new AbortController();
  const ended = listener.run({ token: 1, signal: abort.signal });
  stop = async () => {
    abort.abort();
    await ended;
  };
}

async function lagSeconds(): Promise<number | undefined> {
  const { values } = await metrics.listenerLag.get();
  return values.find(({ labels }) => labels["stream"] === "lnd_invoices")?.value;
}

const lagBecomes = (seconds: number) => until(async () => (await lagSeconds()) === seconds);

test("a quiet stream of a serving lnd has no lag, however long it is quiet", async () => {
  start();
  await lagBecomes(0);
  clock.advance(3_600_000);
  const { beats } = lnd;
  await until(() => lnd.beats > beats + 1);
  expect(await lagSeconds()).toBe(0);
});

test("the lag grows while the stream is refused, though lnd answers everything else", async () => {
  start();
  await lagBecomes(0);
  lnd.refusesStream = true;
  lnd.cut();
  clock.advance(70_000);
  await lagBecomes(70);
  lnd.refusesStream = false;
  await lagBecomes(0);
});

test.each(["locked", "away"] as const)("the lag grows while lnd is %s", async (state) => {
  start();
  await lagBecomes(0);
  lnd.walletState = state;
  const { beats } = lnd;
  await until(() => lnd.beats > beats + 1);
  clock.advance(45_000);
  await lagBecomes(45);
});

test("a stream that was never open lags since the listener began, and nothing is told once nobody listens", async () => {
  lnd.refusesStream = true;
  start();
  clock.advance(30_000);
  await lagBecomes(30);
  await stop();
  expect(await lagSeconds()).toBeUndefined();
});
