import { AppError } from "@arkrelay/core/errors";
import { notifyRequestLimit, processServiceRequest } from "@arkrelay/core/nostr-service/process-service-request";
import { parseIntentContent } from "@arkrelay/core/nostr/intent-content";
import { NOTIFICATION_KIND, SERVICE_RESPONSE_KIND } from "@arkrelay/core/nostr/kinds";
import { nostrEventSchema } from "@arkrelay/core/nostr/nostr-event";
import { notificationContentSchema } from "@arkrelay/core/nostr/notification-content";
import { notifyUser } from "@arkrelay/core/nostr/notify-user";
import { resultId } from "@arkrelay/core/nostr/result-id";
import { serviceResponseSchema } from "@arkrelay/core/nostr/service-response";
import { ALICE, BOB } from "@arkrelay/core/testing/ark-transfer";
import { aBolt11 } from "@arkrelay/core/testing/bolt11-invoice";
import { registerTestAsset } from "@arkrelay/db/testing/register-asset";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";
import { createGatewayIdentity } from "@arkrelay/nostr/gateway-identity";

import { GATEWAY_SECRET } from "../testing/ceremony-world";
import { openLiftWorld } from "../testing/lift-world";
import { openRequests, type Requests } from "../testing/request-world";

let test: TestDatabase;
let world: Requests;

beforeAll(async () => {
  test = await openTestDatabase();
});
beforeEach(async () => {
  await test.empty();
  world = openRequests(test, await openLiftWorld(test));
  await world.stock(100_000n, 100_000n);
});
afterAll(() => test.close());

const run: TestDatabase["database"]["transactions"]["run"] = (work) => test.database.transactions.run(work);

const LIFT = { request_id: "lift-0001", action: "lift_lightning", asset_id: "gBTC", amount: 50_000, memo: "tea" };
const liftCount = async (): Promise<number> => (await world.deps.operations.list({}, 100, undefined)).length;

describe("lift_lightning", () => {
  it("is answered once its invoice exists, to the user, about the request, under D(request_id)", async () => {
    const { event, errorCode, wakes } = await world.send(ALICE, LIFT);
    expect(errorCode).toBeUndefined();
    const operationId = String(wakes[0]?.rowKey);
    expect(await world.answersTo(ALICE)).toEqual([]);
    await world.drive(operationId);
    const operation = await world.get(operationId);
    const [answer, ...others] = await world.answersTo(ALICE);
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
    const first = await world.send(ALICE, LIFT);
    expect((await world.process(first.event)).wakes).toEqual([]);
    await world.drive(String(first.wakes[0]?.rowKey));
    await test.database.write("UPDATE nostr_outbox SET status = 'done'");
    const copy = await world.send(ALICE, { ...LIFT, timestamp: 1 });
    expect(copy).toMatchObject({ errorCode: undefined, wakes: [] });
    const rows = await test.database.select("SELECT status FROM nostr_outbox WHERE kind = ?", [SERVICE_RESPONSE_KIND]);
    expect(rows).toEqual([{ status: "pending" }]);
    expect(await liftCount()).toBe(1);
  });

  it("under a request_id that asked for something else is refused, and the first answer stays", async () => {
    const first = await world.send(ALICE, LIFT);
    await world.drive(String(first.wakes[0]?.rowKey));
    const other = await world.send(ALICE, { ...LIFT, amount: 60_000 });
    expect(other.errorCode).toBe("duplicate_action");
    const answers = await world.answersTo(ALICE);
    expect(answers.map(({ content }) => content["error_code"])).toEqual([undefined, 1004]);
    const [first_d, notice_d] = answers.map(({ event }) => event.tags[0]?.[1]);
    expect(notice_d).toBe(`${String(first_d)}:${other.event.id}`);
    expect(await liftCount()).toBe(1);
  });

  it("of two users under one request_id are two lifts", async () => {
    await world.send(ALICE, LIFT);
    await world.send(BOB, LIFT);
    expect(await liftCount()).toBe(2);
  });

  it("that is refused leaves its request_id free for another try", async () => {
    const refused = await world.send(ALICE, { ...LIFT, amount: 900_000 });
    expect(refused.errorCode).toBe("inventory_exhausted");
    expect((await world.answersTo(ALICE)).at(-1)?.content).toMatchObject({ status: "error", error_code: 2010 });
    expect((await world.send(ALICE, LIFT)).errorCode).toBeUndefined();
    expect(await liftCount()).toBe(1);
  });

  it("whose effect did not commit is served by the next attempt", async () => {
    const event = await world.store(ALICE, JSON.stringify(LIFT));
    const broken = { ...world.deps, arkInfo: { current: () => Promise.reject(new Error("crash")) } };
    await expect(processServiceRequest(broken, event)).rejects.toThrow();
    expect(await liftCount()).toBe(0);
    expect((await world.process(event)).errorCode).toBeUndefined();
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
    const { errorCode } = await world.send(ALICE, land({ lightning_invoice: lightningInvoice }));
    expect(errorCode).toBeUndefined();
    const [answer] = await world.answersTo(ALICE);
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
    ["an asset that nobody registered", { asset_id: "nobody" }, 2005],
    ["an asset without a Lightning side", { asset_id: "gUSD" }, 1006],
    ["less than the minimum", { amount: 999 }, 2006],
  ])("of %s is refused before anybody signs", async (_name, fields, code) => {
    await registerTestAsset(test.database, "gUSD", `${"aa".repeat(32)}0000`);
    await world.send(ALICE, land(fields));
    const [answer] = await world.answersTo(ALICE);
    expect(answer?.content).toMatchObject({ status: "error", error_code: code });
  });
});

describe("a request that cannot be served", () => {
  it.each([
    ["of an unknown action", JSON.stringify({ ...LIFT, action: "teleport" }), 1008],
    ["with a broken schema", JSON.stringify({ ...LIFT, amount: "5" }), 1002],
    ["that is no JSON", "?", 1002],
  ])("%s is told why", async (_name, text, code) => {
    const event = await world.store(ALICE, text);
    await world.process(event);
    const [answer] = await world.answersTo(ALICE);
    expect(answer?.content).toMatchObject({ status: "error", error_code: code });
    expect(serviceResponseSchema.safeParse(answer?.content).error).toBeUndefined();
    expect(answer?.event.tags).toContainEqual(["e", event.id]);
    expect(await liftCount()).toBe(0);
  });

  it("says which actions there are", async () => {
    await world.send(ALICE, { ...LIFT, action: "teleport" });
    const [answer] = await world.answersTo(ALICE);
    expect(answer?.content["valid_actions"]).toEqual([
      "lift_lightning",
      "land_lightning",
      "sync_state",
      "query_balances",
      "monitor_status",
      "request_challenge",
      "submit_batch",
      "renew",
    ]);
  });

  it("because nobody can decrypt it is answered under its event's own id", async () => {
    const event = await world.store(ALICE, JSON.stringify(LIFT), BOB);
    expect((await world.process(event)).errorCode).toBe("decryption_failed");
    const [answer] = await world.answersTo(ALICE);
    expect(answer?.content).toMatchObject({ request_id: event.id, error_code: 1007 });
    expect(answer?.event.tags[0]).toEqual(["d", resultId(ALICE.pubkey, event.id)]);
  });

  it("because too many came is told so and nothing else happens", async () => {
    const event = await world.store(ALICE, JSON.stringify(LIFT));
    await run((tx) => notifyRequestLimit(world.deps, tx, event));
    const [answer] = await world.answersTo(ALICE);
    expect(answer?.content).toMatchObject({ error_code: 1009, request_id: event.id });
    expect(await liftCount()).toBe(0);
  });
});

describe("a peer's encryption", () => {
  const ask = async (requestId: string, scheme: "nip04" | "nip44"): Promise<string> => {
    const text = JSON.stringify({ request_id: requestId, action: "query_balances" });
    await world.process(await world.store(ALICE, text, ALICE, scheme));
    return (await world.answersTo(ALICE)).at(-1)?.event.content ?? "";
  };

  it("is the one of the answer, and what it used last is what counts", async () => {
    expect(await ask("request-1", "nip04")).toContain("?iv=");
    expect(await ask("request-2", "nip44")).not.toContain("?iv=");
    expect(await ask("request-3", "nip04")).toContain("?iv=");
  });

  it("is kept for what the gateway sends by itself", async () => {
    await ask("request-1", "nip04");
    await world.send(BOB, { request_id: "request-2", action: "query_balances" });
    const about = { userPubkey: ALICE.pubkey, delivery: "both", intentEventId: undefined, context: {} } as const;
    await run((tx) =>
      notifyUser(world.deps, tx, {
        session: { ...about, sessionId: "5e55" },
        type: "payment_received",
        subjectId: "0e",
      }),
    );
    const [told] = await world.readOutbox(ALICE, NOTIFICATION_KIND);
    expect(told?.event.content).toContain("?iv=");
    expect((await world.answersTo(BOB)).at(-1)?.event.content).not.toContain("?iv=");
  });
});

describe("after a rotation of the gateway's key", () => {
  it.each(["nip44", "nip04"] as const)(
    "a request to the old key (%s) is served and answered by the new one",
    async (scheme) => {
      const text = JSON.stringify({ request_id: "request-1", action: "query_balances" });
      const event = await world.store(ALICE, text, ALICE, scheme);
      const newKey = new Uint8Array(32).fill(8);
      const identity = createGatewayIdentity(newKey, [GATEWAY_SECRET]);
      expect(await processServiceRequest({ ...world.deps, identity }, event)).toMatchObject({ errorCode: undefined });
      const [row] = await test.database.select("SELECT raw FROM nostr_outbox WHERE kind = ?", [SERVICE_RESPONSE_KIND]);
      const answer = nostrEventSchema.parse(JSON.parse(String(row?.["raw"])));
      expect(answer.pubkey).toBe(identity.pubkey);
      const { plainText } = createGatewayIdentity(ALICE.secretKey).decrypt(identity.pubkey, answer.content);
      expect(JSON.parse(plainText)).toMatchObject({ status: "success", gateway_pubkey: identity.pubkey });
    },
  );
});

describe("trouble of our own", () => {
  it("is waited out, and told once nobody waits for the answer any more", async () => {
    const event = await world.store(ALICE, JSON.stringify(LIFT));
    const away = { current: () => Promise.reject(new AppError("daemon_unavailable")) };
    const broken = { ...world.deps, arkInfo: away };
    await expect(processServiceRequest(broken, event)).rejects.toMatchObject({ code: "daemon_unavailable" });
    expect(await world.answersTo(ALICE)).toEqual([]);
    world.clock.advance(1_000_000);
    expect(await processServiceRequest(broken, event)).toMatchObject({ errorCode: "daemon_unavailable" });
    expect((await world.answersTo(ALICE))[0]?.content).toMatchObject({ request_id: "lift-0001", error_code: 5001 });
  });
});

describe("strangers above their budget of replies", () => {
  it("have no invoice made that nobody would tell them of", async () => {
    const config = { ...world.deps.config, strangerRepliesPerMinute: 0 };
    const event = await world.store(ALICE, JSON.stringify(LIFT));
    const processed = await processServiceRequest({ ...world.deps, config }, event);
    expect(processed).toMatchObject({ errorCode: "rate_limited", wakes: [] });
    expect(await liftCount()).toBe(0);
    expect(await world.answersTo(ALICE)).toEqual([]);
  });
});

describe("a notification", () => {
  it("names request and session, and a repeat takes the place of the first", async () => {
    const { event, wakes } = await world.send(ALICE, LIFT);
    const operation = await world.get(String(wakes[0]?.rowKey));
    const session = await world.getSession(operation.sessionId);
    const news = { session, subjectId: operation.operationId, assetId: "gBTC", amount: 50_000n };
    for (let i = 0; i < 2; i++) {
      await run((tx) => notifyUser(world.deps, tx, { ...news, type: "payment_received" }));
    }
    const [first, second] = await world.readOutbox(ALICE, NOTIFICATION_KIND);
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
    expect(await world.readOutbox(ALICE, NOTIFICATION_KIND)).toEqual([]);
  });
});
