import { RestArkProvider, RestIndexerProvider } from "@arkade-os/sdk";
import { EventSource } from "eventsource";
import { Relay, useWebSocketImplementation } from "nostr-tools/relay";
import { WebSocket } from "ws";
import { z } from "zod";

import { fetchPins } from "@arkrelay/sdk/ark-indexer";
import { vtxoScriptHex } from "@arkrelay/sdk/ark-script";
import { AuthError, ConflictError, GatewayClientError, NotFoundError } from "@arkrelay/sdk/errors";
import { intentSchema } from "@arkrelay/sdk/event-schemas";
import { GatewayClient } from "@arkrelay/sdk/gateway-client";
import { signEvent } from "@arkrelay/sdk/nostr-utils";
import { KIND } from "@arkrelay/sdk/payloads";
import { PaymentFlow } from "@arkrelay/sdk/payment-flow";
import { pinAssets } from "@arkrelay/sdk/pin-assets";
import { secretKeySigner } from "@arkrelay/sdk/secret-key-signer";
import { acceptIntentAndIssueChallenge } from "@arkrelay/sdk/solver-flows";
import { executeMultiVtxoFlow, executeOptimalChangeFlow, executeSplitFlow } from "@arkrelay/sdk/vtxo-operations";
import { signChallenge, verifyChallenge } from "@arkrelay/sdk/wallet-verifier";

import { devnetState, fund } from "./control-api";
import { eventually } from "./eventually";
import { payRawOverHttp, payRawOverNostr } from "./raw-client";
import { type RunningStack, START_TIMEOUT_MS, runScript, startStack } from "./running-stack";
import { type WalletUser, aUser } from "./wallet-user";

useWebSocketImplementation(WebSocket);
jest.setTimeout(60_000);

let stack: RunningStack;
let users: WalletUser[] = [];

beforeAll(async () => {
  stack = await startStack();
}, START_TIMEOUT_MS);

afterAll(async () => {
  await stack?.stop();
});

beforeEach(() => {
  users = [];
});

afterEach(() => {
  for (const user of users) user.close();
});

async function newUser(fundedSats = 0): Promise<WalletUser> {
  const user = await aUser(stack.info);
  users.push(user);
  if (fundedSats > 0) await fund(stack.info, user.pubkey, fundedSats);
  return user;
}

async function expectBalance(user: WalletUser, sats: number): Promise<void> {
  expect(await user.liveSatsAtArkd()).toBe(BigInt(sats));
  await eventually(async () => expect(await user.balance()).toEqual({ balance: sats, reserved: 0 }));
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof GatewayClientError ? `${error.status} ${error.code}` : String(error);
}

describe("a transfer", () => {
  it("settles over Nostr and over HTTP, and both balances follow at arkd and at the gateway", async () => {
    const [alice, bob] = [await newUser(50_000), await newUser()];
    const first = await alice.wallet.payOverNostr({ recipient: bob.pubkey, amountSats: 20_000 });
    await expectBalance(alice, 29_990);
    await expectBalance(bob, 20_000);
    const second = await alice.wallet.payOverHttp({ recipient: bob.pubkey, amountSats: 5_000 });
    await expectBalance(alice, 24_980);
    await expectBalance(bob, 25_000);
    expect(second.txid).not.toBe(first.txid);
    const { status } = await alice.client.getTransactionStatus(first.txid);
    expect(status).toBe("confirmed");
    expect((await devnetState(stack.info)).drift).toBe(0);
  });

  it("settles both ways for a client built from the contract alone", async () => {
    const [alice, bob] = [await newUser(30_000), await newUser()];
    const payment = { recipient: bob.pubkey, amountSats: 7_000 };
    await payRawOverNostr(stack.info, alice.secretKey, { ...payment, actionId: "raw-nostr-0001" });
    await expectBalance(bob, 7_000);
    await payRawOverHttp(stack.info, alice.secretKey, { ...payment, actionId: "raw-http-00001" });
    await expectBalance(bob, 14_000);
    await expectBalance(alice, 15_980);
  });

  it("is refused with the documented code when the sender has too little, and moves nothing", async () => {
    const [alice, bob] = [await newUser(1_000), await newUser()];
    const payment = { recipient: bob.pubkey, amountSats: 5_000 };
    await expect(alice.wallet.payOverNostr(payment)).rejects.toMatchObject({ code: "insufficient_balance" });
    await expectBalance(alice, 1_000);
  });

  it("is shown by npm run demo", async () => {
    const { code, output } = await runScript("scripts/demo.mjs", ["--state-dir", stack.stateDir]);
    expect(output).toMatch(/Bob has 35000 sats/);
    expect(code).toBe(0);
  });
});

describe("other kinds of intent", () => {
  const vtxosOf = async ({ flowOptions }: WalletUser): Promise<readonly bigint[]> =>
    [...(await flowOptions.vtxoView()).values()]
      .filter(({ isSpent }) => !isSpent)
      .map(({ amountSats }) => amountSats)
      .toSorted((a, b) => Number(b - a));
  const oneVtxoOf = async ({ flowOptions }: WalletUser): Promise<string> =>
    [...(await flowOptions.vtxoView()).values()].find(({ isSpent }) => !isSpent)?.vtxoId ?? "";

  it("a split, over Nostr, over HTTP and by its own route", async () => {
    const alice = await newUser(50_000);
    const { flowOptions, client, pubkey } = alice;
    await executeSplitFlow(flowOptions, { vtxoId: await oneVtxoOf(alice), splitAmounts: [20_000, 29_990] });
    expect(await vtxosOf(alice)).toEqual([29_990n, 20_000n]);
    const { nostr: _nostr, ...overHttp } = flowOptions;
    const [largest] = [...(await flowOptions.vtxoView()).values()].filter(({ amountSats }) => amountSats === 29_990n);
    await executeSplitFlow(overHttp, { vtxoId: largest?.vtxoId ?? "", splitAmounts: [330, 9_650] });
    expect(await vtxosOf(alice)).toEqual([20_000n, 20_000n, 9_650n, 330n]);

    const [first] = [...(await flowOptions.vtxoView()).values()].filter(
      ({ amountSats, isSpent }) => amountSats === 20_000n && !isSpent,
    );
    const started = await client.vtxoSplit(pubkey, first?.vtxoId ?? "", [5_000, 5_000], { as: "owner" });
    expect(started.outputs.map(({ amount }) => amount)).toEqual([5_000, 5_000]);
    const { intent_data: content } = await client.getSession(started.session_id, { as: "owner" });
    const approved = { content: intentSchema.parse(content), sessionId: started.session_id };
    const { txid } = await new PaymentFlow(flowOptions).followOverHttp(approved);
    expect(txid).toBe(started.txid);
    await expectBalance(alice, 50_000 - 3 * 10);
    expect((await devnetState(stack.info)).drift).toBe(0);
  });

  it("a multi transfer out of many VTXOs, and one that looks after its change", async () => {
    const [alice, bob] = [await newUser(), await newUser()];
    for (let index = 0; index < 4; index += 1) await fund(stack.info, alice.pubkey, 5_000);
    await executeMultiVtxoFlow(alice.flowOptions, { recipient: bob.pubkey, totalAmount: 18_000, strategy: "minimal" });
    await expectBalance(alice, 1_990);
    await expectBalance(bob, 18_000);
    await fund(stack.info, alice.pubkey, 9_000);
    const { nostr: _nostr, ...overHttp } = alice.flowOptions;
    await executeOptimalChangeFlow(overHttp, { recipient: bob.pubkey, amountNeeded: 1_000, changeThreshold: 900 });
    expect(await vtxosOf(alice)).toEqual([9_000n, 980n]);
    await expectBalance(bob, 19_000);
    expect((await devnetState(stack.info)).drift).toBe(0);
  });

  it("a signature over a solver's own operation, which moves nothing", async () => {
    const [alice, solver] = [await newUser(3_000), await newUser()];
    const params = { pool_id: "gUSD-gBTC", in_amount: 100 };
    const now = Math.floor(Date.now() / 1000);
    const { event, intent: content } = await alice.nostr.signIntent("amm-e2e-0001", "amm:swap", params, now + 600);
    await alice.nostr.publish(event);
    const { session_id: sessionId, challenge } = await acceptIntentAndIssueChallenge(
      solver.client,
      alice.pubkey,
      event,
    );
    const { pins, signer, vtxoView } = alice.flowOptions;
    const intent = { content, eventId: event.id, sessionId };
    const verified = verifyChallenge(
      { content: challenge },
      { intent, pins, myPubkey: alice.pubkey, vtxoView: await vtxoView(), answered: [], now },
    );
    const { signature = "", payload_ref } = await signChallenge(verified, signer);
    await solver.client.respondToChallenge(sessionId, signature, { payload_ref });
    const done = await solver.client.completeSession(sessionId, { filled: 1 });
    expect(done.result_data).toEqual({ filled: 1, signature, payload_ref, pubkey: alice.pubkey });
    expect(await alice.liveSatsAtArkd()).toBe(3_000n);
  });
});

describe("a transfer of an asset", () => {
  const unitsOf = async (user: WalletUser, assetId: string): Promise<number> =>
    (await user.client.getAssetBalance(user.pubkey, assetId, { as: "owner" })).balance;
  /** The user's wallet once it knows what arkd calls the asset, and what it holds of it there. */
  async function withAsset({ flowOptions, client }: WalletUser, assetId: string) {
    const pins = await pinAssets(flowOptions.pins, client, [assetId]);
    const arkAssetId = pins.assets?.[assetId];
    const unitsAtArkd = async () => {
      const live = [...(await flowOptions.vtxoView()).values()].filter(({ isSpent }) => !isSpent);
      const held = live.flatMap(({ assets }) => assets).filter((each) => each.assetId === arkAssetId);
      return held.reduce((sum, { amount }) => sum + Number(amount), 0);
    };
    return { wallet: new PaymentFlow({ ...flowOptions, pins }), unitsAtArkd };
  }

  it("settles over Nostr, over HTTP and by its own route, and units and sats follow at arkd and at the gateway", async () => {
    const operator = new GatewayClient(stack.info.api_url, { adminKey: stack.info.admin_key });
    const [alice, bob] = [await newUser(10_000), await newUser()];
    await operator.createAsset("gMOVE", "Moving Units", "gMOVE", 1_000_000);
    await operator.mintAsset("gMOVE", alice.pubkey, 1_000, { waitSeconds: 10 });
    await eventually(async () => expect(await unitsOf(alice, "gMOVE")).toBe(1_000));
    const sats = await alice.liveSatsAtArkd();
    const { wallet, unitsAtArkd } = await withAsset(alice, "gMOVE");
    const atBob = await withAsset(bob, "gMOVE");

    await wallet.payOverNostr({ recipient: bob.pubkey, assetId: "gMOVE", amount: 400 });
    await wallet.payOverHttp({ recipient: bob.pubkey, assetId: "gMOVE", amount: 100 });
    const opened = await alice.client.transferAsset(alice.pubkey, bob.pubkey, "gMOVE", 50, { as: "owner" });
    const { intent_data: content } = await alice.client.getSession(opened.session_id, { as: "owner" });
    const approved = { content: intentSchema.parse(content), sessionId: opened.session_id };
    expect(approved.content.params).toMatchObject({ asset_id: "gMOVE", amount: 50, recipient_pubkey: bob.pubkey });
    const { txid } = await wallet.followOverHttp(approved);

    expect([await unitsAtArkd(), await atBob.unitsAtArkd()]).toEqual([450, 550]);
    await eventually(async () =>
      expect([await unitsOf(alice, "gMOVE"), await unitsOf(bob, "gMOVE")]).toEqual([450, 550]),
    );
    expect(await alice.liveSatsAtArkd()).toBe(sats - 3n * 340n);
    expect(await bob.liveSatsAtArkd()).toBe(3n * 330n);
    const transaction = await bob.client.getTransaction(txid, { as: "owner" });
    expect(transaction).toMatchObject({ status: "confirmed", asset_id: "gMOVE", asset_amount: 50 });
    expect((await devnetState(stack.info)).drift).toBe(0);
  });

  it("is refused for an asset that nobody registered", async () => {
    const [alice, bob] = [await newUser(10_000), await newUser()];
    const payment = alice.wallet.payOverNostr({ recipient: bob.pubkey, assetId: "gNONE", amount: 1 });
    await expect(payment).rejects.toMatchObject({ code: "asset_unknown" });
  });
});

describe("a replayed intent", () => {
  it("pays once: the same event again brings the same result", async () => {
    const [alice, bob] = [await newUser(50_000), await newUser()];
    const { intentEventId = "", txid } = await alice.wallet.payOverNostr({
      recipient: bob.pubkey,
      amountSats: 10_000,
      actionId: "replayed-01",
    });
    expect(await republish(intentEventId)).toBe(true);
    const result = await alice.nostr.waitForResultOf(intentEventId, AbortSignal.timeout(20_000));
    expect(result).toMatchObject({ ok: true, confirmation: { results: { txid } } });
    const ofAction = await alice.nostr.waitForResult("replayed-01", AbortSignal.timeout(20_000));
    expect(ofAction.event.id).toBe(result.event.id);
    // One more payment behind it: when that has settled, a second run of the first would have started.
    await alice.wallet.payOverNostr({ recipient: bob.pubkey, amountSats: 1_000 });
    await expectBalance(bob, 11_000);
  });

  it("with other content under the same action_id is refused as a duplicate", async () => {
    const [alice, bob] = [await newUser(50_000), await newUser()];
    await alice.wallet.payOverNostr({ recipient: bob.pubkey, amountSats: 10_000, actionId: "reused-id-1" });
    const again = alice.wallet.payOverNostr({ recipient: bob.pubkey, amountSats: 11_000, actionId: "reused-id-1" });
    await expect(again).rejects.toMatchObject({ nostr_code: 1004 });
    await expectBalance(bob, 10_000);
  });

  it("over HTTP answers with the same session, or 409 for other content", async () => {
    const alice = await newUser(50_000);
    const bob = await newUser();
    const intent = intentTo(bob.pubkey, 1_000, "http-replay-1");
    const open = (content: typeof intent) =>
      alice.client.createSession(alice.pubkey, "p2p_transfer", content, { as: "owner" });
    const first = await open(intent);
    expect((await open(intent)).session_id).toBe(first.session_id);
    const other = { ...intent, params: { ...intent.params, amount: 2_000 } };
    await expect(open(other)).rejects.toMatchObject({ code: "duplicate_action" });
    await expect(open(other)).rejects.toBeInstanceOf(ConflictError);
  });
});

/** Fetches the published intent from the relay and publishes it again, as a replaying third party could. */
async function republish(eventId: string): Promise<boolean> {
  const relay = await Relay.connect(stack.info.relay_urls[0] ?? "");
  try {
    return await new Promise<boolean>((resolve, reject) => {
      relay.subscribe([{ ids: [eventId] }], {
        onevent: (event) => void relay.publish(event).then(() => resolve(true), reject),
      });
    });
  } finally {
    relay.close();
  }
}

function intentTo(recipient: string, amount: number, actionId: string) {
  const params = { asset_id: "gBTC", amount, recipient_pubkey: recipient, fee_asset_id: "gBTC", fee_amount: 10 };
  return { action_id: actionId, type: "p2p_transfer", params, expires_at: Math.floor(Date.now() / 1000) + 600 };
}

describe("somebody else", () => {
  it("cannot see, answer or cancel a session, and a foreign signature changes nothing", async () => {
    const [alice, bob, mallory] = [await newUser(20_000), await newUser(), await newUser()];
    const intent = intentTo(bob.pubkey, 3_000, "not-your-money");
    const { session_id } = await alice.client.createSession(alice.pubkey, "p2p_transfer", intent, {
      as: "owner",
      auto_start: true,
    });
    const challengeId = await eventually(async () => {
      const { open_challenge_id } = await alice.client.getCeremonyStatus(session_id);
      if (!open_challenge_id) throw new Error("no challenge yet");
      return open_challenge_id;
    });
    const forged = [{ txid: "00".repeat(32), input: 0, sig: "11".repeat(64) }];
    await expect(mallory.client.getSession(session_id)).rejects.toBeInstanceOf(NotFoundError);
    await expect(mallory.client.respondToChallenge(session_id, forged)).rejects.toBeInstanceOf(NotFoundError);
    await expect(mallory.client.cancelCeremony(session_id)).rejects.toBeInstanceOf(NotFoundError);
    const { content } = await alice.client.getChallenge(challengeId);
    const { items } = z
      .looseObject({ items: z.array(z.looseObject({ txid: z.string(), input: z.int(), sighash: z.string() })) })
      .parse(content);
    const signer = secretKeySigner(mallory.secretKey);
    const foreign = await Promise.all(
      items.map(async ({ txid, input, sighash }) => ({ txid, input, sig: await signer.signSchnorr(sighash) })),
    );
    expect(await codeOf(alice.client.respondToChallenge(session_id, foreign))).toBe("422 signature_mismatch");
    await alice.client.cancelCeremony(session_id);
    await expectBalance(alice, 20_000);
  });
});

describe("bad input", () => {
  it("is refused with the documented code, naming the field", async () => {
    const alice = await newUser();
    const post = async (path: string, body: string, headers: Record<string, string> = {}) => {
      const response = await fetch(`${stack.info.api_url}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body,
      });
      const problem = z.looseObject({
        code: z.string(),
        errors: z.array(z.looseObject({ path: z.string() })).optional(),
      });
      return { status: response.status, ...problem.parse(await response.json()) };
    };
    const transfer = { sender_pubkey: alice.pubkey, recipient_pubkey: "ab".repeat(32), asset_id: "gBTC" };
    expect(await post("/assets/transfer", "{")).toMatchObject({ status: 400, code: "invalid_json" });
    for (const amount of [1.5, "1000", 0, -1]) {
      const refused = await post(
        "/assets/transfer",
        JSON.stringify({ ...transfer, recipient_pubkey: (await newUser()).pubkey, amount }),
      );
      expect(refused).toMatchObject({ status: 422, code: "invalid_amount" });
    }
    const oversized = JSON.stringify({ data: { blob: "x".repeat(400_000) } });
    expect(await post("/enqueue-user-process", oversized)).toMatchObject({ status: 413, code: "payload_too_large" });
    const key = { "idempotency-key": "e2e-idempotency" };
    const client = new GatewayClient(stack.info.api_url);
    await client.enqueueUserProcess({}, { idempotencyKey: key["idempotency-key"] });
    expect(await post("/enqueue-user-process", '{"user_id":"x"}', key)).toMatchObject({
      status: 422,
      code: "idempotency_mismatch",
    });
  });

  it("of an expired intent is 1003 over Nostr", async () => {
    const [alice, bob] = [await newUser(5_000), await newUser()];
    const expired = { ...intentTo(bob.pubkey, 1_000, "expired-01"), expires_at: Math.floor(Date.now() / 1000) - 1 };
    // Without the expiration tag, because relays refuse an event that has expired by NIP-40.
    const event = signEvent(alice.secretKey, KIND.intent, JSON.stringify(expired), [["p", stack.info.gateway_pubkey]]);
    await alice.nostr.publish(event);
    const result = await alice.nostr.waitForResult(expired.action_id, AbortSignal.timeout(20_000));
    expect(result).toMatchObject({ ok: false, failure: { code: 1003, details: { code: "intent_expired" } } });
  });
});

describe("arkd's REST face", () => {
  it("serves the Ark SDK's own providers", async () => {
    const alice = await newUser(9_000);
    const url = stack.info.arkd.rest;
    const info = await new RestArkProvider(url).getInfo();
    const pins = await fetchPins(url, stack.info.gateway_pubkey);
    expect(info.signerPubkey.slice(-64)).toBe(pins.signer);
    const script = vtxoScriptHex(alice.pubkey, pins);
    const { vtxos } = await new RestIndexerProvider(url).getVtxos({ scripts: [script], spendableOnly: true });
    expect(vtxos.map((vtxo) => vtxo.value)).toEqual([9_000]);
  });

  it("streams a script's new VTXOs to the Ark SDK's subscription", async () => {
    // Node 20 has no EventSource; the SDK takes it from the global object.
    Object.assign(globalThis, { EventSource });
    const url = stack.info.arkd.rest;
    const pins = await fetchPins(url, stack.info.gateway_pubkey);
    const bob = await newUser();
    const script = vtxoScriptHex(bob.pubkey, pins);
    const indexer = new RestIndexerProvider(url);
    const subscription = await indexer.subscribeForScripts([script]);
    const stop = new AbortController();
    const first = (async () => {
      for await (const event of indexer.getSubscription(subscription, stop.signal)) return event;
      return undefined;
    })();
    await fund(stack.info, bob.pubkey, 4_000);
    expect((await first)?.newVtxos.map((vtxo) => vtxo.value)).toEqual([4_000]);
    stop.abort();
  });
});

describe("the operator", () => {
  it("makes, changes, rotates and revokes a key, which works until it is revoked", async () => {
    const { api_url: url, admin_key: adminKey } = stack.info;
    const { apiKeys } = new GatewayClient(url, { adminKey }).admin;
    const { api_key, key } = await apiKeys.create({ name: "e2e", scopes: ["jobs"] });
    const changed = await apiKeys.update(api_key.id, { name: "e2e-renamed" });
    expect(changed.api_key.name).toBe("e2e-renamed");
    const rotated = await apiKeys.rotate(api_key.id, 0);
    expect(rotated.key).not.toBe(key);
    const solver = new GatewayClient(url, { apiKey: rotated.key });
    await solver.listJobs();
    await apiKeys.revoke(api_key.id);
    expect((await apiKeys.get(api_key.id)).api_key.status).toBe("revoked");
    // A replica may know a key for 4 s, and none for more than 5.
    await eventually(() => expect(solver.listJobs()).rejects.toBeInstanceOf(AuthError));
  });
});

describe("an unsigned client", () => {
  it("reads what an asset is", async () => {
    const client = new GatewayClient(stack.info.api_url);
    expect(await client.getAssetInfo("gBTC")).toMatchObject({ asset_id: "gBTC", is_active: true });
    expect((await client.listAssets()).assets.map((asset) => asset.asset_id)).toContain("gBTC");
  });

  it("reads the health of the whole stack", async () => {
    const client = new GatewayClient(stack.info.api_url);
    const healthy = { status: "healthy", database_connected: true, redis_connected: true };
    // The health of daemons and relays comes with the first heartbeat of the process that watches them.
    await eventually(async () => expect(await client.health()).toMatchObject(healthy), 45_000);
  });
});
