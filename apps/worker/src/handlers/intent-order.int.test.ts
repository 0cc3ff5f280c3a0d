import { readSignedIntent } from "@arkrelay/core/session/read-intent";
import { ALICE, BOB } from "@arkrelay/core/testing/ark-transfer";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";
import { createGatewayIdentity } from "@arkrelay/nostr/gateway-identity";

import { GATEWAY_SECRET, openCeremonyWorld, type CeremonyWorld } from "../testing/ceremony-world";

let test: TestDatabase;
let world: CeremonyWorld;
let actions = 0;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.empty();
  world = await openCeremonyWorld(test);
  await world.stockFees(1);
});

const nowSeconds = (): number => Math.floor(world.clock.now().getTime() / 1000);

/** A good intent, spoilt by what a case gives. */
const intent = (spoilt: Record<string, unknown> = {}, params: Record<string, unknown> = {}) => ({
  action_id: `action-${String(actions++).padStart(8, "0")}`,
  type: "p2p_transfer",
  network: "regtest",
  expires_at: nowSeconds() + 600,
  params: {
    asset_id: GBTC,
    amount: 40_000,
    recipient_pubkey: BOB.pubkey,
    fee_asset_id: GBTC,
    fee_amount: 10,
    ...params,
  },
  ...spoilt,
});

const outcome = async (content: Record<string, unknown>) =>
  (await world.process(world.intentEvent(ALICE, content))).errorCode;

/** Every fault of the protocol's list, in its order; each case carries all later faults too, so the first one must win. */
const FAULTS: readonly (readonly [string, Record<string, unknown>, Record<string, unknown>])[] = [
  ["intent_expired", { expires_at: 1 }, {}],
  ["wrong_network", { network: "mainnet" }, {}],
  ["unsupported_type", { type: "vtxo:merge" }, {}],
  ["invalid_amount", {}, { amount: 0 }],
  ["asset_unknown", {}, { asset_id: "gUSD" }],
  ["amount_below_minimum", {}, { amount: 329 }],
  ["fee_asset_rejected", {}, { fee_asset_id: "gUSD" }],
  ["fee_invalid", {}, { fee_amount: 9 }],
  ["insufficient_balance", {}, {}],
];

it.each(FAULTS.map(([code], index) => [code, index] as const))(
  "refuses with %s before any later fault",
  async (code, index) => {
    const rest = FAULTS.slice(index);
    // The earlier of two faults in one field stays, so later ones are laid under it.
    const spoilt = Object.assign({}, ...rest.map(([, outer]) => outer).toReversed()) as Record<string, unknown>;
    const params = Object.assign({}, ...rest.map(([, , inner]) => inner).toReversed()) as Record<string, unknown>;
    expect(await outcome(intent(spoilt, params))).toBe(code);
  },
);

it("names the field and the rule in the notice to the author", async () => {
  await outcome(intent({}, { amount: 1.5 }));
  const [row] = await test.database.select("SELECT raw FROM nostr_outbox WHERE kind = 31341");
  const event = JSON.parse(String(row?.["raw"])) as { content: string };
  // Encrypted to Alice by the gateway, so she reads it with her key and the gateway's.
  const { plainText } = createGatewayIdentity(ALICE.secretKey).decrypt(
    world.deps.identity?.pubkey ?? "",
    event.content,
  );
  expect(JSON.parse(plainText)).toMatchObject({
    status: "failure",
    code: 1002,
    details: { errors: [{ path: "params.amount" }] },
  });
});

it("refuses an intent that would live longer than a day", async () => {
  expect(await outcome(intent({ expires_at: nowSeconds() + 90_000 }))).toBe("intent_expired");
});

it("refuses an intent to oneself, unknown keys and a repeated input", async () => {
  expect(await outcome(intent({}, { recipient_pubkey: ALICE.pubkey }))).toBe("invalid_request");
  expect(await outcome(intent({ surprise: 1 }))).toBe("invalid_request");
  const id = `${"ab".repeat(32)}:0`;
  expect(await outcome(intent({}, { source_vtxos: [id, id] }))).toBe("invalid_request");
});

it("refuses named inputs that are foreign, spent or locked, each with its own code", async () => {
  const foreign = world.arkd.fund(BOB.pubkey, 60_000n);
  expect(await outcome(intent({}, { source_vtxos: [foreign] }))).toBe("vtxo_not_owned");
  const mine = world.arkd.fund(ALICE.pubkey, 60_000n);
  world.clock.advance(61_000);
  expect(await outcome(intent({}, { source_vtxos: [mine] }))).toBeUndefined();
  const [session] = await world.deps.sessions.list({ userPubkey: ALICE.pubkey, status: "initiated" }, 1, undefined);
  await world.drive(session?.sessionId ?? "");
  expect(await outcome(intent({}, { source_vtxos: [mine] }))).toBe("vtxo_locked");
});

it("stops telling strangers of their failures above the shared budget, and still tells those with funds", async () => {
  await test.empty();
  world = await openCeremonyWorld(test, { strangerRepliesPerMinute: 2 });
  const published = async (): Promise<number> => {
    const [row] = await test.database.select("SELECT COUNT(*) AS n FROM nostr_outbox WHERE kind = 31341");
    return Number(row?.["n"]);
  };
  for (let sent = 0; sent < 4; sent++) expect(await outcome(intent({}, { fee_amount: 9 }))).toBe("fee_invalid");
  expect(await published()).toBe(2);
  world.arkd.fund(ALICE.pubkey, 5_000n);
  await syncVtxos(world.deps, { ownerPubkey: ALICE.pubkey });
  await outcome(intent({}, { fee_amount: 9 }));
  expect(await published()).toBe(3);
});

it("waits without a notice while arkd is down", async () => {
  world.arkd.fault = () => "unavailable";
  const event = world.intentEvent(ALICE, intent());
  await expect(world.process(event)).rejects.toMatchObject({ code: "daemon_unavailable" });
  const [row] = await test.database.select("SELECT COUNT(*) AS n FROM nostr_outbox");
  expect(row?.["n"]).toBe(0);
});

it("answers a repeated intent with its stored outcome, the same signed event", async () => {
  const content = intent({}, { fee_amount: 9 });
  await outcome(content);
  await test.database.write("UPDATE nostr_outbox SET status = 'done'");
  world.clock.advance(1_000);
  expect(await outcome(content)).toBeUndefined();
  const rows = await test.database.select("SELECT status FROM nostr_outbox WHERE kind = 31341");
  expect(rows).toEqual([{ status: "pending" }]);
});

it("takes intents and answers that are addressed to the key of before a rotation, and speaks with the new one", async () => {
  const identity = createGatewayIdentity(new Uint8Array(32).fill(8), [GATEWAY_SECRET]);
  Object.assign(world.deps, { identity });
  world.arkd.fund(ALICE.pubkey, 60_000n);
  // The world's wallets know the old key only.
  expect(await outcome(intent())).toBeUndefined();
  const [session] = await world.deps.sessions.list({ userPubkey: ALICE.pubkey }, 1, undefined);
  const sessionId = session?.sessionId ?? "";
  await world.drive(sessionId);
  const [row] = await test.database.select("SELECT raw FROM nostr_outbox WHERE kind = 31511");
  expect(JSON.parse(String(row?.["raw"]))).toMatchObject({ pubkey: identity.pubkey });
  const challenge = await world.openChallenge(sessionId);
  if (challenge === undefined) throw new Error("no open challenge");
  expect((await world.process(world.responseEvent(ALICE, sessionId, challenge))).errorCode).toBeUndefined();
  expect(await world.openChallenge(sessionId)).toBeUndefined();
});

it("takes a signed intent over HTTP for any key of the gateway's own, and for no other gateway", async () => {
  const event = world.intentEvent(ALICE, intent());
  const read = async (secret: number, previous: readonly Uint8Array[]) => {
    const identity = createGatewayIdentity(new Uint8Array(32).fill(secret), previous);
    return readSignedIntent({ ...world.deps, identity }, event, await world.deps.arkInfo.current());
  };
  expect(await read(8, [GATEWAY_SECRET])).toMatchObject({ event });
  await expect(read(9, [])).rejects.toMatchObject({ code: "wrong_recipient" });
});
