import { status } from "@grpc/grpc-js";

import type { AppError } from "@arkrelay/core/errors";
import type { CloseStatusUpdate } from "@arkrelay/daemons/proto/lnrpc/lightning";

import { type LndUnderTest, LND_RELEASES, aClientOf, aSecret, openLnd } from "../testing/lnd-under-test";
import { refusalOf } from "../testing/refusal-of";

/**
 * What the gateway relies on in one lnd alone, over its own client. The same tests run against the simulator and, with CONTRACT_LND
 * set, against a real one; whatever fails there and not here is a fault of the simulator.
 */
describe.each(LND_RELEASES)("lnd %s", (release) => {
  let lnd: LndUnderTest;

  beforeAll(async () => {
    lnd = await openLnd(release);
  });
  afterAll(async () => {
    await lnd.close();
  });

  const addInvoice = (
    change: { readonly valueMsat?: bigint; readonly preimage?: string; readonly memo?: string } = {},
  ) =>
    lnd.node.addInvoice({
      preimage: aSecret().preimage,
      valueMsat: 21_000n,
      memo: "conformance",
      expirySeconds: 3_600,
      ...change,
    });
  const addHoldInvoice = (paymentHash: string) =>
    lnd.node.addHoldInvoice({ paymentHash, valueMsat: 21_000n, memo: "hold", expirySeconds: 3_600, cltvExpiry: 160 });
  const pay = (bolt11: string, paymentHash: string, amountMsat?: bigint) =>
    lnd.node.sendPayment({
      bolt11,
      paymentHash,
      amountMsat,
      feeLimitMsat: 10_000n,
      timeoutSeconds: 10,
      cltvLimit: 2_000,
    });

  test("tells who and where it is", async () => {
    const info = await lnd.node.getInfo();
    expect(info.nodePubkey).toMatch(/^0[23][0-9a-f]{64}$/);
    expect(info.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(info.network).toBe(lnd.endpoint.network);
    expect(info.blockHeight).toBeGreaterThan(0);
    await expect(lnd.node.getWalletState()).resolves.toBe("server_active");
  });

  test("adds its balances up", async () => {
    const { lightning, onchain } = await lnd.node.getTotalBalance();
    expect(onchain.totalSats).toBe(onchain.confirmedSats + onchain.unconfirmedSats);
    const channels = await lnd.node.listChannels();
    const localMsat = channels.reduce((sum, { localSats }) => sum + localSats * 1_000n, 0n);
    // The sats of each channel are rounded down.
    expect(lightning.localMsat - localMsat).toBeLessThan(1_000n * BigInt(channels.length + 1));
    expect(lightning.localMsat).toBeGreaterThanOrEqual(localMsat);
  });

  test("names channels by their outpoints, and none holds more than its capacity", async () => {
    for (const channel of await lnd.node.listChannels()) {
      expect(channel.channelPoint).toMatch(/^[0-9a-f]{64}:\d+$/);
      expect(channel.localSats + channel.remoteSats + channel.commitFeeSats).toBeLessThanOrEqual(channel.capacitySats);
    }
    await expect(lnd.node.listPendingChannels()).resolves.toHaveProperty("opening");
    await expect(lnd.node.listClosedChannels()).resolves.toBeInstanceOf(Array);
    for (const { nodePubkey } of await lnd.node.listPeers()) expect(nodePubkey).toMatch(/^0[23][0-9a-f]{64}$/);
  });

  describe("an invoice", () => {
    test("is stored as it was asked for, under the hash of its preimage", async () => {
      const { preimage, paymentHash } = aSecret();
      const invoice = await addInvoice({ preimage });
      expect(invoice).toMatchObject({ paymentHash, valueMsat: 21_000n, memo: "conformance", state: "open", htlcs: [] });
      expect(invoice.expiresAt.getTime() - invoice.createdAt.getTime()).toBe(3_600_000);
      await expect(lnd.node.lookupInvoice(paymentHash)).resolves.toEqual(invoice);
    });

    test("can be added once; again it is the same one", async () => {
      const { preimage } = aSecret();
      const first = await addInvoice({ preimage });
      await expect(addInvoice({ preimage, memo: "other" })).resolves.toEqual(first);
    });

    test("comes later in the sequence than the one before", async () => {
      const [first, second] = [await addInvoice(), await addInvoice()];
      expect(second.addIndex).toBeGreaterThan(first.addIndex);
    });

    test("is read back from its text", async () => {
      const { bolt11, paymentHash, expiresAt } = await addInvoice();
      const { nodePubkey } = await lnd.node.getInfo();
      const decoded = await lnd.node.decodePaymentRequest(bolt11);
      expect(decoded).toMatchObject({ paymentHash, destination: nodePubkey, amountMsat: 21_000n, expiresAt });
      expect(decoded.minFinalCltv).toBeGreaterThanOrEqual(18);
    });

    test("that nobody added is not found", async () => {
      await expect(lnd.node.lookupInvoice(aSecret().paymentHash)).resolves.toBeUndefined();
    });

    test("may have a memo of 639 bytes and no more", async () => {
      await expect(addInvoice({ memo: "m".repeat(639) })).resolves.toMatchObject({ state: "open" });
      // What no invoice can carry, and what lnd does not even try to put into one.
      for (const bytes of [640, 1_025]) {
        const refusal = await refusalOf(addInvoice({ memo: "m".repeat(bytes) }));
        expect(refusal).toMatchObject({ code: "daemon_rejected", name: "memo_too_long", status: status.UNKNOWN });
      }
    });

    test("for less than a sat keeps its msat", async () => {
      await expect(addInvoice({ valueMsat: 21_001n })).resolves.toMatchObject({ valueMsat: 21_001n });
    });
  });

  describe("the list of invoices", () => {
    test("goes forward from after an index, oldest first, page by page", async () => {
      const added = [await addInvoice(), await addInvoice(), await addInvoice()].map(({ addIndex }) => addIndex);
      const start = (added[0] ?? 0n) - 1n;
      const first = await lnd.node.listInvoices({ afterAddIndex: start, limit: 2 });
      expect(first.map(({ addIndex }) => addIndex)).toEqual(added.slice(0, 2));
      const second = await lnd.node.listInvoices({ afterAddIndex: added[1] ?? 0n, limit: 2 });
      expect(second.map(({ addIndex }) => addIndex)).toEqual(added.slice(2));
      await expect(lnd.node.listInvoices({ afterAddIndex: added[2] ?? 0n, limit: 2 })).resolves.toEqual([]);
    });

    test("leaves out what is over when only pending ones are asked for", async () => {
      const { paymentHash } = aSecret();
      const { addIndex } = await addHoldInvoice(paymentHash);
      const page = { afterAddIndex: addIndex - 1n, limit: 1, pendingOnly: true };
      await expect(lnd.node.listInvoices(page)).resolves.toMatchObject([{ paymentHash, state: "open" }]);
      await lnd.node.cancelInvoice(paymentHash);
      await expect(lnd.node.listInvoices(page)).resolves.toEqual([]);
    });
  });

  describe("a hold invoice", () => {
    test("holds the hash that was given and asks for the blocks that were given", async () => {
      const { paymentHash } = aSecret();
      const invoice = await addHoldInvoice(paymentHash);
      expect(invoice).toMatchObject({ paymentHash, valueMsat: 21_000n, state: "open" });
      await expect(lnd.node.decodePaymentRequest(invoice.bolt11)).resolves.toMatchObject({ minFinalCltv: 160 });
      await expect(addHoldInvoice(paymentHash)).resolves.toEqual(invoice);
    });

    test("cannot be settled before it is paid, and is canceled any number of times", async () => {
      const { preimage, paymentHash } = aSecret();
      await addHoldInvoice(paymentHash);
      expect(await refusalOf(lnd.node.settleInvoice(preimage))).toMatchObject({
        name: "invoice_open",
        status: status.UNKNOWN,
        text: "invoice still open",
      });
      await lnd.node.cancelInvoice(paymentHash);
      await lnd.node.cancelInvoice(paymentHash);
      await expect(lnd.node.lookupInvoice(paymentHash)).resolves.toMatchObject({ state: "canceled" });
      expect(await refusalOf(lnd.node.settleInvoice(preimage))).toMatchObject({
        name: "invoice_canceled",
        text: "invoice already canceled",
      });
    });

    test("that nobody added can be neither settled nor canceled", async () => {
      const { preimage, paymentHash } = aSecret();
      expect(await refusalOf(lnd.node.settleInvoice(preimage))).toMatchObject({ name: "invoice_unknown" });
      expect(await refusalOf(lnd.node.cancelInvoice(paymentHash))).toMatchObject({ name: "invoice_unknown" });
    });

    test("tells its subscriber the state at once, every change, and then ends", async () => {
      const { paymentHash } = aSecret();
      await addHoldInvoice(paymentHash);
      const states: string[] = [];
      for await (const { state } of lnd.node.subscribeInvoice(paymentHash, AbortSignal.timeout(20_000))) {
        states.push(state);
        if (state === "open") await lnd.node.cancelInvoice(paymentHash);
      }
      expect(states).toEqual(["open", "canceled"]);
      const afterwards: string[] = [];
      for await (const { state } of lnd.node.subscribeInvoice(paymentHash, AbortSignal.timeout(20_000))) {
        afterwards.push(state);
      }
      expect(afterwards).toEqual(["canceled"]);
    });
  });

  test("replays invoices from after an index, leaves out canceled ones, and goes on with new ones", async () => {
    const { addIndex: before } = await addInvoice();
    const canceled = aSecret();
    await addHoldInvoice(canceled.paymentHash);
    await lnd.node.cancelInvoice(canceled.paymentHash);
    const { addIndex: missed } = await addInvoice();
    const heard: bigint[] = [];
    const stopped = new AbortController();
    let live: bigint | undefined;
    const cursor = { addIndex: before, settleIndex: 0n };
    for await (const { addIndex } of lnd.node.subscribeInvoices(cursor, stopped.signal)) {
      heard.push(addIndex);
      live ??= (await addInvoice()).addIndex;
      if (addIndex === live) stopped.abort();
    }
    // An entry may come twice where backlog and live events meet.
    expect([...new Set(heard)]).toEqual([missed, live]);
  });

  describe("a payment", () => {
    test("to itself is refused before anything is sent", async () => {
      const { bolt11, paymentHash } = await addInvoice();
      await expect(pay(bolt11, paymentHash)).resolves.toEqual({ kind: "refused", reason: "self_payment" });
      await expect(lnd.node.trackPayment(paymentHash)).resolves.toBeUndefined();
    });

    test("has the invoice's amount, and needs one only when the invoice has none", async () => {
      const fixed = await addInvoice();
      await expect(pay(fixed.bolt11, fixed.paymentHash, 1_000n)).resolves.toMatchObject({
        reason: "amount_not_allowed",
      });
      const open = await addInvoice({ valueMsat: 0n });
      await expect(pay(open.bolt11, open.paymentHash)).resolves.toMatchObject({ reason: "amount_required" });
    });

    test("of broken or foreign text is refused", async () => {
      const { bolt11, paymentHash } = await addInvoice();
      const broken = `${bolt11.slice(0, -1)}${bolt11.endsWith("q") ? "p" : "q"}`;
      await expect(pay(broken, paymentHash)).resolves.toMatchObject({ reason: "invoice_malformed" });
      expect(await refusalOf(lnd.node.decodePaymentRequest(broken))).toMatchObject({ name: "invoice_malformed" });
    });

    test("that was never made is not found", async () => {
      const { paymentHash } = aSecret();
      await expect(lnd.node.trackPayment(paymentHash)).resolves.toBeUndefined();
      for await (const payment of lnd.node.followPayment(paymentHash, AbortSignal.timeout(20_000))) {
        throw new Error(payment.status);
      }
    });

    test("has no index above the top one", async () => {
      const top = await lnd.node.getTopPaymentIndex();
      await expect(lnd.node.listPayments({ afterPaymentIndex: top, limit: 200 })).resolves.toEqual([]);
    });
  });

  describe("the wallet", () => {
    test.each(["p2tr", "p2wkh", "np2wkh"] as const)(
      "gives the same unused %s address until it is paid",
      async (type) => {
        const address = await lnd.node.newAddress(type);
        await expect(lnd.node.newAddress(type)).resolves.toBe(address);
      },
    );

    test("lists transactions by height and estimates what one more would cost", async () => {
      for (const { txid } of await lnd.node.listOnchainTransactions(0)) expect(txid).toMatch(/^[0-9a-f]{64}$/);
      const { blockHeight } = await lnd.node.getInfo();
      for (const { confirmations } of await lnd.node.listOnchainTransactions(blockHeight + 1)) {
        expect(confirmations).toBe(0);
      }
      const address = await lnd.node.newAddress("p2tr");
      const fee = await lnd.node.estimateOnchainFee({ address, amountSats: 20_000n, targetConf: 6 });
      expect(fee.feeSats).toBeGreaterThan(0n);
      expect(fee.satPerVbyte).toBeGreaterThan(0n);
    });

    test("refuses what it cannot pay, before it makes a transaction", async () => {
      const send = (address: string, amountSats: bigint) =>
        lnd.node.sendOnchain({ address, amountSats, satPerVbyte: 2n, label: aSecret().paymentHash });
      const address = await lnd.node.newAddress("p2tr");
      expect(await refusalOf(send(address, 2_000_000_000_000_000n))).toMatchObject({ name: "insufficient_funds" });
      expect((await refusalOf(send("not an address", 20_000n))).code).toBe("daemon_rejected");
    });
  });

  describe("a channel", () => {
    const open = (nodePubkey: string, amountSats: bigint) =>
      lnd.node.openChannel({ nodePubkey, amountSats, isPrivate: false, satPerVbyte: 2n, memo: aSecret().paymentHash });
    const stranger = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";

    test("opens to a connected peer only", async () => {
      expect(await refusalOf(open(stranger, 100_000n))).toMatchObject({ name: "peer_offline", status: status.UNKNOWN });
    });

    test("has at least 20000 sats", async () => {
      expect(await refusalOf(open(stranger, 19_999n))).toMatchObject({ name: "channel_too_small" });
    });

    test("that is not there cannot be closed", async () => {
      const channelPoint = `${aSecret().paymentHash}:0`;
      const close = (force: boolean) => lnd.node.closeChannel({ channelPoint, force, satPerVbyte: undefined });
      expect(await refusalOf(close(false))).toMatchObject({ code: "daemon_rejected", name: "channel_unknown" });
    });

    test("takes no fee for a close by force", async () => {
      const channelPoint = {
        fundingTxid: { $case: "fundingTxidStr" as const, value: aSecret().paymentHash },
        outputIndex: 0,
      };
      const fees = { targetConf: 0, satPerByte: 0n, deliveryAddress: "", satPerVbyte: 2n, maxFeePerVbyte: 0n };
      const updates = lnd.node.link.stream<CloseStatusUpdate>(
        "CloseChannel",
        ({ lightning }, ...rest) =>
          lightning.closeChannel({ channelPoint, force: true, noWait: false, ...fees }, ...rest),
        { kind: "write" },
      );
      expect(await refusalOf(updates.next())).toMatchObject({ name: "fee_not_allowed" });
    });
  });

  describe("without the right macaroon", () => {
    test.each([
      ["none", { macaroonFile: undefined }, "macaroon_missing"],
      ["bytes that are none", { macaroonFile: undefined, macaroonHex: "00ff" }, undefined],
    ])("is asked with %s and says why it refuses", async (_what, change, name) => {
      const stranger = aClientOf({ ...lnd.endpoint, ...change });
      const refusal = await refusalOf(stranger.listPeers());
      if (name === undefined) expect(["daemon_auth_failed", "internal_error"]).toContain(refusal.code);
      else expect(refusal).toMatchObject({ code: "daemon_auth_failed", name, status: status.UNKNOWN });
      const state = await stranger.getWalletState().catch(({ code }: AppError) => code);
      // A litd around lnd reads every macaroon there is, also where lnd asks for none.
      expect(
        release === "live" && name === undefined ? ["server_active", "daemon_auth_failed"] : ["server_active"],
      ).toContain(state);
      stranger.close();
    });
  });
});
