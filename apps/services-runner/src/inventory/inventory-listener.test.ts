import type { InventoryCounts } from "@arkrelay/core/inventory/judge-inventory";
import type { Transactions } from "@arkrelay/core/ports/transactions";
import type { Wake } from "@arkrelay/core/ports/waker";
import { inventoryReportSchema } from "@arkrelay/core/service-report";
import { ManualClock } from "@arkrelay/core/testing/manual-clock";
import type { LogFields } from "@arkrelay/runtime/logger";
import { until } from "@arkrelay/runtime/testing/until";

import { createInventoryListener, type InventoryListenerDeps } from "./inventory-listener";

const clock = new ManualClock(Date.parse("2026-01-01T00:00:00Z"));
let counts: InventoryCounts;
let freeFees: number;
let looks: number;
let fails: boolean;
let woken: Wake[];
let published: { readonly channel: string; readonly message: unknown }[];
let lines: (LogFields & { readonly message: string })[];

beforeEach(() => {
  counts = { available: 20, assigned: 0 };
  freeFees = 20;
  looks = 0;
  fails = false;
  woken = [];
  published = [];
  lines = [];
});

function aListener() {
  const line = (message: string, fields?: LogFields) => void lines.push({ message, ...fields });
  const deps: InventoryListenerDeps = {
    clock,
    config: { vtxoMinRemainingMs: 0, feeVtxoSats: 1_000n },
    levels: {
      profile: "dev",
      critical: 10,
      warning: 10,
      target: 20,
      batch: 100,
      maxUtilization: 1,
      maxSatPerVbyte: 10,
      feeVtxos: 20,
    },
    batchSats: 100_000n,
    satPerVbyte: 1,
    transactions: { run: (work) => work({} as never) } as Transactions,
    vtxos: { countFree: () => Promise.resolve(freeFees), sumFree: () => Promise.resolve(10_000_000n) },
    inventory: {
      count: () => {
        looks += 1;
        return fails ? Promise.reject(new Error("the database is away")) : Promise.resolve(counts);
      },
      listStocked: () => Promise.resolve([{ assetId: "gBTC", arkAssetId: undefined, size: undefined }]),
    },
    insertJob: {
      jobs: {
        insert: (_tx, job) => Promise.resolve({ jobId: String(job.dedupeKey), isNew: true }),
        countOpen: () => Promise.resolve({ inQueue: 0, inAll: 0 }),
      },
      random: { uuid: () => "id" },
      clock,
      pendingJobsMax: 1,
    },
    webhooks: { announce: () => Promise.resolve() },
    waker: { wake: (wakes) => Promise.resolve(void woken.push(...wakes)) },
    publish: (channel, message) => void published.push({ channel, message: JSON.parse(message) }),
    log: { error: line, info: line, warn: line },
    periodMs: 1,
    feePeriodMs: 1,
  };
  const abort = new AbortController();
  const listener = createInventoryListener(deps);
  const ended = listener.run({ token: 1, signal: abort.signal });
  return {
    listener,
    /** Both loops have looked at what the test has set up now. */
    looked: async () => {
      const from = looks;
      await until(() => looks >= from + 3);
    },
    stop: async () => {
      abort.abort();
      await ended;
    },
  };
}

const report = (detail: unknown) =>
  inventoryReportSchema.shape.detail
    .parse(detail)
    ?.assets.map(({ kind, available, level }) => [kind, available, level]);

it("orders what is missing, wakes it, and reports what there is", async () => {
  counts = { available: 3, assigned: 0 };
  freeFees = 5;
  const { listener, looked, stop } = aListener();
  await looked();
  await stop();
  const keys = new Set(woken.map(({ rowKey }) => rowKey));
  expect(keys).toEqual(new Set(["vtxo_replenishment:gBTC", "vtxo_replenishment:fee:"]));
  expect(report(listener.report())).toEqual(
    expect.arrayContaining([
      ["stock", 3, "critical"],
      ["fee", 5, "critical"],
    ]),
  );
});

it("tells the channel when something has changed, and only then", async () => {
  const { looked, stop } = aListener();
  await looked();
  counts = { available: 19, assigned: 1 };
  await looked();
  await stop();
  const stock = published.filter(({ message }) => (message as { kind: string }).kind === "stock");
  expect(stock.map(({ channel, message }) => [channel, (message as { available: number }).available])).toEqual([
    ["inventory:updates", 20],
    ["inventory:updates", 19],
  ]);
});

it("tells operators of what is low for five minutes, and when it is over", async () => {
  counts = { available: 3, assigned: 0 };
  const { looked, stop } = aListener();
  const alerts = () => lines.filter((line) => "alert" in line);
  await looked();
  clock.advance(299_000);
  await looked();
  expect(alerts()).toEqual([]);
  clock.advance(1_000);
  await looked();
  expect(alerts()).toMatchObject([
    { alert: "vtxo_inventory_low", severity: "critical", asset_id: "gBTC", available: 3, target: 20, ratio: 0.15 },
  ]);
  counts = { available: 4, assigned: 0 };
  await looked();
  await stop();
  expect(alerts().at(-1)).toMatchObject({ message: "an alert is over", subject: "stock:gBTC" });
});

it("goes on looking after a failure", async () => {
  fails = true;
  const { looked, stop } = aListener();
  await looked();
  fails = false;
  counts = { available: 3, assigned: 0 };
  await looked();
  await stop();
  expect(woken.map(({ rowKey }) => rowKey)).toContain("vtxo_replenishment:gBTC");
});
