import { intentSchema } from "./event-schemas.js";
import { findOptimalCombination } from "./find-optimal-combination.js";
import { GatewayClient } from "./gateway-client.js";
import { hexToNpub, signEvent } from "./nostr-utils.js";
import { KIND } from "./payloads.js";
import { acceptIntentAndIssueChallenge, startAndWaitCeremony } from "./solver-flows.js";
import { alice, anIntent, bob, ownVtxo } from "./testing/fake-gateway.js";
import { parseWith } from "./validation.js";
import {
  createMultiTransferIntent,
  createOptimalChangeIntent,
  createSplitIntent,
  monitorSession,
} from "./vtxo-operations.js";

const VTXO = `${"ab".repeat(32)}:0`;
const times = { expiresAt: 1_900_000_000, actionId: "action-0001" };

describe("intents", () => {
  it("state what was asked for and the fee, and leave out what the caller did", () => {
    expect(createSplitIntent({ ...times, vtxoId: VTXO, splitAmounts: [400, 600] })).toEqual({
      action_id: "action-0001",
      type: "vtxo:split",
      params: { asset_id: "gBTC", vtxo_id: VTXO, split_amounts: [400, 600], fee_asset_id: "gBTC", fee_amount: 10 },
      expires_at: 1_900_000_000,
    });
    const pay = { ...times, recipient: hexToNpub(bob.pubkey), assetId: "gUSD" };
    const multi = createMultiTransferIntent({ ...pay, totalAmount: 7, maxInputs: 9, strategy: "greedy", minChange: 0 });
    expect(multi.params).toEqual({
      asset_id: "gUSD",
      total_amount: 7,
      recipient_pubkey: bob.pubkey,
      max_inputs: 9,
      strategy: "greedy",
      min_change: 0,
      fee_asset_id: "gBTC",
      fee_amount: 10,
    });
    const optimal = createOptimalChangeIntent({ ...pay, amountNeeded: 7, preferExistingChange: false, dustLimit: 1 });
    expect(optimal.params).toMatchObject({ amount_needed: 7, prefer_existing_change: false, dust_limit: 1 });
    for (const intent of [multi, optimal]) expect(parseWith(intentSchema, intent, "31510").type).toBe(intent.type);
  });

  it("have an id of their own each, and refuse amounts that are no integers", () => {
    const request = { vtxoId: VTXO, splitAmounts: [400, 600] };
    expect(createSplitIntent(request).action_id).not.toBe(createSplitIntent(request).action_id);
    expect(() => createSplitIntent({ ...request, splitAmounts: [0.5, 1] })).toThrow(TypeError);
    expect(() => createMultiTransferIntent({ recipient: bob.pubkey, totalAmount: Number.NaN })).toThrow(TypeError);
  });
});

describe("findOptimalCombination", () => {
  const coins = [50_000n, 6_010n, 6_000n, 5_000n, 4_000n].map((sats, index) => ownVtxo(`coin ${String(index)}`, sats));
  const satsOf = (found: ReturnType<typeof findOptimalCombination>) => found?.vtxos.map(({ amountSats }) => amountSats);

  it("leaves the least change, within the inputs it may have", () => {
    expect(satsOf(findOptimalCombination(coins, 10_010n))).toEqual([6_010n, 4_000n]);
    expect(satsOf(findOptimalCombination(coins, 10_010n, { maxInputs: 1 }))).toEqual([50_000n]);
    expect(findOptimalCombination(coins, 80_000n)).toBeUndefined();
  });

  it("leaves dust only when there is no other way", () => {
    const [dusty, clean] = [ownVtxo("dusty", 10_100n), ownVtxo("clean", 12_000n)];
    expect(satsOf(findOptimalCombination([dusty, clean], 10_010n))).toEqual([12_000n]);
    expect(findOptimalCombination([dusty], 10_010n)?.change).toBe(90n);
  });

  it("leaves alone what is spent and, for sats, what carries assets", () => {
    const held = { assets: [{ assetId: "aa", amount: 5n }] };
    const rich = ownVtxo("carrier", 90_000n, held);
    const spent = ownVtxo("spent", 90_000n, { isSpent: true });
    expect(findOptimalCombination([rich, spent], 1_000n)).toBeUndefined();
    expect(findOptimalCombination([rich, spent], 5n, { arkAssetId: "aa" })).toMatchObject({ change: 0n });
  });

  it("finds the least change there is, whatever the coins", () => {
    let state = 7;
    const random = (below: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 8) % below;
    };
    for (let round = 0; round < 200; round += 1) {
      const some = Array.from({ length: 1 + random(8) }, (_, i) =>
        ownVtxo(`r${String(round)} ${String(i)}`, BigInt(330 + random(2_000))),
      );
      const amount = BigInt(330 + random(4_000));
      const maxInputs = 1 + random(6);
      const all = subsets(some).filter((set) => set.length > 0 && set.length <= maxInputs);
      const changes = all
        .map((set) => set.reduce((sum, { amountSats }) => sum + amountSats, -amount))
        .filter((each) => each >= 0n);
      const liked = changes.filter((each) => each === 0n || each >= 330n);
      const least = (liked.length > 0 ? liked : changes).reduce<bigint | undefined>(
        (low, each) => (low === undefined || each < low ? each : low),
        undefined,
      );
      expect(findOptimalCombination(some, amount, { maxInputs })?.change).toBe(least);
    }
  });

  function subsets<T>(items: readonly T[]): readonly (readonly T[])[] {
    return items.reduce<(readonly T[])[]>((sets, item) => [...sets, ...sets.map((set) => [...set, item])], [[]]);
  }
});

/** A gateway that answers each call by its path, in turn, and writes down what it was asked. */
function aGateway(answers: Readonly<Record<string, readonly object[]>>) {
  const asked: { readonly path: string; readonly body: unknown }[] = [];
  const left = new Map<string, object[]>(Object.entries(answers).map(([path, replies]) => [path, [...replies]]));
  const fetchImpl: typeof fetch = (input, init) => {
    const { pathname: path } = new URL(input instanceof Request ? input.url : input);
    asked.push({
      path,
      body: init?.body instanceof Uint8Array ? (JSON.parse(Buffer.from(init.body).toString()) as unknown) : undefined,
    });
    const replies = left.get(path) ?? [];
    const reply = replies.length > 1 ? replies.shift() : replies[0];
    return Promise.resolve(
      new Response(JSON.stringify(reply ?? {}), {
        status: reply === undefined ? 404 : 200,
        headers: { "content-type": "application/json" },
      }),
    );
  };
  return { asked, client: new GatewayClient("http://gateway.test", { fetchImpl, apiKey: "ark_a_b" }) };
}

const opened = {
  session_id: "s1",
  session_type: "protocol_op",
  status: "initiated",
  intent_data: {},
  user_pubkey: alice.pubkey,
  expires_at: "2026-09-21T14:13:20.000Z",
  created_at: "2026-09-21T14:13:20.000Z",
};
const issued = { session_id: "s1", challenge_id: "c1", challenge: { type: "sign_payload" } };
const standing = (session_status: string, state: string) => ({ session_id: "s1", session_status, state });

describe("a solver", () => {
  it("opens a session over the intent as its user has signed it, and asks for a signature over the payload", async () => {
    const { asked, client } = aGateway({ "/sessions/create": [opened], "/sessions/s1/challenge": [issued] });
    const event = signEvent(alice.secretKey, KIND.intent, "{}", [], 1);
    const answer = await acceptIntentAndIssueChallenge(client, alice.pubkey, event);
    expect(answer).toEqual({ session_id: "s1", challenge: { type: "sign_payload" } });
    expect(asked.map(({ body }) => body)).toMatchObject([
      { user_pubkey: alice.pubkey, session_type: "protocol_op", intent_data: {}, intent_event: { id: event.id } },
      { challenge_data: { type: "sign_payload" } },
    ]);
  });

  it("opens one over content that nobody has signed", async () => {
    const { asked, client } = aGateway({ "/sessions/create": [opened], "/sessions/s1/challenge": [issued] });
    const intent = { ...anIntent(), type: "misc:sign_note" };
    await acceptIntentAndIssueChallenge(client, alice.pubkey, intent, "sign_payload", { human: "a note" });
    expect(asked[0]?.body).toMatchObject({ intent_data: { type: "misc:sign_note" } });
    expect(asked[0]?.body).not.toHaveProperty("intent_event");
    expect(asked[1]?.body).toMatchObject({ context: { human: "a note" } });
  });

  it("starts a ceremony and is told how it ended", async () => {
    const start = { "/signing/ceremony/start": [{ ceremony: {} }] };
    const path = "/signing/ceremony/s1/status";
    const good = aGateway({
      ...start,
      [path]: [standing("signing", "submitting"), standing("completed", "published")],
    });
    expect(await startAndWaitCeremony(good.client, "s1")).toMatchObject([true, { session_status: "completed" }]);
    const bad = aGateway({ ...start, [path]: [standing("failed", "failed")] });
    expect(await startAndWaitCeremony(bad.client, "s1")).toMatchObject([false, { session_status: "failed" }]);
  });
});

it("monitorSession tells every change of a session once, and ends with it", async () => {
  const looks = [
    standing("initiated", "intent_received"),
    standing("challenge_sent", "ark_tx_prepared"),
    standing("challenge_sent", "ark_tx_prepared"),
    standing("completed", "published"),
  ];
  const { client } = aGateway({ "/signing/ceremony/s1/status": looks });
  async function* events() {
    for (let id = 1; id <= 9; id += 1) yield await Promise.resolve({ id: String(id), event: "status", data: {} });
  }
  const gateway = { getCeremonyStatus: (id: string) => client.getCeremonyStatus(id), streamSession: () => events() };
  const seen: string[] = [];
  for await (const { session_status } of monitorSession(gateway, "s1")) seen.push(session_status);
  expect(seen).toEqual(["initiated", "challenge_sent", "completed"]);
});
