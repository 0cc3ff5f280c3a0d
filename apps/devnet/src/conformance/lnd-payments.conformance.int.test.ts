import type { LightningInvoice } from "@arkrelay/core/ports/lightning-node";

import { type LndUnderTest, LND_RELEASES, type OutsideWallet, aSecret, openLnd } from "../testing/lnd-under-test";
import { refusalOf } from "../testing/refusal-of";

/**
 * What the gateway relies on between its lnd and a wallet outside. Against real daemons it needs a second lnd (CONTRACT_LND_OUTSIDE)
 * with 100000 sats of room in both directions.
 */
describe.each(LND_RELEASES)("lnd %s and a wallet outside", (release) => {
  let lnd: LndUnderTest;
  let outside: OutsideWallet;

  beforeAll(async () => {
    lnd = await openLnd(release);
    if (lnd.outside === undefined) throw new Error("CONTRACT_LND_OUTSIDE is not set");
    outside = lnd.outside;
  });
  afterAll(async () => {
    await lnd.close();
  });

  const hold = (paymentHash: string) =>
    lnd.node.addHoldInvoice({ paymentHash, valueMsat: 50_000n, memo: "lift", expirySeconds: 3_600, cltvExpiry: 160 });
  const pay = (
    invoice: { readonly bolt11: string; readonly paymentHash: string },
    feeLimitMsat = 10_000n,
    signal?: AbortSignal,
  ) =>
    lnd.node.sendPayment(
      { ...invoice, amountMsat: undefined, feeLimitMsat, timeoutSeconds: 30, cltvLimit: 2_000 },
      { signal },
    );
  /** The invoice once it is in this state. */
  async function when(paymentHash: string, wanted: LightningInvoice["state"]): Promise<LightningInvoice> {
    for await (const invoice of lnd.node.subscribeInvoice(paymentHash, AbortSignal.timeout(25_000))) {
      if (invoice.state === wanted) return invoice;
    }
    throw new Error(`the invoice ended before it was ${wanted}`);
  }
  /** The payment once it is under way: an HTLC is out. */
  async function whenInFlight(paymentHash: string): Promise<void> {
    for await (const { htlcs } of lnd.node.followPayment(paymentHash, AbortSignal.timeout(25_000))) {
      if (htlcs.some(({ status }) => status === "in_flight")) return;
    }
    throw new Error("the payment ended");
  }

  test("what is paid is settled, in a sequence of its own, and told to whoever listens", async () => {
    const { preimage, paymentHash } = aSecret();
    // The very first event of a sequence can never be replayed.
    await lnd.node.addInvoice({ preimage: aSecret().preimage, valueMsat: 1_000n, memo: "", expirySeconds: 3_600 });
    const invoice = await lnd.node.addInvoice({ preimage, valueMsat: 50_001n, memo: "", expirySeconds: 3_600 });
    await outside.pay(invoice.bolt11);
    const settled = await when(paymentHash, "settled");
    expect(settled.amtPaidMsat).toBeGreaterThanOrEqual(50_001n);
    expect(settled.settleIndex).toBeGreaterThan(0n);
    expect(settled.htlcs.every(({ state }) => state === "settled")).toBe(true);
    const heard: string[] = [];
    const cursor = { addIndex: invoice.addIndex - 1n, settleIndex: 0n };
    for await (const told of lnd.node.subscribeInvoices(cursor, AbortSignal.timeout(25_000))) {
      heard.push(`${told.addIndex} ${told.state}`);
      if (told.paymentHash === paymentHash) break;
    }
    // In its present state, although it was open when it was added.
    expect(heard).toEqual([`${invoice.addIndex} settled`]);
  });

  test("a held payment is accepted, with the height at which its HTLC runs out, and settled by the preimage", async () => {
    const { preimage, paymentHash } = aSecret();
    await outside.pay((await hold(paymentHash)).bolt11);
    const accepted = await when(paymentHash, "accepted");
    const { blockHeight } = await lnd.node.getInfo();
    expect(accepted.settleIndex).toBe(0n);
    for (const htlc of accepted.htlcs) {
      expect(htlc.state).toBe("accepted");
      expect(htlc.expiryHeight).toBeGreaterThan(blockHeight + 100);
    }
    await lnd.node.settleInvoice(preimage);
    await lnd.node.settleInvoice(preimage);
    await expect(when(paymentHash, "settled")).resolves.toMatchObject({ amtPaidMsat: 50_000n });
    expect(await refusalOf(lnd.node.cancelInvoice(paymentHash))).toMatchObject({ name: "invoice_settled" });
  });

  test("a held payment that is canceled goes back", async () => {
    const { preimage, paymentHash } = aSecret();
    await outside.pay((await hold(paymentHash)).bolt11);
    await when(paymentHash, "accepted");
    await lnd.node.cancelInvoice(paymentHash);
    await expect(lnd.node.lookupInvoice(paymentHash)).resolves.toMatchObject({ state: "canceled" });
    expect(await refusalOf(lnd.node.settleInvoice(preimage))).toMatchObject({ name: "invoice_canceled" });
  });

  test("a payment ends with the preimage and its fee, and is made once", async () => {
    const invoice = await outside.addInvoice(50_000n);
    const before = await lnd.node.getTopPaymentIndex();
    const outcome = await pay(invoice);
    if (outcome.kind !== "payment") throw new Error(outcome.kind);
    const { payment } = outcome;
    expect(payment).toMatchObject({ status: "succeeded", paymentHash: invoice.paymentHash, valueMsat: 50_000n });
    expect(payment.preimage).toMatch(/^[0-9a-f]{64}$/);
    expect(payment.feeMsat).toBeLessThanOrEqual(10_000n);
    expect(payment.paymentIndex).toBeGreaterThan(before);
    await expect(lnd.node.getTopPaymentIndex()).resolves.toBe(payment.paymentIndex);
    await expect(pay(invoice)).resolves.toEqual({ kind: "exists", status: "succeeded" });
    await expect(lnd.node.trackPayment(invoice.paymentHash)).resolves.toMatchObject({
      status: "succeeded",
      paymentIndex: payment.paymentIndex,
      preimage: payment.preimage,
    });
    const listed = await lnd.node.listPayments({ afterPaymentIndex: before, limit: 200 });
    expect(listed.map(({ paymentHash }) => paymentHash)).toContain(invoice.paymentHash);
  });

  test("a payment that nobody waits for goes on, and its end is found by its hash", async () => {
    const invoice = await outside.addHoldInvoice(50_000n);
    const impatient = new AbortController();
    const sent = refusalOf(pay(invoice, 10_000n, impatient.signal));
    // Not before it is on its way.
    await whenSent(invoice.paymentHash);
    impatient.abort();
    expect((await sent).code).toBe("outcome_unknown");
    await whenInFlight(invoice.paymentHash);
    await expect(pay(invoice)).resolves.toEqual({ kind: "exists", status: "in_flight" });
    const states: string[] = [];
    for await (const { status } of lnd.node.followPayment(invoice.paymentHash, AbortSignal.timeout(25_000))) {
      states.push(status);
      if (states.length === 1) await outside.settle(invoice.paymentHash);
    }
    expect(states.at(-1)).toBe("succeeded");
  });

  test("a payment that the payee sends back has failed for good, and may be made anew", async () => {
    const invoice = await outside.addHoldInvoice(50_000n);
    const first = pay(invoice);
    await whenSent(invoice.paymentHash);
    await whenInFlight(invoice.paymentHash);
    await outside.cancel(invoice.paymentHash);
    const outcome = await first;
    if (outcome.kind !== "payment") throw new Error(outcome.kind);
    expect(outcome.payment).toMatchObject({ status: "failed", failureReason: "incorrect_payment_details" });
    expect(outcome.payment.htlcs.every(({ status }) => status === "failed")).toBe(true);
    const again = await pay(invoice);
    if (again.kind !== "payment") throw new Error(again.kind);
    expect(again.payment.status).toBe("failed");
    expect(again.payment.paymentIndex).toBeGreaterThan(outcome.payment.paymentIndex);
  });

  test("a fee limit is kept", async () => {
    const invoice = await outside.addInvoice(50_000n);
    const outcome = await pay(invoice, 0n);
    if (outcome.kind !== "payment") throw new Error(outcome.kind);
    if (outcome.payment.status === "succeeded") expect(outcome.payment.feeMsat).toBe(0n);
    else expect(outcome.payment.failureReason).toBe("no_route");
  });

  /** lnd knows the payment. */
  async function whenSent(paymentHash: string): Promise<void> {
    for (let attempt = 0; attempt < 2_000; attempt++) {
      if ((await lnd.node.trackPayment(paymentHash)) !== undefined) return;
    }
    throw new Error("the payment was never begun");
  }
});
