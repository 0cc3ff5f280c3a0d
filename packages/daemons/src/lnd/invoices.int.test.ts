import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { status } from "@grpc/grpc-js";

import { SILENT_OBSERVER } from "../daemon-observer";
import type { AddHoldInvoiceRequest, SettleInvoiceMsg } from "../gen/invoicesrpc/invoices";
import { Invoice, Invoice_InvoiceState, InvoiceHTLC, InvoiceHTLCState, type PaymentHash } from "../gen/lnrpc/lightning";
import { toPaymentHash } from "../payment-hash";
import { failure, HOLD } from "../testing/fake-arkd";
import { rejectionOf } from "../testing/rejection-of";
import type { ScriptedDaemon } from "../testing/scripted-daemon";
import { startScriptedLnd } from "../testing/scripted-lnd";
import { fromHex } from "../wire-bytes";
import { GrpcLightningNode } from "./grpc-lightning-node";

const folder = mkdtempSync(path.join(tmpdir(), "arkrelay-lnd-"));
const PREIMAGE = "0102".repeat(16);
const HASH = toPaymentHash(PREIMAGE);
const NEW_INVOICE = { valueMsat: 21_001n, memo: "lift 1", expirySeconds: 3_600 };

let lnd: ScriptedDaemon;
let node: GrpcLightningNode;

beforeEach(async () => {
  lnd = await startScriptedLnd(folder);
  node = new GrpcLightningNode(lnd.endpoint, { observer: SILENT_OBSERVER, requestId: () => undefined });
  lnd.answer("LookupInvoice", () => STORED);
});

afterEach(() => {
  node.close();
  lnd.stop();
});

afterAll(() => rmSync(folder, { recursive: true }));

const STORED = Invoice.fromPartial({
  rHash: fromHex(HASH),
  rPreimage: fromHex(PREIMAGE),
  paymentRequest: "lnbcrt1",
  memo: "lift 1",
  valueMsat: 21_001n,
  amtPaidMsat: 30_000n,
  amtPaid: 1n,
  creationDate: 100n,
  expiry: 3_600n,
  addIndex: 5n,
  settleIndex: 9_007_199_254_740_993n,
  state: Invoice_InvoiceState.ACCEPTED,
  htlcs: [
    InvoiceHTLC.fromPartial({
      amtMsat: 30_000n,
      expiryHeight: 800,
      state: InvoiceHTLCState.ACCEPTED,
      customRecords: new Map([[5_482_373_484n, Buffer.from("00", "hex")]]),
      customChannelData: Buffer.from(`{"balances":[{"asset_id":"ab","amount":9007199254740993}]}`),
    }),
  ],
});

function refuse(method: string, text: string, code = status.UNKNOWN): void {
  lnd.answer(method, () => {
    throw failure(code, text);
  });
}

describe("an invoice", () => {
  test("is what lnd stores of it, without the preimage that lnd shows", async () => {
    lnd.answer("AddInvoice", () => ({ rHash: fromHex(HASH), addIndex: 5n }));
    await expect(node.addInvoice({ ...NEW_INVOICE, preimage: PREIMAGE })).resolves.toEqual({
      paymentHash: HASH,
      bolt11: "lnbcrt1",
      memo: "lift 1",
      valueMsat: 21_001n,
      amtPaidMsat: 30_000n,
      state: "accepted",
      addIndex: 5n,
      settleIndex: 9_007_199_254_740_993n,
      createdAt: new Date(100_000),
      expiresAt: new Date(3_700_000),
      htlcs: [
        { state: "accepted", amtMsat: 30_000n, expiryHeight: 800, units: new Map([["ab", 9_007_199_254_740_993n]]) },
      ],
    });
    expect(lnd.requestsOf<Invoice>("AddInvoice")).toMatchObject([{ valueMsat: 21_001n, value: 0n, expiry: 3_600n }]);
    expect(lnd.requestsOf<PaymentHash>("LookupInvoice")[0]?.rHash.toString("hex")).toBe(HASH);
  });

  test("asked for again is the same one", async () => {
    refuse("AddInvoice", "invoice with payment hash already exists");
    await expect(node.addInvoice({ ...NEW_INVOICE, preimage: PREIMAGE })).resolves.toMatchObject({ bolt11: "lnbcrt1" });
  });

  test("that was added but cannot be read is an open outcome, never a failure", async () => {
    lnd.answer("AddInvoice", () => ({}));
    refuse("LookupInvoice", "wallet locked, unlock it to enable full RPC access");
    expect((await rejectionOf(node.addInvoice({ ...NEW_INVOICE, preimage: PREIMAGE }))).code).toBe("outcome_unknown");
  });

  test("may have been added when no answer came", async () => {
    refuse("AddInvoice", "gone", status.UNAVAILABLE);
    expect((await rejectionOf(node.addInvoice({ ...NEW_INVOICE, preimage: PREIMAGE }))).code).toBe("outcome_unknown");
    expect(lnd.requestsOf("AddInvoice")).toHaveLength(1);
  });

  test.each([
    ["unable to locate invoice", status.NOT_FOUND],
    ["there are no existing invoices", status.UNKNOWN],
  ])("unknown to lnd is nothing: %s", async (text, code) => {
    refuse("LookupInvoice", text, code);
    await expect(node.lookupInvoice(HASH)).resolves.toBeUndefined();
  });
});

describe("a hold invoice", () => {
  const hold = () => node.addHoldInvoice({ ...NEW_INVOICE, paymentHash: HASH, cltvExpiry: 160 });

  test("is made over our hash, in natural order, with the blocks we ask for", async () => {
    lnd.answer("AddHoldInvoice", () => ({ paymentRequest: "lnbcrt1", addIndex: 5n }));
    await expect(hold()).resolves.toMatchObject({ paymentHash: HASH, addIndex: 5n });
    const [request] = lnd.requestsOf<AddHoldInvoiceRequest>("AddHoldInvoice");
    expect(request?.hash.toString("hex")).toBe(HASH);
    expect(request).toMatchObject({ valueMsat: 21_001n, cltvExpiry: 160n, expiry: 3_600n });
  });

  test("asked for again is the same one", async () => {
    refuse("AddHoldInvoice", "invoice with payment hash already exists");
    await expect(hold()).resolves.toMatchObject({ paymentHash: HASH });
  });

  test("needs a build that has them, and says so", async () => {
    refuse("AddHoldInvoice", "unknown service invoicesrpc.Invoices", status.UNIMPLEMENTED);
    expect((await rejectionOf(hold())).message).toBe("This lnd does not serve invoicesrpc.Invoices");
  });

  test.each([
    ["settled", "invoice still open", "invoice_open"],
    ["settled", "invoice already canceled", "invoice_canceled"],
    ["settled", "unable to locate invoice", "invoice_unknown"],
    ["canceled", "invoice already settled", "invoice_settled"],
    ["canceled", "unable to locate invoice", "invoice_unknown"],
  ])("cannot be %s: %s", async (how, text, name) => {
    refuse("SettleInvoice", text);
    refuse("CancelInvoice", text);
    const error = await rejectionOf(how === "settled" ? node.settleInvoice(PREIMAGE) : node.cancelInvoice(HASH));
    expect([error.code, error.details?.["daemon_name"]]).toEqual(["daemon_rejected", name]);
  });

  test("is settled by its preimage as it reads, with the invoice macaroon", async () => {
    node.close();
    const roleMacaroonFiles = { invoice: lnd.tls.writeFile("invoice.macaroon", "invoice") };
    const endpoint = { ...lnd.endpoint, roleMacaroonFiles };
    node = new GrpcLightningNode(endpoint, { observer: SILENT_OBSERVER, requestId: () => undefined });
    lnd.answer("SettleInvoice", () => ({}));
    await node.settleInvoice(PREIMAGE);
    expect(lnd.requestsOf<SettleInvoiceMsg>("SettleInvoice")[0]?.preimage.toString("hex")).toBe(PREIMAGE);
    expect(lnd.macaroonOf("SettleInvoice")).toBe(Buffer.from("invoice").toString("hex"));
    expect(lnd.macaroonOf("GetInfo")).toBe("ad");
  });
});

test("invoices are listed from after an index, at most 200 at a time", async () => {
  lnd.answer("ListInvoices", () => ({ invoices: [STORED] }));
  await expect(node.listInvoices({ afterAddIndex: 4n, limit: 200, pendingOnly: true })).resolves.toHaveLength(1);
  expect(lnd.requestsOf("ListInvoices")).toMatchObject([
    { indexOffset: 4n, numMaxInvoices: 200n, pendingOnly: true, reversed: false },
  ]);
  await expect(node.listInvoices({ afterAddIndex: 0n, limit: 201 })).rejects.toThrow();
});

describe("a subscription to invoices", () => {
  const listen = async (signal: AbortSignal, onInvoice: () => void = () => undefined): Promise<bigint[]> => {
    const indexes: bigint[] = [];
    for await (const { addIndex } of node.subscribeInvoices({ addIndex: 3n, settleIndex: 2n }, signal)) {
      indexes.push(addIndex);
      onInvoice();
    }
    return indexes;
  };
  const streams = (messages: readonly Invoice[], end: () => unknown): void =>
    lnd.answer("SubscribeInvoices", async function* () {
      yield* messages;
      await end();
    });

  test("resumes from the given indexes and ends when lnd ends it cleanly", async () => {
    streams([STORED, { ...STORED, addIndex: 6n }], () => undefined);
    await expect(listen(new AbortController().signal)).resolves.toEqual([5n, 6n]);
    expect(lnd.requestsOf("SubscribeInvoices")).toEqual([{ addIndex: 3n, settleIndex: 2n }]);
  });

  test("fails when the connection breaks", async () => {
    streams([STORED], () => lnd.stop());
    expect((await rejectionOf(listen(new AbortController().signal))).code).toBe("daemon_unavailable");
  });

  test("ends when it is no longer wanted", async () => {
    const stopped = new AbortController();
    streams([STORED], () => HOLD);
    await expect(listen(stopped.signal, () => stopped.abort())).resolves.toEqual([5n]);
  });

  test("of one hold invoice tells its state at once", async () => {
    lnd.answer("SubscribeSingleInvoice", async function* () {
      yield STORED;
      yield { ...STORED, state: Invoice_InvoiceState.SETTLED };
    });
    const states: string[] = [];
    for await (const { state } of node.subscribeInvoice(HASH, new AbortController().signal)) states.push(state);
    expect(states).toEqual(["accepted", "settled"]);
  });
});
