import { AppError } from "@arkrelay/core/errors";
import type { LightningNode } from "@arkrelay/core/ports/lightning-node";
import type { WebhookOutbox } from "@arkrelay/core/ports/webhook-stores";
import { ManualClock } from "@arkrelay/core/testing/manual-clock";
import { DrizzleAlertFacts } from "@arkrelay/db/stores/alert-facts";
import { DrizzleStuckCeremonies } from "@arkrelay/db/stores/stuck-ceremonies";
import { DrizzleWebhookEndpointStore } from "@arkrelay/db/stores/webhook-endpoint-store";
import { DrizzleWebhookOutbox } from "@arkrelay/db/stores/webhook-outbox";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";
import type { LogFields } from "@arkrelay/runtime/logger";
import { createMetrics, type Metrics } from "@arkrelay/runtime/metrics";
import { createSealer } from "@arkrelay/runtime/sealing";

import { DeadlineWatch } from "./deadline-watch";

const MINUTE_MS = 60_000;
const LIMITS = { holdExpiryDelta: 18, unknownPaymentAlertMs: 10 * MINUTE_MS, acceptedAlertMs: 15 * MINUTE_MS };

let test: TestDatabase;
let clock: ManualClock;
let metrics: Metrics;
let watch: DeadlineWatch;
let blockHeight: number | "away";
let errors: LogFields[];
let infos: LogFields[];

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.empty();
  clock = new ManualClock(Date.now());
  metrics = createMetrics();
  blockHeight = 900;
  errors = [];
  infos = [];
  watch = newWatch();
});

function newWatch(webhooks: WebhookOutbox = new DrizzleWebhookOutbox(test.database)): DeadlineWatch {
  return new DeadlineWatch({
    facts: new DrizzleAlertFacts(test.database),
    stuck: new DrizzleStuckCeremonies(test.database),
    node: {
      getInfo: () =>
        blockHeight === "away"
          ? Promise.reject(new AppError("daemon_unavailable"))
          : Promise.resolve({ blockHeight } as Awaited<ReturnType<LightningNode["getInfo"]>>),
    },
    limits: LIMITS,
    clock,
    transactions: test.database.transactions,
    webhooks,
    metrics,
    log: {
      error: (message, fields) => errors.push({ message, ...fields }),
      info: (message, fields) => infos.push({ message, ...fields }),
      warn: () => undefined,
    },
  });
}

async function anOperation(
  id: string,
  columns: {
    readonly type?: string;
    readonly status: string;
    readonly expiryHeight?: number;
    readonly unknownSince?: Date;
  },
): Promise<void> {
  const { type = "lift", status, expiryHeight = null, unknownSince = null } = columns;
  await test.database.write(
    `INSERT INTO lightning_invoices (operation_id, invoice_type, status, payment_hash, user_pubkey, session_id, asset_id, amount,
       amount_sats, fee, user_script, memo, htlc_expiry_height, unknown_since, created_at, updated_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, 'gBTC', 50000, 50000, 0, '5120', '', ?, ?, NOW(3), NOW(3), NOW(3))`,
    [id, type, status, id.padEnd(64, "0"), "aa".repeat(32), id, expiryHeight, unknownSince],
  );
}

/** Of the lifts in a status; undefined = there is none to show. */
async function blocksLeft(status: string): Promise<number | undefined> {
  const { values } = await metrics.holdInvoiceBlocksLeft.get();
  return values.find(({ labels }) => labels.status === status)?.value;
}

describe("a payment that lnd holds for a lift", () => {
  it("is told of once before lnd gives it back, by operation and height, and again every hour until it is settled", async () => {
    await anOperation("held", { status: "delivered", expiryHeight: 1_000 });
    await anOperation("other", { status: "accepted", expiryHeight: 1_300 });
    await anOperation("later", { status: "accepted", expiryHeight: 1_200 });
    await watch.look();
    expect(errors).toEqual([]);
    expect([await blocksLeft("delivered"), await blocksLeft("accepted")]).toEqual([100, 300]);
    blockHeight = 965;
    await watch.look();
    await watch.look();
    expect(errors).toMatchObject([
      {
        alert: "hold_invoice_deadline",
        severity: "critical",
        operation_id: "held",
        height: 965,
        deadline_height: 982,
        action: expect.stringContaining("before the deadline") as string,
      },
    ]);
    clock.advance(60 * MINUTE_MS);
    await watch.look();
    expect(errors).toHaveLength(2);
    await test.database.write("UPDATE lightning_invoices SET status = 'paid'");
    await watch.look();
    expect(infos).toMatchObject([{ alert: "hold_invoice_deadline", subject: "held" }]);
    expect(await blocksLeft("delivered")).toBeUndefined();
  });

  it("is judged by the last height known while lnd is away", async () => {
    await anOperation("held", { status: "delivered", expiryHeight: 1_000 });
    blockHeight = 965;
    await watch.look();
    blockHeight = "away";
    clock.advance(60 * MINUTE_MS);
    await watch.look();
    expect(errors).toHaveLength(2);
  });

  it("keeps no other alert from being told when the height was never known", async () => {
    await anOperation("held", { status: "delivered", expiryHeight: 1_000 });
    await anOperation("lost", { status: "lost" });
    blockHeight = "away";
    await watch.look();
    expect(errors).toMatchObject([{ alert: "lift_lost", operation_id: "lost", amount: "50000" }]);
  });
});

it("a payment without a known outcome is told of after ten minutes", async () => {
  await anOperation("unknown", { type: "land", status: "in_flight", unknownSince: clock.now() });
  clock.advance(9 * MINUTE_MS);
  await watch.look();
  expect(errors).toEqual([]);
  clock.advance(2 * MINUTE_MS);
  await watch.look();
  expect(errors).toMatchObject([
    {
      alert: "unknown_payments",
      operation_id: "unknown",
      status: "in_flight",
      deadline: expect.any(String) as string,
      action: expect.stringContaining("/admin/lightning/unknown") as string,
    },
  ]);
});

it("a payout that arkd accepted and that is not final is told of after fifteen minutes", async () => {
  await test.database.write(
    `INSERT INTO payouts (kind, business_id, pivot_vtxo_id, script, owner_pubkey, asset_id, amount, amount_sats, status, created_at, updated_at)
     VALUES ('lift', 'op-1', 'p:0', '5120', ?, 'gBTC', 1, 1, 'accepted', NOW(3), NOW(3))`,
    ["aa".repeat(32)],
  );
  await test.database.write(
    `INSERT INTO payout_attempts (payout_id, attempt, pivot_vtxo_id, txid, role, unsigned_psbt, checkpoints, outputs, input_vtxo_ids, outcome,
       created_at) SELECT id, 1, 'p:0', ?, 'pay', '', '[]', '[]', '[]', 'accepted', NOW(3) FROM payouts`,
    ["bb".repeat(32)],
  );
  clock.advance(14 * MINUTE_MS);
  await watch.look();
  expect(errors).toEqual([]);
  clock.advance(2 * MINUTE_MS);
  await watch.look();
  expect(errors).toMatchObject([
    { alert: "payout_stuck", operation_id: "op-1", txid: "bb".repeat(32), payout: "lift" },
  ]);
});

describe("an operator's webhook", () => {
  const endpoints = () => new DrizzleWebhookEndpointStore(test.database, createSealer({ key: new Uint8Array(32) }));
  const listen = (owner: string) =>
    test.database.transactions.run((tx) =>
      endpoints().insert(tx, {
        endpointId: `wh_${owner}`,
        owner,
        url: "https://operator.example/",
        events: ["*"],
        description: undefined,
        ordered: false,
        secret: "whsec_AAAA",
      }),
    );
  const told = async () => {
    const rows = await test.database.select("SELECT owner, body FROM webhook_deliveries ORDER BY id");
    return rows.map((row) => ({
      owner: row["owner"],
      ...(JSON.parse(String(row["body"])) as { type: string; data: Record<string, unknown> }),
    }));
  };

  it("hears once of an alert that stands and once of its end; nobody else does", async () => {
    await listen("admin");
    await listen("key:solver");
    await anOperation("held", { status: "delivered", expiryHeight: 1_000 });
    blockHeight = 965;
    await watch.look();
    const triggeredAt = clock.now().toISOString();
    clock.advance(60 * MINUTE_MS);
    await watch.look();
    await test.database.write("UPDATE lightning_invoices SET status = 'paid'");
    await watch.look();
    const alert = {
      rule_name: "hold_invoice_deadline",
      subject: "held",
      severity: "critical",
      triggered_at: triggeredAt,
    };
    expect(await told()).toMatchObject([
      { owner: "admin", type: "alert.fired", data: { ...alert, metadata: { deadline_height: 982 } } },
      { owner: "admin", type: "alert.resolved", data: { ...alert, resolved_at: clock.now().toISOString() } },
    ]);
  });

  it("hears of an alert later when it could not be written down at once", async () => {
    await listen("admin");
    await anOperation("lost", { status: "lost" });
    let isAway = true;
    const outbox = new DrizzleWebhookOutbox(test.database);
    watch = newWatch({
      announce: (tx, event) =>
        isAway ? Promise.reject(new AppError("database_unavailable")) : outbox.announce(tx, event),
    });
    await expect(watch.look()).rejects.toThrow();
    isAway = false;
    await watch.look();
    await watch.look();
    expect((await told()).map(({ type }) => type)).toEqual(["alert.fired"]);
    expect(errors).toHaveLength(1);
  });
});
