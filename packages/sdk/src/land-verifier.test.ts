import { vtxoScriptHex, type WalletPins } from "./ark-script.js";
import { decryptNip44, encryptNip44 } from "./encryption.js";
import { PaymentFailedError, VerificationError } from "./errors.js";
import { intentSchema, responseSchema } from "./event-schemas.js";
import { createLandIntent, executeLandFlow } from "./lightning-operations.js";
import { nodeWebSocket } from "./node-web-socket.js";
import { NostrGatewayClient } from "./nostr-client.js";
import type { NostrEvent } from "./nostr-event.js";
import { signEvent } from "./nostr-utils.js";
import { KIND, sessionIdOfIntent } from "./payloads.js";
import { secretKeySigner } from "./secret-key-signer.js";
import {
  type BuiltTx,
  type Content,
  type Output,
  type TxPlan,
  alice,
  bob,
  buildTx,
  contentFor,
  gateway,
  honestPlan,
  mallory,
  NOW,
  options,
  ownVtxo,
  pins as plainPins,
  received,
  SESSION_ID,
  signAllAsArkd,
  viewOf,
} from "./testing/fake-gateway.js";
import { FakeRelay } from "./testing/fake-relay.js";
import { verifyChallenge } from "./wallet-verifier.js";

const AMOUNT = 20_000;
const FEE = 20;
const HASH = "0a".repeat(32);
const INVOICE = "lnbcrt200u1example";
// Bob plays the gateway's land key.
const pins: WalletPins = { ...plainPins, landScript: vtxoScriptHex(bob.pubkey, plainPins) };
const now = (): number => Math.floor(Date.now() / 1000);
/** The same VTXO under the fixed clock of the verifier's tests, and under the real one. */
const view = viewOf(ownVtxo("first", 24_000n));
const liveView = viewOf(ownVtxo("first", 24_000n, { expiresAt: now() + 86_400 }));
const landIntent = createLandIntent({
  amountSats: AMOUNT,
  invoice: INVOICE,
  actionId: "land-0001",
  expiresAt: NOW + 600,
});

/** Alice's VTXO and the co-input in; amount + fee to the land script, her change and the co-input as it was out. */
function landPlan(change: (outputs: Output[]) => void = () => undefined): TxPlan {
  const plan = honestPlan(view);
  const [, , coInput] = plan.outputs;
  if (coInput === undefined) throw new Error("the plan has a co-input");
  const outputs: Output[] = [
    { to: bob.pubkey, sats: BigInt(AMOUNT + FEE) },
    { to: alice.pubkey, sats: 24_000n - BigInt(AMOUNT + FEE) },
    { to: coInput.to, sats: 1_000n },
  ];
  change(outputs);
  return { ...plan, outputs };
}

const contentOf = (
  plan: TxPlan,
  stage: "ark_tx" | "checkpoint_txs" = "ark_tx",
  tx = buildTx(plan),
  session = SESSION_ID,
) =>
  contentFor(
    tx,
    stage,
    plan.inputs.map((input) => input.owner),
    session,
  );

function verify(plan: TxPlan, over: object = {}) {
  const base = options(view, { pins });
  const intent = { ...base.intent, content: landIntent };
  return verifyChallenge(received(contentOf(plan)), { ...base, intent, ...over });
}

function reasonOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof VerificationError) return error.reason;
    throw error;
  }
  return "accepted";
}

describe("the challenge of a land", () => {
  it("is signed when amount and fee go to the pinned script and the rest comes back", () => {
    expect(verify(landPlan()).summary).toEqual({
      recipientPubkey: null,
      recipientVouts: [0],
      recipientUnits: [0n],
      asset: null,
      amountSats: 20_000n,
      feeSats: 20n,
      changeSats: 3_980n,
      changeVouts: [1],
    });
  });

  it.each([
    ["pays another key than the gateway's", "recipient", (outputs: Output[]) => redirect(outputs, 0)],
    ["takes a sat more", "amount", (outputs: Output[]) => move(outputs, 1, 0, 1n)],
    ["takes the fee of a transfer on top", "fee", (outputs: Output[]) => move(outputs, 1, 2, 10n)],
    ["pays somebody else my change", "change", (outputs: Output[]) => redirect(outputs, 1)],
    ["pays the land script twice", "extra_output", (outputs: Output[]) => split(outputs, 0)],
  ] as const)("is refused when it %s", (_name, reason, change) => {
    expect(reasonOf(() => verify(landPlan(change)))).toBe(reason);
  });

  it("is refused by a wallet that has pinned no land script, whatever it pays", () => {
    expect(reasonOf(() => verify(landPlan(), { pins: plainPins }))).toBe("pins");
  });

  it("is refused when a land is passed off as a transfer, and the other way round", () => {
    expect(reasonOf(() => verify(honestPlan(view)))).not.toBe("accepted");
    expect(reasonOf(() => verifyChallenge(received(contentOf(landPlan())), options(view, { pins })))).not.toBe(
      "accepted",
    );
  });
});

function at(outputs: readonly Output[], index: number): Output {
  const output = outputs[index];
  if (output === undefined) throw new Error(`no output ${index}`);
  return output;
}

function redirect(outputs: Output[], index: number): void {
  outputs[index] = { ...at(outputs, index), to: mallory.pubkey };
}

function move(outputs: Output[], from: number, to: number, sats: bigint): void {
  outputs[from] = { ...at(outputs, from), sats: at(outputs, from).sats - sats };
  outputs[to] = { ...at(outputs, to), sats: at(outputs, to).sats + sats };
}

function split(outputs: Output[], index: number): void {
  outputs[index] = { ...at(outputs, index), sats: at(outputs, index).sats - 1_000n };
  outputs.push({ to: at(outputs, index).to, sats: 1_000n });
}

describe("a land over Nostr", () => {
  let relay: FakeRelay;
  let nostr: NostrGatewayClient;

  beforeEach(async () => {
    relay = await FakeRelay.start();
    nostr = new NostrGatewayClient([relay.url], secretKeySigner(alice.secretKey), gateway.pubkey, {
      webSocket: nodeWebSocket,
    });
  });
  afterEach(async () => {
    nostr.close();
    await relay.stop();
  });

  const publish = (kind: number, content: string, tags: string[][]): void =>
    relay.push(signEvent(gateway.secretKey, kind, content, tags));
  const seal = (content: unknown): string => encryptNip44(gateway.secretKey, alice.pubkey, JSON.stringify(content));

  function challenge(content: Content, intentId: string): void {
    publish(KIND.challenge, seal({ ...content, expires_at: now() + 300 }), [
      ["d", `${String(content["session_id"])}:${String(content["step_index"])}`],
      ["p", alice.pubkey],
      ["e", intentId],
    ]);
  }

  /** Both challenges, then `end`. */
  function playGateway(end: (intent: NostrEvent, tx: BuiltTx) => void): void {
    const plan = landPlan();
    const tx = buildTx(plan);
    let intent: NostrEvent | undefined;
    relay.onEvent((event) => {
      if (event.kind === KIND.intent) {
        intent = event;
        challenge(contentOf(plan, "ark_tx", tx, sessionIdOfIntent(event.id)), event.id);
        return;
      }
      if (event.kind !== KIND.response || intent === undefined) return;
      const answer = responseSchema.parse(JSON.parse(decryptNip44(gateway.secretKey, alice.pubkey, event.content)));
      if (answer.signatures?.[0]?.txid !== tx.ark.id) return end(intent, tx);
      signAllAsArkd(tx);
      challenge(contentOf(plan, "checkpoint_txs", tx, sessionIdOfIntent(intent.id)), intent.id);
    });
  }

  const land = (pinned: Partial<WalletPins> = {}) =>
    executeLandFlow(
      { signer: secretKeySigner(alice.secretKey), pins: { ...pins, ...pinned }, vtxoView: async () => liveView, nostr },
      { amountSats: AMOUNT, invoice: INVOICE },
    );

  it("ends with the proof of payment when the invoice is paid", async () => {
    playGateway((intent, tx) => {
      const { action_id, params } = intentSchema.parse(JSON.parse(intent.content));
      expect(params).toMatchObject({ lightning_invoice: INVOICE, fee_amount: FEE });
      const notice = {
        notification_id: "land_1:2",
        type: "land_completed",
        timestamp: now(),
        gateway_pubkey: gateway.pubkey,
        payment_hash: HASH,
        preimage: "0d".repeat(32),
      };
      publish(KIND.notification, seal(notice), [
        ["d", "land_1:2"],
        ["p", alice.pubkey],
      ]);
      const results = {
        txid: tx.ark.id,
        inputs: [],
        outputs: [],
        fee_paid: FEE,
        fee_asset_id: "gBTC",
        payment_hash: HASH,
      };
      const content = { status: "success", ref_action_id: action_id, results, timestamp: now() };
      publish(KIND.confirmation, JSON.stringify(content), [
        ["d", "0"],
        ["e", intent.id],
      ]);
    });
    await expect(land()).resolves.toMatchObject({ paymentHash: HASH, feeSats: FEE, preimage: "0d".repeat(32) });
  });

  it("states the fee that the wallet has pinned", async () => {
    const fees: unknown[] = [];
    relay.onEvent((event) => {
      if (event.kind !== KIND.intent) return;
      const { action_id, params } = intentSchema.parse(JSON.parse(event.content));
      fees.push(params["fee_amount"]);
      const content = { status: "failure", code: 4001, message: "no", ref_action_id: action_id, timestamp: now() };
      publish(KIND.failure, seal(content), [
        ["d", "0"],
        ["p", alice.pubkey],
        ["e", event.id],
      ]);
    });
    await expect(land({ landFeeBps: 25 })).rejects.toThrow(PaymentFailedError);
    expect(fees).toEqual([Math.ceil((AMOUNT * 25) / 10_000)]);
  });

  it("whose payment failed for good has come back, and says so", async () => {
    playGateway((intent) => {
      const { action_id } = intentSchema.parse(JSON.parse(intent.content));
      const details = { code: "payment_failed", reason: "no_route", refund_txid: "0e".repeat(32) };
      const content = {
        status: "failure",
        ref_action_id: action_id,
        code: 2008,
        message: "no",
        details,
        timestamp: now(),
      };
      publish(KIND.failure, seal(content), [
        ["d", "0"],
        ["p", alice.pubkey],
        ["e", intent.id],
      ]);
    });
    const failed = land();
    await expect(failed).rejects.toThrow(PaymentFailedError);
    await expect(failed).rejects.toMatchObject({ code: "payment_failed", nostr_code: 2008 });
  });
});
