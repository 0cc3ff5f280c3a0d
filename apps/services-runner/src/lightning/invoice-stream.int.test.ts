import { AppError } from "@arkrelay/core/errors";
import type { InvoiceCursor, InvoiceState, LightningInvoice } from "@arkrelay/core/ports/lightning-node";
import type { Wake } from "@arkrelay/core/ports/waker";
import { DrizzleStreamCursorStore } from "@arkrelay/db/stores/stream-cursor-store";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { silentLog } from "../testing/silent-log";
import { INVOICE_STREAM, InvoiceStream } from "./invoice-stream";

const LEASE_TOKEN = 7;
const OPEN_LIFT = "aa".repeat(32);

let testDatabase: TestDatabase;
let cursors: DrizzleStreamCursorStore;
let lnd: FakeInvoices;
let noted: string[];
/** Hashes of lifts that are not ended here. */
let openHashes: Set<string>;
let failOn: string | undefined;
let regressions: number;

beforeAll(async () => {
  testDatabase = await openTestDatabase();
});
afterAll(() => testDatabase.close());
beforeEach(async () => {
  await testDatabase.empty();
  cursors = new DrizzleStreamCursorStore(testDatabase.database);
  lnd = new FakeInvoices();
  noted = [];
  openHashes = new Set();
  failOn = undefined;
  regressions = 0;
});

/** lnd's rules: exclusive offsets, backlog of added invoices in their present state, then of settled ones, then a clean end. */
class FakeInvoices {
  readonly invoices: LightningInvoice[] = [];
  readonly live: LightningInvoice[] = [];
  readonly subscribedWith: InvoiceCursor[] = [];

  add(hash: string, state: InvoiceState = "open", settleIndex = 0n): void {
    this.invoices.push(invoice(hash, BigInt(this.invoices.length + 1), state, settleIndex));
  }

  listInvoices({ afterAddIndex, limit }: { afterAddIndex: bigint; limit: number }) {
    return Promise.resolve(this.invoices.filter((each) => each.addIndex > afterAddIndex).slice(0, limit));
  }

  async *subscribeInvoices(cursor: InvoiceCursor): AsyncIterable<LightningInvoice> {
    this.subscribedWith.push(cursor);
    const { addIndex, settleIndex } = cursor;
    if (addIndex > 0n) yield* this.invoices.filter((each) => each.addIndex > addIndex);
    if (settleIndex > 0n) {
      const settled = this.invoices.filter((each) => each.settleIndex > settleIndex);
      yield* settled.sort((a, b) => Number(a.settleIndex - b.settleIndex));
    }
    yield* this.live;
  }
}

function invoice(paymentHash: string, addIndex: bigint, state: InvoiceState, settleIndex: bigint): LightningInvoice {
  const at = new Date(0);
  const amounts = { valueMsat: 1_000n, amtPaidMsat: 0n };
  const facts = { bolt11: "lnbcrt1", memo: "", createdAt: at, expiresAt: at, htlcs: [] };
  return { paymentHash, addIndex, state, settleIndex, ...amounts, ...facts };
}

function runOnce(): Promise<void> {
  const stream = new InvoiceStream({
    node: lnd,
    cursors,
    transactions: testDatabase.database.transactions,
    waker: { wake: () => Promise.resolve() },
    note: (_tx, heard) => {
      if (heard.paymentHash === failOn) throw new AppError("database_unavailable");
      noted.push(`${heard.paymentHash.slice(0, 2)} ${heard.state}`);
      return Promise.resolve(openHashes.has(heard.paymentHash) ? [wakeOf(heard.paymentHash)] : []);
    },
    onRegression: () => Promise.resolve(void (regressions += 1)),
    log: silentLog(),
  });
  return stream.run(LEASE_TOKEN, new AbortController().signal);
}

function wakeOf(rowKey: string): Wake {
  return { task: "sample_task", rowKey, wakeSeq: 1, runAt: new Date(0) };
}

test("a fresh cursor pages through all invoices first, because the first event can never be replayed", async () => {
  lnd.add("01");
  lnd.add("02", "settled", 1n);
  await runOnce();
  expect(noted).toEqual(["01 open", "02 settled"]);
  expect(await cursors.find(INVOICE_STREAM)).toBe("2:0");
  expect(lnd.subscribedWith).toEqual([{ addIndex: 2n, settleIndex: 0n }]);
});

test("an event whose effect failed is read again, and nothing behind it is passed", async () => {
  lnd.add("01");
  lnd.add("02");
  lnd.add("03");
  failOn = "02";
  await expect(runOnce()).rejects.toThrow(AppError);
  expect(await cursors.find(INVOICE_STREAM)).toBe("1:0");
  failOn = undefined;
  await runOnce();
  expect(noted).toEqual(["01 open", "02 open", "03 open"]);
});

test("an invoice added and settled while nobody listened does not hide an older one's settlement", async () => {
  await saveCursor("1:1");
  lnd.add("01", "settled", 2n);
  lnd.add("02", "settled", 3n);
  await runOnce();
  expect(noted).toContain("01 settled");
  expect(await cursors.find(INVOICE_STREAM)).toBe("2:3");
});

test("a settlement behind the cursor of a lift that is still open moves the cursor back and has everything looked up", async () => {
  await saveCursor("1:9");
  lnd.add(OPEN_LIFT, "settled", 1n);
  lnd.live.push(...lnd.invoices);
  openHashes.add(OPEN_LIFT);
  await runOnce();
  expect({ regressions, cursor: await cursors.find(INVOICE_STREAM) }).toEqual({ regressions: 1, cursor: "1:1" });
});

test("the same settlement told twice at the seam is no regression", async () => {
  await saveCursor("1:9");
  lnd.add(OPEN_LIFT, "settled", 9n);
  lnd.live.push(...lnd.invoices, ...lnd.invoices);
  await runOnce();
  expect({ regressions, cursor: await cursors.find(INVOICE_STREAM) }).toEqual({ regressions: 0, cursor: "1:9" });
});

test("an lnd that lost its invoices is read from the beginning", async () => {
  await saveCursor("40:30");
  lnd.add("01");
  await runOnce();
  expect(noted).toEqual(["01 open"]);
  expect({ regressions, cursor: await cursors.find(INVOICE_STREAM) }).toEqual({ regressions: 1, cursor: "1:0" });
});

test("a former leader cannot move the cursor", async () => {
  await testDatabase.database.transactions.run((tx) => cursors.save(tx, INVOICE_STREAM, "0:0", LEASE_TOKEN + 1));
  lnd.add("01");
  await expect(runOnce()).rejects.toMatchObject({ code: "wrong_state" });
  expect(await cursors.find(INVOICE_STREAM)).toBe("0:0");
});

async function saveCursor(cursor: string): Promise<void> {
  await testDatabase.database.transactions.run((tx) => cursors.save(tx, INVOICE_STREAM, cursor, LEASE_TOKEN));
}
