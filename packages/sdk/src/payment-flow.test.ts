import { encryptNip44, decryptNip44 } from "./encryption.js";
import { CeremonyTimeoutError, PaymentFailedError, UnavailableError, VerificationError } from "./errors.js";
import { intentSchema, responseSchema } from "./event-schemas.js";
import { nodeWebSocket } from "./node-web-socket.js";
import { NostrGatewayClient } from "./nostr-client.js";
import type { NostrEvent } from "./nostr-event.js";
import { signEvent, tagValues } from "./nostr-utils.js";
import { KIND, sessionIdOfIntent } from "./payloads.js";
import { type AnsweredEntry, PaymentFlow, type PaymentFlowOptions } from "./payment-flow.js";
import { secretKeySigner } from "./secret-key-signer.js";
import {
  type BuiltTx,
  type Content,
  type TxPlan,
  alice,
  bob,
  buildTx,
  contentFor,
  gateway,
  honestPlan,
  mallory,
  ownVtxo,
  pins,
  signAllAsArkd,
  viewOf,
} from "./testing/fake-gateway.js";
import { FakeRelay } from "./testing/fake-relay.js";

const now = (): number => Math.floor(Date.now() / 1000);
const view = viewOf(ownVtxo("first", 24_000n, { expiresAt: now() + 86_400 }));

let relay: FakeRelay;
let nostr: NostrGatewayClient;
const steps: string[] = [];

beforeEach(async () => {
  steps.length = 0;
  relay = await FakeRelay.start();
  nostr = new NostrGatewayClient([relay.url], secretKeySigner(alice.secretKey), gateway.pubkey, {
    webSocket: nodeWebSocket,
  });
});

afterEach(async () => {
  nostr.close();
  await relay.stop();
});

function aFlow(options: Partial<PaymentFlowOptions> = {}): PaymentFlow {
  return new PaymentFlow({
    vtxoView: async () => view,
    ...options,
    signer: secretKeySigner(alice.secretKey),
    pins,
    nostr,
    onStep: ({ name, stage }) => steps.push(stage === undefined ? name : `${name} ${stage}`),
  });
}

function publish(kind: number, content: string, tags: string[][]): void {
  relay.push(signEvent(gateway.secretKey, kind, content, tags));
}

function sendChallenge(content: Content, intentId: string): void {
  const text = JSON.stringify({ ...content, expires_at: now() + 300 });
  const tags = [
    ["d", `${String(content["session_id"])}:${String(content["step_index"])}`],
    ["p", alice.pubkey],
    ["e", intentId],
  ];
  publish(KIND.challenge, encryptNip44(gateway.secretKey, alice.pubkey, text), tags);
}

function sendFailure(intent: NostrEvent, code: number, text: string): void {
  const { action_id } = intentSchema.parse(JSON.parse(intent.content));
  const content = {
    status: "failure",
    ref_action_id: action_id,
    code,
    message: "no",
    details: { code: text },
    timestamp: now(),
  };
  const sealed = encryptNip44(gateway.secretKey, alice.pubkey, JSON.stringify(content));
  publish(KIND.failure, sealed, [
    ["d", "0"],
    ["p", alice.pubkey],
    ["e", intent.id],
  ]);
}

function unreachable(): UnavailableError {
  return new UnavailableError({ status: 0, code: "network_error", detail: "arkd cannot be read", retryable: true });
}

/** Plays the gateway: both challenges, then the 31340. `change` may turn it hostile. */
function playGateway(change: (plan: TxPlan) => TxPlan = (plan) => plan): void {
  const plan = change(honestPlan(view));
  const owners = plan.inputs.map((input) => input.owner);
  let tx: BuiltTx;
  let intent: NostrEvent | undefined;
  let isAccepted = false;
  relay.onEvent((event) => {
    if (event.kind === KIND.intent) {
      if (event.id === intent?.id) return;
      intent = event;
      tx = buildTx(plan);
      sendChallenge(contentFor(tx, "ark_tx", owners, sessionIdOfIntent(event.id)), event.id);
      return;
    }
    const answer = responseSchema.parse(JSON.parse(decryptNip44(gateway.secretKey, alice.pubkey, event.content)));
    expect(tagValues(event, "e")).toHaveLength(1);
    if (answer.signatures?.[0]?.txid === tx.ark.id) {
      if (isAccepted || intent === undefined) return;
      isAccepted = true;
      signAllAsArkd(tx);
      sendChallenge(contentFor(tx, "checkpoint_txs", owners, sessionIdOfIntent(intent.id)), intent.id);
      return;
    }
    if (intent === undefined) return;
    const { action_id } = intentSchema.parse(JSON.parse(intent.content));
    const results = { txid: tx.ark.id, inputs: [], outputs: [], fee_paid: 10, fee_asset_id: "gBTC" };
    const content = { status: "success", ref_action_id: action_id, results, timestamp: now() };
    publish(KIND.confirmation, JSON.stringify(content), [
      ["d", "1"],
      ["e", intent.id],
      ["p", bob.pubkey],
    ]);
  });
}

describe("paying over Nostr", () => {
  it("answers both challenges and returns the txid of the 31340", async () => {
    playGateway();
    const result = await aFlow().payOverNostr({ recipient: bob.pubkey, amountSats: 20_000 });
    expect(result.txid).toBe(buildTx(honestPlan(view)).ark.id);
    // The 31340 may overtake the relay's OK to the last answer.
    expect(steps.filter((step) => !step.startsWith("challenge_answered"))).toEqual([
      "intent_signed",
      "intent_published",
      "challenge_verified ark_tx",
      "challenge_verified checkpoint_txs",
      "settled",
    ]);
  });

  it("signs nothing for a gateway that pays somebody else", async () => {
    playGateway((plan) => ({
      ...plan,
      outputs: plan.outputs.map((o) => (o.to === bob.pubkey ? { ...o, to: mallory.pubkey } : o)),
    }));
    const payment = aFlow().payOverNostr({ recipient: bob.pubkey, amountSats: 20_000 });
    await expect(payment).rejects.toMatchObject({ name: "VerificationError", reason: "recipient" });
    expect(relay.events.filter((event) => event.kind === KIND.response)).toEqual([]);
  });

  it("asks for units of an asset by its name, and for the fee in sats", async () => {
    relay.onEvent((event) => sendFailure(event, 2005, "asset_unknown"));
    const payment = aFlow().payOverNostr({ recipient: bob.pubkey, assetId: "gUSD", amount: 40 });
    await expect(payment).rejects.toMatchObject({ code: "asset_unknown" });
    const [intent] = relay.events.filter((event) => event.kind === KIND.intent);
    expect(intentSchema.parse(JSON.parse(intent?.content ?? "")).params).toEqual({
      asset_id: "gUSD",
      amount: 40,
      recipient_pubkey: bob.pubkey,
      fee_asset_id: "gBTC",
      fee_amount: 10,
    });
  });

  it("signs nothing of an asset that the wallet has not pinned", async () => {
    playGateway();
    const payment = aFlow().payOverNostr({ recipient: bob.pubkey, assetId: "gUSD", amount: 40 });
    await expect(payment).rejects.toMatchObject({ name: "VerificationError", reason: "unsupported" });
    expect(relay.events.filter((event) => event.kind === KIND.response)).toEqual([]);
  });

  it("throws the gateway's code when it refuses the intent", async () => {
    relay.onEvent((event) => sendFailure(event, 2001, "insufficient_balance"));
    const payment = aFlow().payOverNostr({ recipient: bob.pubkey, amountSats: 20_000 });
    await expect(payment).rejects.toThrow(PaymentFailedError);
    await expect(payment).rejects.toMatchObject({ code: "insufficient_balance", nostr_code: 2001 });
  });

  it("survives a relay that drops the connection in the middle", async () => {
    playGateway();
    relay.onEvent((event) => {
      if (event.kind === KIND.response) relay.dropConnections();
    });
    const result = await aFlow().payOverNostr({ recipient: bob.pubkey, amountSats: 20_000 });
    expect(result.txid).toMatch(/^[0-9a-f]{64}$/);
  });

  it("answers once arkd can be read again, since only that answer frees what arkd has accepted", async () => {
    playGateway();
    let looks = 0;
    const vtxoView = async () => {
      looks += 1;
      // Away at the first look for each of the two answers.
      if (looks % 2 === 1) throw unreachable();
      return view;
    };
    const result = await aFlow({ vtxoView }).payOverNostr({ recipient: bob.pubkey, amountSats: 20_000 });
    expect(result.txid).toBe(buildTx(honestPlan(view)).ark.id);
  });

  it("ends with a timeout, not a failure, when arkd stays away", async () => {
    playGateway();
    const vtxoView = () => Promise.reject(unreachable());
    const payment = aFlow({ vtxoView }).payOverNostr({ recipient: bob.pubkey, amountSats: 20_000, timeoutMs: 500 });
    await expect(payment).rejects.toThrow(CeremonyTimeoutError);
    expect(relay.events.filter((event) => event.kind === KIND.response)).toEqual([]);
  });

  it("is finished by another instance after the wallet died between its two answers", async () => {
    const entries: AnsweredEntry[] = [];
    const answered = { list: async () => entries, add: async (entry: AnsweredEntry) => void entries.push(entry) };
    playGateway();
    const died = new AbortController();
    const first = aFlow({
      answered: {
        ...answered,
        add: async (entry) => {
          // The second answer is signed and stored, and the wallet dies before it is sent.
          await answered.add(entry);
          if (entry.record.stage === "checkpoint_txs") {
            nostr.close();
            died.abort();
          }
        },
      },
    });
    const payment = first.payOverNostr({ recipient: bob.pubkey, amountSats: 20_000, signal: died.signal });
    await expect(payment).rejects.toBeDefined();
    const [intent] = relay.events.filter((event) => event.kind === KIND.intent);
    if (intent === undefined) throw new Error("the intent was published");

    nostr = new NostrGatewayClient([relay.url], secretKeySigner(alice.secretKey), gateway.pubkey, {
      webSocket: nodeWebSocket,
    });
    const result = await aFlow({ answered }).resumeOverNostr(intent);
    expect(result.txid).toBe(buildTx(honestPlan(view)).ark.id);
    expect(entries).toHaveLength(2);
  });

  it("ends with a timeout, not a failure, when nothing comes back", async () => {
    const payment = aFlow().payOverNostr({ recipient: bob.pubkey, amountSats: 20_000, timeoutMs: 200 });
    await expect(payment).rejects.toThrow(CeremonyTimeoutError);
  });

  it("refuses an amount that is no integer before anything is signed", async () => {
    await expect(aFlow().payOverNostr({ recipient: bob.pubkey, amountSats: 0.5 })).rejects.toThrow(TypeError);
    expect(relay.events).toEqual([]);
  });

  it("ignores challenges that are not signed by the gateway", async () => {
    relay.onEvent((intent) => {
      if (intent.kind !== KIND.intent) return;
      const plan = honestPlan(view);
      const content = contentFor(
        buildTx(plan),
        "ark_tx",
        plan.inputs.map((input) => input.owner),
        sessionIdOfIntent(intent.id),
      );
      const sealed = encryptNip44(mallory.secretKey, alice.pubkey, JSON.stringify(content));
      relay.push(
        signEvent(mallory.secretKey, KIND.challenge, sealed, [
          ["p", alice.pubkey],
          ["e", intent.id],
        ]),
      );
    });
    const payment = aFlow().payOverNostr({ recipient: bob.pubkey, amountSats: 20_000, timeoutMs: 300 });
    await expect(payment).rejects.not.toThrow(VerificationError);
    expect(relay.events.filter((event) => event.kind === KIND.response)).toEqual([]);
  });
});

describe("publishing", () => {
  it("reports what the relays said when none accepts", async () => {
    relay.refusal = "blocked: not today";
    const payment = aFlow().payOverNostr({ recipient: bob.pubkey, amountSats: 20_000 });
    await expect(payment).rejects.toThrow(/blocked: not today/);
  });
});
