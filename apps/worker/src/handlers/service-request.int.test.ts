import { AppError } from "@arkrelay/core/errors";
import { notifyRequestLimit, processServiceRequest } from "@arkrelay/core/lightning/process-service-request";
import { parseIntentContent } from "@arkrelay/core/nostr/intent-content";
import { NOTIFICATION_KIND, SERVICE_REQUEST_KIND, SERVICE_RESPONSE_KIND } from "@arkrelay/core/nostr/kinds";
import { nostrEventSchema } from "@arkrelay/core/nostr/nostr-event";
import { notificationContentSchema } from "@arkrelay/core/nostr/notification-content";
import { notifyUser } from "@arkrelay/core/nostr/notify-user";
import { resultId } from "@arkrelay/core/nostr/result-id";
import { serviceResponseSchema } from "@arkrelay/core/nostr/service-response";
import type { NostrEvent } from "@arkrelay/core/ports/nostr";
import { ALICE, BOB, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { aBolt11 } from "@arkrelay/core/testing/bolt11-invoice";
import { DrizzleNostrEventStore } from "@arkrelay/db/stores/nostr-event-store";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";
import { createGatewayIdentity } from "@arkrelay/nostr/gateway-identity";

import { openLiftWorld, type LiftWorld } from "../testing/lift-world";

let test: TestDatabase;
let events: DrizzleNostrEventStore;
let world: LiftWorld;

beforeAll(async () => {
  test = await openTestDatabase();
  events = new DrizzleNostrEventStore(test.database);
});
beforeEach(async () => {
  await test.empty();
  world = await openLiftWorld(test);
  await world.stock(100_000n, 100_000n);
});
afterAll(() => test.close());

const gatewayPubkey = (): string => world.deps.identity?.pubkey ?? "";
const deps = () => ({ ...world.deps, events });
const run: TestDatabase["database"]["transactions"]["run"] = (work) => test.database.transactions.run(work);

let serial = 0;
/** A stored 31500 of a user, as the listener leaves it. */
async function store(user: TestKey, text: string, sealedBy: TestKey = user): Promise<NostrEvent> {
  serial += 1;
  const wallet = createGatewayIdentity(user.secretKey);
  const content = createGatewayIdentity(sealedBy.secretKey).encrypt(gatewayPubkey(), text, "nip44");
  const event = wallet.sign({
    kind: SERVICE_REQUEST_KIND,
    created_at: Math.floor(world.clock.now().getTime() / 1000) + serial,
    tags: [["p", gatewayPubkey()]],
    content,
  });
  await run((tx) => events.insert(tx, { event, relay: "ws://relay.test", errorCode: undefined }));
  return event;
}

const LIFT = { request_id: "lift-0001", action: "lift_lightning", asset_id: "gBTC", amount: 50_000, memo: "tea" };

/** As nostr_process does with it. */
async function process(event: NostrEvent) {
  const processed = await processServiceRequest(deps(), event);
  await run((tx) => events.close(tx, event, processed.errorCode));
  return processed;
}

async function send(user: TestKey, fields: object) {
  const event = await store(user, JSON.stringify(fields));
  return { event, ...(await process(event)) };
}

/** Events of ours to a user, opened with the user's key, oldest first. */
async function readOutbox(user: TestKey, kind: number) {
  const wallet = createGatewayIdentity(user.secretKey);
  const rows = await test.database.select("SELECT raw FROM nostr_outbox WHERE kind = ? ORDER BY id", [kind]);
  return rows.flatMap((row) => {
    const event = nostrEventSchema.parse(JSON.parse(String(row["raw"])));
    if (!event.tags.some(([name, value]) => name === "p" && value === user.pubkey)) return [];
    const { plainText } = wallet.decrypt(gatewayPubkey(), event.content);
    return [{ event, content: JSON.parse(plainText) as Record<string, unknown> }];
  });
}
const answersTo = (user: TestKey) => readOutbox(user, SERVICE_RESPONSE_KIND);
const liftCount = async (): Promise<number> => (await world.deps.operations.list({}, 100, undefined)).length;

describe("lift_lightning", () => {
  it("is answered once its invoice exists, to the user, about the request, under D(request_id)", async () => {
    const { event, errorCode, wakes } = await send(ALICE, LIFT);
    expect(errorCode).toBeUndefined();
    const operationId = String(wakes[0]?.rowKey);
    expect(await answersTo(ALICE)).toEqual([]);
    await world.drive(operationId);
    const operation = await world.get(operationId);
    const [answer, ...others] = await answersTo(ALICE);
    expect(others).toEqual([]);
    expect(answer?.event.tags).toEqual([
      ["d", resultId(ALICE.pubkey, "lift-0001")],
      ["p", ALICE.pubkey],
      ["e", event.id],
    ]);
    expect(serviceResponseSchema.safeParse(answer?.content).error).toBeUndefined();
    expect(answer?.content).toMatchObject({
      request_id: "lift-0001",
      status: "pending_payment",
      invoice: operation.bolt11,
      payment_hash: operation.paymentHash,
      amount: 50_000,
      fee_estimate: 0,
      session_id: operation.sessionId,
      operation_id: operationId,
    });
    expect(operation).toMatchObject({ userPubkey: ALICE.pubkey, memo: "tea" });
  });

  it("starts one lift however often its event is processed, and a copy gets the answer that was given", async () => {
    const first = await send(ALICE, LIFT);
    expect((await process(first.event)).wakes).toEqual([]);
    await world.drive(String(first.wakes[0]?.rowKey));
    await test.database.write("UPDATE nostr_outbox SET status = 'done'");
    const copy = await send(ALICE, { ...LIFT, timestamp: 1 });
    expect(copy).toMatchObject({ errorCode: undefined, wakes: [] });
    const rows = await test.database.select("SELECT status FROM nostr_outbox WHERE kind = ?", [SERVICE_RESPONSE_KIND]);
    expect(rows).toEqual([{ status: "pending" }]);
    expect(await liftCount()).toBe(1);
  });

  it("under a request_id that asked for something else is refused, and the first answer stays", async () => {
    const first = await send(ALICE, LIFT);
    await world.drive(String(first.wakes[0]?.rowKey));
    const other = await send(ALICE, { ...LIFT, amount: 60_000 });
    expect(other.errorCode).toBe("duplicate_action");
    const answers = await answersTo(ALICE);
    expect(answers.map(({ content }) => content["error_code"])).toEqual([undefined, 1004]);
    const [first_d, notice_d] = answers.map(({ event }) => event.tags[0]?.[1]);
    expect(notice_d).toBe(`${String(first_d)}:${other.event.id}`);
    expect(await liftCount()).toBe(1);
  });

  it("of two users under one request_id are two lifts", async () => {
    await send(ALICE, LIFT);
    await send(BOB, LIFT);
    expect(await liftCount()).toBe(2);
  });

  it("that is refused leaves its request_id free for another try", async () => {
    const refused = await send(ALICE, { ...LIFT, amount: 900_000 });
    expect(refused.errorCode).toBe("inventory_exhausted");
    expect((await answersTo(ALICE)).at(-1)?.content).toMatchObject({ status: "error", error_code: 2010 });
    expect((await send(ALICE, LIFT)).errorCode).toBeUndefined();
    expect(await liftCount()).toBe(1);
  });

  it("whose effect did not commit is served by the next attempt", async () => {
    const event = await store(ALICE, JSON.stringify(LIFT));
    const broken = { ...deps(), arkInfo: { current: () => Promise.reject(new Error("crash")) } };
    await expect(processServiceRequest(broken, event)).rejects.toThrow();
    expect(await liftCount()).toBe(0);
    expect((await process(event)).errorCode).toBeUndefined();
    expect(await liftCount()).toBe(1);
  });
});

describe("land_lightning", () => {
  /** An invoice of another node over whole sats. */
  const anInvoice = (amountSats: number): string =>
    aBolt11({
      paymentHash: "0c".repeat(32),
      createdAt: world.clock.now(),
      amountMsat: BigInt(amountSats) * 1_000n,
    });
  const land = (fields: object = {}) => ({
    request_id: "land-0001",
    action: "land_lightning",
    asset_id: "BTC",
    amount: 50_001,
    lightning_invoice: anInvoice(50_001),
    ...fields,
  });

  it("is answered with the fee and the exact intent to sign, and begins nothing", async () => {
    const lightningInvoice = anInvoice(50_001);
    const { errorCode } = await send(ALICE, land({ lightning_invoice: lightningInvoice }));
    expect(errorCode).toBeUndefined();
    const [answer] = await answersTo(ALICE);
    expect(serviceResponseSchema.safeParse(answer?.content).error).toBeUndefined();
    expect(answer?.content).toMatchObject({
      status: "success",
      asset_id: "gBTC",
      amount: 50_001,
      fee_asset_id: "gBTC",
      fee_amount: 51,
      total_amount: 50_052,
      payment_hash: "0c".repeat(32),
    });
    const template = parseIntentContent(answer?.content["intent_template"] as Record<string, unknown>);
    expect(template).toMatchObject({
      kind: "lightning_land",
      content: { action_id: "land-0001", type: "lightning:land" },
      params: { assetId: "gBTC", amount: 50_001n, feeAmount: 51n, lightningInvoice },
    });
    expect(template.expiresAt > world.clock.now()).toBe(true);
    expect(await liftCount()).toBe(0);
  });

  it.each([
    ["another amount than the invoice's", { amount: 50_000 }, 2007],
    ["what is no invoice", { lightning_invoice: "lnbcrt1nonsense" }, 2007],
    ["an asset without a Lightning side", { asset_id: "gUSD" }, 1006],
    ["less than the minimum", { amount: 999 }, 2006],
  ])("of %s is refused before anybody signs", async (_name, fields, code) => {
    await send(ALICE, land(fields));
    const [answer] = await answersTo(ALICE);
    expect(answer?.content).toMatchObject({ status: "error", error_code: code });
  });
});

describe("a request that cannot be served", () => {
  it.each([
    ["of an unknown action", JSON.stringify({ ...LIFT, action: "teleport" }), 1008],
    ["with a broken schema", JSON.stringify({ ...LIFT, amount: "5" }), 1002],
    ["that is no JSON", "?", 1002],
  ])("%s is told why", async (_name, text, code) => {
    const event = await store(ALICE, text);
    await process(event);
    const [answer] = await answersTo(ALICE);
    expect(answer?.content).toMatchObject({ status: "error", error_code: code });
    expect(serviceResponseSchema.safeParse(answer?.content).error).toBeUndefined();
    expect(answer?.event.tags).toContainEqual(["e", event.id]);
    expect(await liftCount()).toBe(0);
  });

  it("says which actions there are", async () => {
    await send(ALICE, { ...LIFT, action: "teleport" });
    const [answer] = await answersTo(ALICE);
    expect(answer?.content["valid_actions"]).toEqual([
      "lift_lightning",
      "land_lightning",
      "sync_state",
      "query_balances",
    ]);
  });

  it("because nobody can decrypt it is answered under its event's own id", async () => {
    const event = await store(ALICE, JSON.stringify(LIFT), BOB);
    expect((await process(event)).errorCode).toBe("decryption_failed");
    const [answer] = await answersTo(ALICE);
    expect(answer?.content).toMatchObject({ request_id: event.id, error_code: 1007 });
    expect(answer?.event.tags[0]).toEqual(["d", resultId(ALICE.pubkey, event.id)]);
  });

  it("because too many came is told so and nothing else happens", async () => {
    const event = await store(ALICE, JSON.stringify(LIFT));
    await run((tx) => notifyRequestLimit(deps(), tx, event));
    const [answer] = await answersTo(ALICE);
    expect(answer?.content).toMatchObject({ error_code: 1009, request_id: event.id });
    expect(await liftCount()).toBe(0);
  });
});

describe("sync_state", () => {
  const SYNC = { request_id: "sync-0001", action: "sync_state" };
  const contentOf = async (user: TestKey) => (await answersTo(user)).at(-1)?.content;

  it("shows a wallet its VTXOs, balances and scripts, and whom it deals with", async () => {
    const vtxoId = world.arkd.fund(ALICE.pubkey, 30_000n);
    world.arkd.fund(BOB.pubkey, 9_000n);
    await send(ALICE, SYNC);
    const content = await contentOf(ALICE);
    expect(serviceResponseSchema.safeParse(content).error).toBeUndefined();
    const [land] = await world.deps.vtxos.listScriptsOfKind("land");
    const [own] = await world.deps.vtxos.listScripts(ALICE.pubkey);
    expect(content).toMatchObject({
      user_vtxos: [{ vtxo_id: vtxoId, amount_sats: 30_000, asset_id: "gBTC", locked: false, script: own?.script }],
      user_balances: [{ asset_id: "gBTC", balance: 30_000, reserved: 0 }],
      user_scripts: [{ script: own?.script }],
      server: { network: "regtest", land_script: land?.script, l2_fee: { asset_id: "gBTC", amount: 10 } },
      next_cursor: null,
    });
    expect(content).not.toHaveProperty("stale");
  });

  it("is paged, so that no answer outgrows an event", async () => {
    for (let index = 0; index < 101; index++) world.arkd.fund(ALICE.pubkey, 1_000n);
    await send(ALICE, SYNC);
    const first = await contentOf(ALICE);
    expect(first?.["user_vtxos"]).toHaveLength(100);
    await send(ALICE, { ...SYNC, request_id: "sync-0002", cursor: first?.["next_cursor"] });
    expect(await contentOf(ALICE)).toMatchObject({ user_vtxos: [{ amount_sats: 1_000 }], next_cursor: null });
  });

  it("says that it is stale when arkd does not tell the VTXOs now", async () => {
    let reads = 0;
    // The first read is of arkd's parameters, without which there is nothing to show.
    world.arkd.fault = () => ((reads += 1) === 2 ? "unavailable" : undefined);
    await send(ALICE, SYNC);
    expect(await contentOf(ALICE)).toMatchObject({ status: "success", user_vtxos: [], last_sync: null, stale: true });
  });

  it("refuses a cursor that it never gave", async () => {
    await send(ALICE, { ...SYNC, cursor: "the end" });
    expect(await contentOf(ALICE)).toMatchObject({ status: "error", error_code: 1002 });
  });
});

describe("query_balances", () => {
  it("answers for the assets asked for, those without a VTXO with zero", async () => {
    world.arkd.fund(ALICE.pubkey, 30_000n);
    await send(ALICE, { request_id: "bal-00001", action: "query_balances", asset_ids: ["BTC", "gUSD"] });
    const [answer] = await answersTo(ALICE);
    expect(serviceResponseSchema.safeParse(answer?.content).error).toBeUndefined();
    expect(answer?.content["balances"]).toEqual([
      { asset_id: "gBTC", balance: 30_000, reserved: 0, available: 30_000, vtxo_count: 1 },
      { asset_id: "gUSD", balance: 0, reserved: 0, available: 0, vtxo_count: 0 },
    ]);
  });
});

describe("trouble of our own", () => {
  it("is waited out, and told once nobody waits for the answer any more", async () => {
    const event = await store(ALICE, JSON.stringify(LIFT));
    const away = { current: () => Promise.reject(new AppError("daemon_unavailable")) };
    const broken = { ...deps(), arkInfo: away };
    await expect(processServiceRequest(broken, event)).rejects.toMatchObject({ code: "daemon_unavailable" });
    expect(await answersTo(ALICE)).toEqual([]);
    world.clock.advance(1_000_000);
    expect(await processServiceRequest(broken, event)).toMatchObject({ errorCode: "daemon_unavailable" });
    expect((await answersTo(ALICE))[0]?.content).toMatchObject({ request_id: "lift-0001", error_code: 5001 });
  });
});

describe("strangers above their budget of replies", () => {
  it("have no invoice made that nobody would tell them of", async () => {
    world = await openLiftWorld(test, {});
    const config = { ...world.deps.config, strangerRepliesPerMinute: 0 };
    const event = await store(ALICE, JSON.stringify(LIFT));
    const processed = await processServiceRequest({ ...deps(), config }, event);
    expect(processed).toMatchObject({ errorCode: "rate_limited", wakes: [] });
    expect(await liftCount()).toBe(0);
    expect(await answersTo(ALICE)).toEqual([]);
  });
});

describe("a notification", () => {
  it("names request and session, and a repeat takes the place of the first", async () => {
    const { event, wakes } = await send(ALICE, LIFT);
    const operation = await world.get(String(wakes[0]?.rowKey));
    const session = await world.getSession(operation.sessionId);
    const news = { session, subjectId: operation.operationId, assetId: "gBTC", amount: 50_000n };
    for (let i = 0; i < 2; i++) {
      await run((tx) => notifyUser(world.deps, tx, { ...news, type: "payment_received" }));
    }
    const [first, second] = await readOutbox(ALICE, NOTIFICATION_KIND);
    expect(notificationContentSchema.safeParse(first?.content).error).toBeUndefined();
    expect(first?.content).toMatchObject({ request_id: "lift-0001", session_id: session.sessionId, amount: 50_000 });
    expect(first?.event.tags).toEqual([
      ["d", `${operation.operationId}:1`],
      ["p", ALICE.pubkey],
      ["e", event.id],
      ["type", "payment_received"],
    ]);
    expect(second?.event.created_at).toBeGreaterThan(first?.event.created_at ?? 0);
    const superseded = await test.database.select("SELECT status FROM nostr_outbox WHERE event_id = ?", [
      String(first?.event.id),
    ]);
    expect(superseded).toEqual([{ status: "superseded" }]);
  });

  it("is not sent for a session that only uses HTTP", async () => {
    const { operation, session } = await world.start(ALICE.pubkey, { delivery: "http" });
    const news = { session, subjectId: operation.operationId, type: "payment_received" } as const;
    await run((tx) => notifyUser(world.deps, tx, news));
    expect(await readOutbox(ALICE, NOTIFICATION_KIND)).toEqual([]);
  });
});
