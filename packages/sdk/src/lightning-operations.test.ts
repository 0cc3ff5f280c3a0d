import { type IncomingMessage, type Server, createServer } from "node:http";

import { decryptNip44, encryptNip44 } from "./encryption.js";
import { CeremonyTimeoutError, PaymentFailedError, ServiceRequestError } from "./errors.js";
import { GatewayClient } from "./gateway-client.js";
import { createLandIntent, createLiftIntent, executeLiftFlow, landFeeSats } from "./lightning-operations.js";
import { nodeWebSocket } from "./node-web-socket.js";
import { NostrGatewayClient } from "./nostr-client.js";
import type { NostrEvent } from "./nostr-event.js";
import { signEvent, tagValues } from "./nostr-utils.js";
import { KIND, resultSubject } from "./payloads.js";
import { secretKeySigner } from "./secret-key-signer.js";
import { alice, gateway, mallory } from "./testing/fake-gateway.js";
import { FakeRelay } from "./testing/fake-relay.js";
import { portOf } from "./testing/test-server.js";

const signer = secretKeySigner(alice.secretKey);
const HASH = "0a".repeat(32);
const TXID = "0b".repeat(32);
const BOLT11 = "lnbcrt50u1example";
const now = (): number => Math.floor(Date.now() / 1000);

describe("intents", () => {
  it("of a land carry the fee of 0.1 %, rounded up and at least 1", () => {
    expect([1, 999, 1_000, 1_001, 25_000].map((sats) => landFeeSats(sats))).toEqual([1, 1, 1, 2, 25]);
    const { params, type } = createLandIntent({ amountSats: 1_001, invoice: BOLT11, expiresAt: 1 });
    expect(type).toBe("lightning:land");
    expect(params).toEqual({
      asset_id: "gBTC",
      amount: 1_001,
      lightning_invoice: BOLT11,
      fee_asset_id: "gBTC",
      fee_amount: 2,
    });
  });

  it.each([
    [10, 100_000, 100],
    [25, 100_000, 250],
    [25, 1_001, 3],
    [0, 100_000, 1],
    [10_000, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  ])("of a land carry the fee that the wallet has pinned: %i bps of %i is %i", (landFeeBps, amountSats, fee) => {
    expect(landFeeSats(amountSats, landFeeBps)).toBe(fee);
    expect(createLandIntent({ amountSats, invoice: BOLT11, landFeeBps }).params).toMatchObject({ fee_amount: fee });
  });

  it.each([-1, 0.5, 10_001, Number.NaN])("of a land never carry a fee of %d bps", (bps) => {
    expect(() => landFeeSats(1_000, bps)).toThrow(TypeError);
  });

  it("of a lift are free", () => {
    expect(createLiftIntent({ amountSats: 5_000, paymentHash: HASH }).params).toMatchObject({
      fee_amount: 0,
      payment_hash: HASH,
    });
  });

  it("of an asset are in its units, a land's fee too", () => {
    expect(createLandIntent({ assetId: "gUSD", amount: 2_500, invoice: BOLT11, expiresAt: 1 }).params).toEqual({
      asset_id: "gUSD",
      amount: 2_500,
      lightning_invoice: BOLT11,
      fee_asset_id: "gUSD",
      fee_amount: 3,
    });
    expect(createLiftIntent({ assetId: "gUSD", amount: 40 }).params).toEqual({
      asset_id: "gUSD",
      amount: 40,
      fee_asset_id: "gBTC",
      fee_amount: 0,
    });
  });

  it("with a fraction are never made", () => {
    expect(() => createLandIntent({ amountSats: 0.5, invoice: BOLT11 })).toThrow(TypeError);
    expect(() => createLiftIntent({ amountSats: 2 ** 53 })).toThrow(TypeError);
  });
});

describe("over Nostr", () => {
  let relay: FakeRelay;
  let nostr: NostrGatewayClient;
  let requests: { readonly event: NostrEvent; readonly fields: Record<string, unknown> }[];

  beforeEach(async () => {
    requests = [];
    relay = await FakeRelay.start();
    nostr = new NostrGatewayClient([relay.url], signer, gateway.pubkey, { webSocket: nodeWebSocket });
  });
  afterEach(async () => {
    nostr.close();
    await relay.stop();
  });

  const seal = (content: unknown): string => encryptNip44(gateway.secretKey, alice.pubkey, JSON.stringify(content));

  function answer(event: NostrEvent, fields: Record<string, unknown>, key = gateway): void {
    const [requestId = ""] = tagValues(event, "d");
    const base = { request_id: requestId, action: "lift_lightning", timestamp: now(), gateway_pubkey: gateway.pubkey };
    const tags = [
      ["d", resultSubject(alice.pubkey, requestId)],
      ["p", alice.pubkey],
      ["e", event.id],
    ];
    relay.push(signEvent(key.secretKey, KIND.serviceResponse, seal({ ...base, ...fields }), tags));
  }

  /** Plays the gateway: `reply` is called for every request. */
  function onRequest(reply: (event: NostrEvent, fields: Record<string, unknown>) => void): void {
    relay.onEvent((event) => {
      if (event.kind !== KIND.serviceRequest) return;
      const text = decryptNip44(gateway.secretKey, alice.pubkey, event.content);
      const fields = JSON.parse(text) as Record<string, unknown>;
      requests.push({ event, fields });
      reply(event, fields);
    });
  }

  const invoiceFields = {
    status: "pending_payment",
    invoice: BOLT11,
    payment_hash: HASH,
    amount: 5_000,
    asset_id: "gBTC",
    expires_at: "2026-09-21T14:13:20.000Z",
    fee_estimate: 0,
    session_id: "5e55",
    operation_id: "lift_0001",
  };

  function confirm(): void {
    const content = {
      status: "success",
      ref_action_id: "lift_0001",
      results: { txid: TXID, inputs: [], outputs: [], fee_paid: 0, fee_asset_id: "gBTC", payment_hash: HASH },
      timestamp: now(),
    };
    const tags = [
      ["d", resultSubject(alice.pubkey, "lift_0001")],
      ["p", alice.pubkey],
    ];
    relay.push(signEvent(gateway.secretKey, KIND.confirmation, JSON.stringify(content), tags));
  }

  it("a lift asks for an invoice, hands it over and ends with its confirmation", async () => {
    onRequest((event) => answer(event, invoiceFields));
    const result = await executeLiftFlow(
      { signer, nostr },
      {
        amountSats: 5_000,
        memo: "tea",
        requestId: "my-lift-1",
        onInvoice: (invoice) => {
          expect(invoice).toMatchObject({ bolt11: BOLT11, paymentHash: HASH });
          confirm();
        },
      },
    );
    expect(result).toMatchObject({ txid: TXID, operationId: "lift_0001", sessionId: "5e55" });
    expect(requests).toMatchObject([
      { fields: { action: "lift_lightning", request_id: "my-lift-1", asset_id: "gBTC", amount: 5_000, memo: "tea" } },
    ]);
    expect(requests[0]?.event.content).not.toContain("lift");
  });

  it("a request that was answered before gets the first answer, whichever event brought it", async () => {
    onRequest((event) => answer(event, invoiceFields));
    const send = () => nostr.request("lift_lightning", { amount: 5_000 }, { requestId: "my-lift-2" });
    const first = await send();
    const second = await send();
    expect(second.response).toEqual(first.response);
  });

  it("a refusal says what the gateway said, and nothing is waited for", async () => {
    const refusal = { status: "error", error_code: 2010, error_message: "No gateway VTXO is free" };
    onRequest((event) => answer(event, { ...refusal, details: { code: "inventory_exhausted" } }));
    const lift = executeLiftFlow({ signer, nostr }, { amountSats: 5_000, onInvoice: () => undefined });
    await expect(lift).rejects.toBeInstanceOf(ServiceRequestError);
    await expect(lift).rejects.toMatchObject({ code: "inventory_exhausted", nostr_code: 2010 });
  });

  it("an invoice that is not signed by the gateway is never handed over", async () => {
    onRequest((event) => answer(event, { ...invoiceFields, invoice: "lnbcrt1mallory" }, mallory));
    const shown: string[] = [];
    const lift = executeLiftFlow(
      { signer, nostr },
      { amountSats: 5_000, timeoutMs: 300, onInvoice: ({ bolt11 }) => void shown.push(bolt11) },
    );
    await expect(lift).rejects.toThrow(CeremonyTimeoutError);
    expect(shown).toEqual([]);
  });

  it("notices reach their handler once it is set, and none that is not the gateway's", async () => {
    const heard: string[] = [];
    const told = new Promise<void>((resolve) => {
      nostr.onNotification(({ type }) => {
        heard.push(type);
        resolve();
      });
    });
    const notice = (type: string) => ({
      notification_id: `lift_0001:${type}`,
      type,
      timestamp: now(),
      gateway_pubkey: gateway.pubkey,
      payment_hash: HASH,
    });
    const tags = [
      ["d", "lift_0001:1"],
      ["p", alice.pubkey],
    ];
    const forged = encryptNip44(mallory.secretKey, alice.pubkey, JSON.stringify(notice("lift_completed")));
    relay.push(signEvent(mallory.secretKey, KIND.notification, forged, tags));
    relay.push(signEvent(gateway.secretKey, KIND.notification, seal(notice("payment_received")), tags));
    await told;
    expect(heard).toEqual(["payment_received"]);
  });
});

describe("over HTTP", () => {
  let server: Server;
  let calls: { readonly method: string; readonly url: string; readonly headers: IncomingMessage["headers"] }[];
  let statuses: string[];

  beforeEach(async () => {
    calls = [];
    server = createServer((req, res) => {
      calls.push({ method: req.method ?? "", url: req.url ?? "", headers: req.headers });
      req.resume();
      const body = req.method === "POST" ? aLift : anInvoice(statuses.length > 1 ? statuses.shift() : statuses[0]);
      res.writeHead(req.method === "POST" ? 202 : 200, { "content-type": "application/json" });
      res.end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const aLift = {
    success: true,
    operation_id: "lift_0001",
    session_id: "5e55",
    payment_hash: HASH,
    bolt11_invoice: null,
    details: { user_pubkey: alice.pubkey, asset_id: "gBTC", amount: 5_000, status: "pending", expires_at: "now" },
  };
  const anInvoice = (status = "pending") => ({
    invoice_status: {
      payment_hash: HASH,
      status,
      amount_sats: 5_000,
      asset_id: "gBTC",
      invoice_type: "lift",
      created_at: "now",
      expires_at: "later",
      bolt11_invoice: calls.length > 2 ? BOLT11 : null,
      lnd_settled: status === "paid",
      ...(status === "paid" && { txid: TXID }),
    },
  });
  const flow = (onInvoice: () => void = () => undefined) =>
    executeLiftFlow(
      { signer, client: new GatewayClient(`http://127.0.0.1:${portOf(server)}`, { signer }) },
      { amountSats: 5_000, requestId: "my-lift-1", onInvoice },
    );

  it("a lift waits for its invoice and then for its end, and is begun under one key", async () => {
    statuses = ["pending", "pending", "accepted", "delivering", "paid"];
    let shown = 0;
    await expect(flow(() => (shown += 1))).resolves.toMatchObject({ bolt11: BOLT11, txid: TXID });
    expect(shown).toBe(1);
    const posts = calls.filter(({ method }) => method === "POST");
    expect(posts).toMatchObject([
      { url: "/lightning/lift", headers: { "idempotency-key": "my-lift-1", prefer: "wait=5" } },
    ]);
    expect(calls.at(-1)?.url).toBe(`/lightning/invoices/${HASH}`);
  });

  it("a lift whose invoice ran out has failed", async () => {
    statuses = ["pending", "pending", "expired"];
    await expect(flow()).rejects.toThrow(PaymentFailedError);
  });
});
