import { randomBytes } from "node:crypto";

import { INTENT_KIND } from "@arkrelay/core/nostr/kinds";
import type { NostrEvent } from "@arkrelay/core/ports/nostr";
import { signSchnorr } from "@arkrelay/core/schnorr";
import { testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { registerTestAsset } from "@arkrelay/db/testing/register-asset";
import { createGatewayIdentity } from "@arkrelay/nostr/gateway-identity";

import { giveCarrier, giveVtxos } from "../../testing/give-vtxos";
import { freshKey, knowArkd, startTestApi, type TestApi } from "../../testing/test-api";

const USD = `${testKey("usd issuance").pubkey}0000`;

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ SOLVER_AUTH: "nip98" });
  await knowArkd(api);
  await registerTestAsset(api.database, "gUSD", USD);
  await giveVtxos(api, freshKey(), "fee", ...Array.from({ length: 10 }, () => 1_000n));
  await giveVtxos(api, freshKey(), "used");
});
afterAll(() => api.close());

type Leg = readonly [asset_id: string, amount: number];

function side(key: TestKey, give: Leg, receive: Leg, counterparty: TestKey): NostrEvent {
  const legs = ([asset_id, amount]: Leg) => [{ asset_id, amount }];
  const content = {
    action_id: randomBytes(8).toString("hex"),
    type: "atomic_swap",
    params: {
      swap_id: randomBytes(8).toString("hex"),
      give: legs(give),
      receive: legs(receive),
      counterparties: [counterparty.pubkey],
      fee_asset_id: "gBTC",
      fee_amount: 10,
    },
    expires_at: Math.floor(Date.now() / 1000) + 600,
  };
  return createGatewayIdentity(key.secretKey).sign({
    kind: INTENT_KIND,
    created_at: Math.floor(Date.now() / 1000),
    tags: [
      ["p", api.deps.session.identity?.pubkey ?? ""],
      ["d", content.action_id],
    ],
    content: JSON.stringify(content),
  });
}

async function aSwap() {
  const [maker, taker] = [freshKey(), freshKey()];
  await giveCarrier(api, maker, 1_000n, { assetId: USD, amount: 100n });
  await giveVtxos(api, taker, "user", 50_000n);
  const intents = [
    side(maker, ["gUSD", 100], ["gBTC", 20_000], taker),
    side(taker, ["gBTC", 20_000], ["gUSD", 100], maker),
  ];
  const intent_data = {
    batch_id: randomBytes(8).toString("hex"),
    intents,
    expires_at: Math.floor(Date.now() / 1000) + 500,
  };
  return { maker, taker, body: { user_pubkey: taker.pubkey, session_type: "atomic_swap", intent_data } };
}

interface Item {
  readonly role: string;
  readonly txid: string;
  readonly input: number;
  readonly sighash: string;
}

function sign(key: TestKey, items: readonly Item[], role: string) {
  return items
    .filter((item) => item.role === role)
    .map(({ txid, input, sighash }) => {
      const sig = signSchnorr(Buffer.from(sighash, "hex"), key.secretKey, randomBytes(32));
      return { txid, input, sig: Buffer.from(sig).toString("hex") };
    });
}

interface Member {
  readonly action_id: string;
  readonly session_id: string;
}

describe("POST /sessions/create with a batch", () => {
  it("opens a session for every member, plans the transaction and answers with the submitter's session", async () => {
    const { maker, taker, body } = await aSwap();
    const answer = await api.call("POST", "/sessions/create", { as: taker, body });
    expect(answer).toMatchObject({
      status: 201,
      body: {
        session_type: "atomic_swap",
        status: "challenge_sent",
        user_pubkey: taker.pubkey,
        batch_id: body.intent_data.batch_id,
        txid: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      },
    });
    const [ofMaker, ofTaker] = answer.body["members"] as readonly Member[];
    expect(answer.body["session_id"]).toBe(ofTaker?.session_id);
    const shown = await api.call("GET", `/sessions/${String(ofMaker?.session_id)}`, { as: maker });
    expect(shown).toMatchObject({
      status: 200,
      body: { batch_id: body.intent_data.batch_id, user_pubkey: maker.pubkey },
    });
    // A counterparty is no owner.
    const foreign = await api.call("GET", `/sessions/${String(ofTaker?.session_id)}`, { as: maker });
    expect(foreign.status).toBe(404);
  });

  it("takes the answer of a member with its checkpoints signed ahead", async () => {
    const { maker, taker, body } = await aSwap();
    const { body: created } = await api.call("POST", "/sessions/create", { as: taker, body });
    const [ofMaker] = created["members"] as readonly Member[];
    const path = `/sessions/${String(ofMaker?.session_id)}`;
    const { body: issued } = await api.call("POST", `${path}/challenge`, { as: maker, body: {} });
    const challenge = issued["challenge"] as { readonly items: readonly Item[]; readonly context: object };
    expect(challenge.context).toMatchObject({ presign: true });
    const signatures = sign(maker, challenge.items, "ark");
    const part = await api.call("POST", `${path}/respond`, { as: maker, body: { signatures } });
    expect(part).toMatchObject({ status: 200, body: { items_missing: 1, status: "challenge_sent" } });
    const checkpoint_signatures = sign(maker, challenge.items, "checkpoint");
    const whole = await api.call("POST", `${path}/respond`, { as: maker, body: { signatures, checkpoint_signatures } });
    expect(whole).toMatchObject({ status: 200, body: { items_missing: 0, status: "awaiting_signature" } });
  });

  it("answers the same batch by what is there, and refuses another one under its id (1004)", async () => {
    const { taker, body } = await aSwap();
    const first = await api.call("POST", "/sessions/create", { as: taker, body });
    const second = await api.call("POST", "/sessions/create", { as: taker, body });
    expect(second).toMatchObject({ status: 200, body: { session_id: first.body["session_id"] } });
    const other = { ...body, intent_data: { ...body.intent_data, expires_at: body.intent_data.expires_at - 1 } };
    expect(await api.call("POST", "/sessions/create", { as: taker, body: other })).toMatchObject({
      status: 409,
      body: { code: "duplicate_action", nostr_code: 1004 },
    });
  });

  it("refuses a batch whose legs do not net to zero (3001)", async () => {
    const { maker, taker, body } = await aSwap();
    const intents = [body.intent_data.intents[0], side(taker, ["gBTC", 19_000], ["gUSD", 100], maker)];
    const answer = await api.call("POST", "/sessions/create", {
      as: taker,
      body: { ...body, intent_data: { ...body.intent_data, intents } },
    });
    expect(answer).toMatchObject({
      status: 422,
      body: { code: "batch_invalid", nostr_code: 3001, details: { asset_id: "gBTC", delta: -1_000 } },
    });
  });

  it("takes a batch from its submitter alone", async () => {
    const { maker, body } = await aSwap();
    expect(await api.call("POST", "/sessions/create", { as: maker, body })).toMatchObject({
      status: 403,
      body: { code: "forbidden" },
    });
    expect((await api.call("POST", "/sessions/create", { body })).status).toBe(401);
  });
});
