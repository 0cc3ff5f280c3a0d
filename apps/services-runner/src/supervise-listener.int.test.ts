import { parseServiceReport, vtxoReportSchema } from "@arkrelay/core/service-report";
import { DrizzleLeaseStore } from "@arkrelay/db/stores/lease-store";
import { DrizzleServiceStateStore } from "@arkrelay/db/stores/service-state-store";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";
import { type Leadership, runUnderLease } from "@arkrelay/runtime/lease-runner";
import { until } from "@arkrelay/runtime/testing/until";

import { type Listener, superviseListener } from "./supervise-listener";
import { silentLog } from "./testing/silent-log";

let testDatabase: TestDatabase;
let states: DrizzleServiceStateStore;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  testDatabase = await openTestDatabase();
  states = new DrizzleServiceStateStore(testDatabase.database);
});
afterAll(() => testDatabase.close());
beforeEach(() => testDatabase.empty());
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

/** A listener that notes its starts and stops, and fails when told to. */
class RecordingListener implements Listener {
  readonly name = "vtxo";
  starts = 0;
  running = 0;
  fail: (error: Error) => void = () => undefined;

  async run({ signal }: Leadership): Promise<void> {
    this.starts += 1;
    this.running += 1;
    try {
      await new Promise<void>((resolve, reject) => {
        this.fail = reject;
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    } finally {
      this.running -= 1;
    }
  }

  report(): unknown {
    return { connected: true, scripts: this.starts, hints: 0, lastReconcileAt: null };
  }
}

function supervise(listener: Listener, autoStart = true, instance = "one"): () => Promise<void> {
  const abort = new AbortController();
  const options = { listener, autoStart, instance, states, periodMs: 5, backoffMinMs: 5, log: silentLog() };
  const ended = runUnderLease(
    {
      store: new DrizzleLeaseStore(testDatabase.database),
      name: `service:${listener.name}`,
      holder: instance,
      leaseMs: 3_000,
      renewMs: 20,
      signal: abort.signal,
    },
    (leadership) => superviseListener(options, leadership),
  );
  const stop = async (): Promise<void> => {
    abort.abort();
    await ended;
  };
  stops.push(stop);
  return stop;
}

const readReport = async () => parseServiceReport(vtxoReportSchema, (await states.find("vtxo"))?.actual, new Date());

test("the flag sets the first desired state, and the operator's wish is obeyed from then on", async () => {
  const listener = new RecordingListener();
  supervise(listener, false);
  await until(async () => (await readReport())?.running === false);
  expect(listener.starts).toBe(0);
  await states.setDesired("vtxo", "running");
  await until(() => listener.running === 1);
  await states.setDesired("vtxo", "stopped");
  await until(() => listener.running === 0);
  await until(async () => (await readReport())?.detail === null);
});

test("a listener that fails is started again and its failure can be seen", async () => {
  const listener = new RecordingListener();
  supervise(listener);
  await until(() => listener.running === 1);
  listener.fail(new Error("stream cut"));
  await until(() => listener.starts === 2);
  await until(async () => (await readReport())?.failures === 1);
  expect(await readReport()).toMatchObject({ running: true, lastError: "stream cut", detail: { scripts: 2 } });
});

test("a restart is done once and confirmed by its id", async () => {
  const listener = new RecordingListener();
  supervise(listener);
  await until(() => listener.running === 1);
  const restartId = await states.raiseRestart("vtxo");
  await until(async () => (await readReport())?.restartSeen === restartId);
  expect(listener.starts).toBe(2);
});

test("of two processes one leads, and the other takes over when it stops", async () => {
  const [first, second] = [new RecordingListener(), new RecordingListener()];
  const stopFirst = supervise(first, true, "one");
  await until(() => first.running === 1);
  supervise(second, true, "two");
  await until(async () => (await readReport())?.instance === "one");
  expect(second.running).toBe(0);
  await stopFirst();
  expect(first.running).toBe(0);
  await until(() => second.running === 1);
  await until(async () => (await readReport())?.instance === "two");
});
