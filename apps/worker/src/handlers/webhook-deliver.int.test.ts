import { createHmac } from "node:crypto";

import { nostrEventSchema } from "@arkrelay/core/nostr/nostr-event";
import type { NostrEvent } from "@arkrelay/core/ports/nostr";
import type { Tx } from "@arkrelay/core/ports/transactions";
import type { WebhookSender } from "@arkrelay/core/ports/webhook-stores";
import { ALICE } from "@arkrelay/core/testing/ark-transfer";
import {
  deleteEndpoint,
  redeliver,
  rotateEndpointSecret,
  sendTestEvent,
  updateEndpoint,
} from "@arkrelay/core/webhook/manage-endpoints";
import type { WebhookDelivery, WebhookEndpoint } from "@arkrelay/core/webhook/webhook-endpoint";
import { DrizzleApiKeyStore } from "@arkrelay/db/stores/api-key-store";
import { DrizzleAttemptStore } from "@arkrelay/db/stores/job-attempt-store";
import { DrizzleWebhookOutbox } from "@arkrelay/db/stores/webhook-outbox";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";
import { createGatewayIdentity } from "@arkrelay/nostr/gateway-identity";

import { openCeremonyWorld, ownerCaller } from "../testing/ceremony-world";
import { startTestWorker, type TestWorker } from "../testing/test-worker";
import { openWebhookReceiver, type ReceivedCall, type WebhookReceiver } from "../testing/webhook-receiver";
import { openWebhookWorld, SOLVER, type WebhookWorld } from "../testing/webhook-world";
import { createPauseNotice } from "../webhooks/pause-notice";
import { webhookDeliverTask } from "./webhook-deliver";

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let test: TestDatabase;
let world: WebhookWorld;
let receiver: WebhookReceiver;

beforeAll(async () => {
  test = await openTestDatabase();
});
beforeEach(async () => {
  await test.empty();
  world = openWebhookWorld(test);
  receiver = await openWebhookReceiver();
});
afterEach(async () => {
  world.close();
  await receiver.close();
});
afterAll(() => test.close());

/** Signed without any code of ours. */
function signatureOf(call: ReceivedCall, secret: string): string {
  const text = `${String(call.headers["webhook-id"])}.${String(call.headers["webhook-timestamp"])}.${call.body}`;
  return `v1,${createHmac("sha256", Buffer.from(secret.replace("whsec_", ""), "base64"))
    .update(text)
    .digest("base64")}`;
}

async function onlyDelivery(endpoint: WebhookEndpoint): Promise<WebhookDelivery> {
  const all = await world.list(endpoint);
  expect(all).toHaveLength(1);
  const [delivery] = all;
  if (delivery === undefined) throw new Error("no delivery");
  return delivery;
}

async function announceOne(endpoint: WebhookEndpoint, ...event: Parameters<WebhookWorld["announce"]>) {
  await world.announce(...event);
  return onlyDelivery(endpoint);
}

describe("a webhook delivery", () => {
  it("is one signed POST with the stored text, its id and its time", async () => {
    const { endpoint, secret } = await world.endpoint(receiver.url);
    const { deliveryId } = await announceOne(endpoint, "session.completed", "session:1", { session_id: "s", n: 7 });
    receiver.answersWith(200, "thanks");
    await world.tryOnce(deliveryId);
    const delivery = await onlyDelivery(endpoint);
    const [call] = receiver.calls;
    expect(call?.body).toBe(delivery.body);
    expect(JSON.parse(delivery.body)).toEqual({
      type: "session.completed",
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      data: { session_id: "s", n: 7 },
      request_id: null,
    });
    expect(call?.headers).toMatchObject({
      "content-type": "application/json",
      "webhook-id": delivery.eventId,
      "webhook-timestamp": String(Math.floor(world.clock.now().getTime() / 1000)),
      "webhook-signature": call && signatureOf(call, secret),
    });
    expect(delivery).toMatchObject({
      status: "delivered",
      attempts: 1,
      responseStatus: 200,
      responseExcerpt: "thanks",
    });
    expect(delivery.attemptLog).toEqual([
      { at: world.clock.now().toISOString(), response_status: 200, latency_ms: expect.any(Number), error: null },
    ]);
    expect(world.counted).toEqual(["delivered"]);
  });

  it("is made once: a further wake finds nothing to do", async () => {
    const { endpoint } = await world.endpoint(receiver.url);
    const { deliveryId } = await announceOne(endpoint, "job.completed");
    await world.tryOnce(deliveryId);
    await world.tryOnce(deliveryId);
    expect(receiver.calls).toHaveLength(1);
  });

  it("is tried on the documented schedule and then failed, with every attempt in its log", async () => {
    const { endpoint } = await world.endpoint(receiver.url);
    const { deliveryId } = await announceOne(endpoint, "session.failed");
    receiver.answersWith(503, "busy");
    const pausesMs: (number | undefined)[] = [];
    for (let tries = 0; tries < 9; tries++) {
      const { nextAt } = await world.tryOnce(deliveryId);
      pausesMs.push(nextAt && nextAt.getTime() - world.clock.now().getTime());
      // Only the schedule is looked at here; days without a success have their own test.
      await test.database.write("UPDATE webhook_endpoints SET failing_since = NULL");
      if (nextAt !== undefined) world.clock.advance(pausesMs.at(-1) ?? 0);
    }
    const minutes = [120 * SECOND_MS, 600 * SECOND_MS];
    const hours = [HOUR_MS, 3 * HOUR_MS, 10 * HOUR_MS, 24 * HOUR_MS];
    expect(pausesMs).toEqual([5 * SECOND_MS, 30 * SECOND_MS, ...minutes, ...hours, undefined]);
    const delivery = await onlyDelivery(endpoint);
    expect(delivery).toMatchObject({ status: "failed", attempts: 9, responseStatus: 503, responseExcerpt: "busy" });
    expect(delivery.attemptLog).toHaveLength(9);
    expect(new Set(receiver.calls.map((call) => call.headers["webhook-id"]))).toEqual(new Set([delivery.eventId]));
    // Each try is signed with its own time: receivers refuse old ones.
    expect(new Set(receiver.calls.map((call) => call.headers["webhook-timestamp"])).size).toBe(9);
    await world.tryOnce(deliveryId);
    expect(receiver.calls).toHaveLength(9);
  });

  it("of a message has three retries, 10 s apart", async () => {
    const { endpoint } = await world.endpoint(receiver.url);
    const { deliveryId } = await announceOne(endpoint, "message.outbound");
    receiver.answersWith(500);
    const pausesMs: (number | undefined)[] = [];
    for (let tries = 0; tries < 4; tries++) {
      const { nextAt } = await world.tryOnce(deliveryId);
      pausesMs.push(nextAt && nextAt.getTime() - world.clock.now().getTime());
    }
    expect(pausesMs).toEqual([10_000, 10_000, 10_000, undefined]);
    expect((await onlyDelivery(endpoint)).status).toBe("failed");
  });

  it("follows no redirect", async () => {
    const { endpoint } = await world.endpoint(receiver.url);
    const { deliveryId } = await announceOne(endpoint, "asset.issued");
    receiver.answersWith(302, "", { location: "/elsewhere" });
    expect((await world.tryOnce(deliveryId)).nextAt).toBeDefined();
    expect(receiver.calls.map(({ path }) => path)).toEqual(["/hooks"]);
    expect((await onlyDelivery(endpoint)).attemptLog).toEqual([
      expect.objectContaining({ response_status: 302, error: "Redirects are not followed" }),
    ]);
  });

  it("to a receiver that is down is tried again", async () => {
    const { endpoint } = await world.endpoint(receiver.url);
    const { deliveryId } = await announceOne(endpoint, "asset.issued");
    await receiver.close();
    expect((await world.tryOnce(deliveryId)).nextAt).toBeDefined();
    expect((await onlyDelivery(endpoint)).attemptLog).toEqual([
      expect.objectContaining({ response_status: null, error: "The connection was refused" }),
    ]);
  });

  it("to a receiver that never answers ends by its deadline and is tried again", async () => {
    world.close();
    world = openWebhookWorld(test, 100);
    const { endpoint } = await world.endpoint(receiver.url);
    const { deliveryId } = await announceOne(endpoint, "asset.issued");
    receiver.answers(() => undefined);
    expect((await world.tryOnce(deliveryId)).nextAt).toBeDefined();
    expect((await onlyDelivery(endpoint)).attemptLog).toEqual([
      expect.objectContaining({ response_status: null, error: "No answer in time" }),
    ]);
  });

  it("counts as made when the status is good, however the rest of the answer lies", async () => {
    world.close();
    world = openWebhookWorld(test, 300);
    const { endpoint } = await world.endpoint(receiver.url);
    receiver.answers((res, call) => {
      if (call.headers["webhook-id"] === undefined) return;
      res.writeHead(200, { "content-length": "100000000" });
      res.write("x".repeat(5_000));
    });
    const { deliveryId } = await announceOne(endpoint, "asset.issued");
    await world.tryOnce(deliveryId);
    const delivery = await onlyDelivery(endpoint);
    expect(delivery).toMatchObject({ status: "delivered", responseExcerpt: "x".repeat(1_024) });
  });

  it("reads no more of an endless answer than it needs", async () => {
    const { endpoint } = await world.endpoint(receiver.url);
    let sent = 0;
    receiver.answers((res) => {
      res.writeHead(200);
      const pour = (): void => {
        while (!res.destroyed && res.write(Buffer.alloc(16_384, "y"))) sent += 16_384;
      };
      res.on("drain", pour);
      pour();
    });
    const { deliveryId } = await announceOne(endpoint, "asset.issued");
    await world.tryOnce(deliveryId);
    expect((await onlyDelivery(endpoint)).status).toBe("delivered");
    expect(sent).toBeLessThan(64 * 1_024 * 1_024);
  });

  it("to something that speaks no HTTP is tried again", async () => {
    const { endpoint } = await world.endpoint(receiver.url);
    receiver.answers((res) => res.socket?.end("HELLO?\r\n"));
    const { deliveryId } = await announceOne(endpoint, "asset.issued");
    expect((await world.tryOnce(deliveryId)).nextAt).toBeDefined();
    expect((await onlyDelivery(endpoint)).attemptLog).toEqual([
      expect.objectContaining({ response_status: null, error: "The call failed" }),
    ]);
  });

  it("keeps its connection for the next one", async () => {
    const { endpoint } = await world.endpoint(receiver.url);
    for (const n of [1, 2, 3]) await world.announce("job.completed", `job:${n}`);
    for (const { deliveryId } of await world.list(endpoint)) await world.tryOnce(deliveryId);
    expect(receiver.calls.map(({ connection }) => connection)).toEqual([1, 1, 1]);
  });

  it("of an endpoint that was deleted meanwhile is dropped", async () => {
    const { endpoint } = await world.endpoint(receiver.url);
    const { deliveryId } = await announceOne(endpoint, "job.completed");
    const attempt = await world.take(deliveryId);
    await test.database.transactions.run((tx) => deleteEndpoint(world.managing, tx, SOLVER, endpoint.endpointId));
    await expect(attempt && world.work(attempt)).rejects.toThrow("no longer valid");
    expect(receiver.calls).toEqual([]);
  });

  it("whose owner's API key was revoked meanwhile is not sent any more", async () => {
    const keys = new DrizzleApiKeyStore(test.database);
    await keys.insert({ keyId: "key_leaked", name: "leaked", scopes: [], secretSha256: "ab" });
    const owner = { ...SOLVER, principal: "key:key_leaked" };
    const { endpoint } = await world.endpoint(receiver.url, {}, owner);
    await world.announce("job.completed", "job:1", {}, { kind: "everyone" });
    const [pending] = await world.list(endpoint);
    await keys.revoke("key_leaked");
    await world.tryOnce(pending?.deliveryId ?? "");
    expect(receiver.calls).toEqual([]);
    expect(await world.list(endpoint)).toMatchObject([{ status: "failed" }]);
  });
});

describe("a worker that dies", () => {
  it("between the call and its note leaves the event to be sent again under the same id", async () => {
    const { endpoint } = await world.endpoint(receiver.url);
    const { deliveryId, eventId } = await announceOne(endpoint, "session.completed");
    const attempt = await world.take(deliveryId);
    if (attempt === undefined) throw new Error("not taken");
    const dying: WebhookSender = {
      send: async (call) => {
        await world.deps.sender.send(call);
        throw new Error("the process is gone");
      },
    };
    await expect(world.work(attempt, { sender: dying })).rejects.toThrow("gone");
    await world.loseWorker(attempt);
    await world.tryOnce(deliveryId);
    expect(receiver.calls.map((call) => call.headers["webhook-id"])).toEqual([eventId, eventId]);
    expect(await onlyDelivery(endpoint)).toMatchObject({ status: "delivered", attempts: 1 });
  });

  it("cannot note anything once another one has the row", async () => {
    const { endpoint } = await world.endpoint(receiver.url);
    const { deliveryId } = await announceOne(endpoint, "session.completed");
    const attempt = await world.take(deliveryId);
    if (attempt === undefined) throw new Error("not taken");
    const slow: WebhookSender = {
      send: async (call) => {
        const answer = await world.deps.sender.send(call);
        await world.loseWorker(attempt);
        await world.tryOnce(deliveryId);
        return answer;
      },
    };
    await expect(world.work(attempt, { sender: slow })).rejects.toThrow("no longer valid");
    expect(await onlyDelivery(endpoint)).toMatchObject({ status: "delivered", attempts: 1 });
  });

  it("does not hold a call of its endpoint for ever", async () => {
    const { endpoint } = await world.endpoint(receiver.url);
    for (const n of [1, 2, 3]) await world.announce("job.completed", `job:${n}`);
    const [first, second, third] = await world.list(endpoint);
    const dying: WebhookSender = { send: () => Promise.reject(new Error("the process is gone")) };
    for (const delivery of [first, second]) {
      const attempt = await world.take(delivery?.deliveryId ?? "");
      await expect(attempt && world.work(attempt, { sender: dying })).rejects.toThrow("gone");
    }
    await world.tryOnce(third?.deliveryId ?? "");
    expect(receiver.calls).toEqual([]);
    const attempt = { rowKey: first?.deliveryId ?? "" } as Parameters<WebhookWorld["loseWorker"]>[0];
    await world.loseWorker(attempt);
    // Its own call was lost with its worker; the slot is free again, and whoever waits is told at the end.
    const { wakes } = await world.tryOnce(attempt.rowKey);
    expect(wakes.map(({ rowKey }) => rowKey)).toEqual([third?.deliveryId]);
    await world.tryOnce(third?.deliveryId ?? "");
    expect(receiver.calls).toHaveLength(2);
  });
});

describe("an endpoint", () => {
  it("gets at most two calls at once, and the others as these end", async () => {
    const { endpoint } = await world.endpoint(receiver.url);
    for (const n of [1, 2, 3, 4]) await world.announce("job.completed", `job:${n}`);
    const ids = (await world.list(endpoint)).map(({ deliveryId }) => deliveryId);
    const [first = "", second = "", third = "", fourth = ""] = ids;
    const open: (() => void)[] = [];
    receiver.answers((res) => open.push(() => res.writeHead(200).end()));
    const running = [world.tryOnce(first), world.tryOnce(second)];
    await receiver.until(2);
    await world.tryOnce(third);
    await world.tryOnce(fourth);
    expect(receiver.calls).toHaveLength(2);
    receiver.answersWith(200);
    for (const answer of open) answer();
    const ended = await Promise.all(running);
    expect(ended.flatMap(({ wakes }) => wakes.map(({ rowKey }) => rowKey)).toSorted()).toEqual(
      [third, fourth].toSorted(),
    );
    await world.tryOnce(third);
    await world.tryOnce(fourth);
    expect((await world.list(endpoint)).map(({ status }) => status)).toEqual(
      Array.from({ length: 4 }, () => "delivered"),
    );
  });

  it("that asked for order gets the events of one object one by one, and those of others meanwhile", async () => {
    const { endpoint } = await world.endpoint(receiver.url, { ordered: true });
    await world.announce("session.created", "session:a");
    await world.announce("session.completed", "session:a");
    await world.announce("session.created", "session:b");
    const [createdA, completedA, createdB] = (await world.list(endpoint)).map(({ deliveryId }) => deliveryId);
    receiver.answersWith(500);
    await world.tryOnce(createdA ?? "");
    receiver.answersWith(200);
    await world.tryOnce(completedA ?? "");
    await world.tryOnce(createdB ?? "");
    expect(receiver.types()).toEqual(["session.created", "session.created"]);
    const { wakes } = await world.tryOnce(createdA ?? "");
    expect(wakes.map(({ rowKey }) => rowKey)).toEqual([completedA]);
    await world.tryOnce(completedA ?? "");
    expect(receiver.types()).toEqual(["session.created", "session.created", "session.created", "session.completed"]);
  });

  it("that asked for order gets the next event when the one before has failed for good", async () => {
    const { endpoint } = await world.endpoint(receiver.url, { ordered: true });
    await world.announce("message.outbound", "message:1");
    await world.announce("message.outbound", "message:1");
    const [before = "", next = ""] = (await world.list(endpoint)).map(({ deliveryId }) => deliveryId);
    await world.tryOnce(next);
    receiver.answersWith(500);
    for (let tries = 0; tries < 3; tries++) expect((await world.tryOnce(before)).wakes).toEqual([]);
    expect((await world.tryOnce(before)).wakes.map(({ rowKey }) => rowKey)).toEqual([next]);
  });

  it("that did not ask for order waits for nothing", async () => {
    const { endpoint } = await world.endpoint(receiver.url);
    await world.announce("session.created", "session:a");
    await world.announce("session.completed", "session:a");
    const [, completed] = await world.list(endpoint);
    await world.tryOnce(completed?.deliveryId ?? "");
    expect(receiver.types()).toEqual(["session.completed"]);
  });

  it("is sent both signatures for a day after its secret was changed, then the new one", async () => {
    const { endpoint, secret } = await world.endpoint(receiver.url);
    const rotated = await test.database.transactions.run((tx) =>
      rotateEndpointSecret(world.managing, tx, SOLVER, endpoint.endpointId),
    );
    expect(rotated.previousValidUntil.getTime() - world.clock.now().getTime()).toBe(DAY_MS);
    for (const n of [1, 2]) await world.announce("job.completed", `job:${n}`);
    const [first, second] = await world.list(endpoint);
    await world.tryOnce(first?.deliveryId ?? "");
    world.clock.advance(DAY_MS);
    await world.tryOnce(second?.deliveryId ?? "");
    const signed = receiver.calls.map((call) => ({
      sent: call.headers["webhook-signature"],
      byNew: signatureOf(call, rotated.secret),
      byOld: signatureOf(call, secret),
    }));
    expect(signed[0]?.sent).toBe(`${signed[0]?.byNew} ${signed[0]?.byOld}`);
    expect(signed[1]?.sent).toBe(signed[1]?.byNew);
  });

  it("that answers 410 is paused at once; what waits is sent when its owner starts it again", async () => {
    const { endpoint } = await world.endpoint(receiver.url);
    for (const n of [1, 2]) await world.announce("job.completed", `job:${n}`);
    const [first = "", second = ""] = (await world.list(endpoint)).map(({ deliveryId }) => deliveryId);
    receiver.answersWith(410);
    await world.tryOnce(first);
    expect(await world.getEndpoint(endpoint.endpointId)).toMatchObject({
      status: "paused",
      disabledReason: "The receiver answered 410 Gone",
    });
    expect(world.paused.map(({ endpointId }) => endpointId)).toEqual([endpoint.endpointId]);
    receiver.answersWith(200);
    await world.tryOnce(second);
    // Nothing new is written for it either.
    await world.announce("job.completed", "job:3");
    expect((await world.list(endpoint)).map(({ status }) => status)).toEqual(["failed", "pending"]);
    expect(receiver.calls).toHaveLength(1);
    const started = await test.database.transactions.run((tx) =>
      updateEndpoint(world.managing, tx, SOLVER, endpoint.endpointId, { status: "active" }),
    );
    expect(started).toMatchObject({ status: "active", disabledReason: undefined, failureCount: 0 });
    await world.tryOnce(second);
    expect((await world.list(endpoint)).map(({ status }) => status)).toEqual(["failed", "delivered"]);
  });

  it("of a Nostr key that is paused is told so by an encrypted message, with the pause or not at all", async () => {
    const ceremony = await openCeremonyWorld(test);
    const { endpoint } = await world.endpoint(receiver.url, {}, ownerCaller(ALICE.pubkey));
    await world.announce("job.completed", "job:1", {}, { kind: "everyone" });
    receiver.answersWith(410);
    const attempt = await world.take((await onlyDelivery(endpoint)).deliveryId);
    if (attempt === undefined) throw new Error("not taken");
    const noticePause = createPauseNotice(ceremony.deps);
    const dying = (tx: Tx, paused: WebhookEndpoint) =>
      noticePause(tx, paused).then(() => Promise.reject(new Error("the process is gone")));
    const outbox = () => test.database.select("SELECT raw FROM nostr_outbox");
    await expect(world.work(attempt, { noticePause: dying })).rejects.toThrow("gone");
    expect(await outbox()).toEqual([]);
    await world.work(attempt, { noticePause });
    const [row] = await outbox();
    const event = nostrEventSchema.parse(JSON.parse(String(row?.["raw"])));
    expect(event.tags).toEqual([["p", ALICE.pubkey]]);
    const wallet = createGatewayIdentity(ALICE.secretKey);
    const seal = JSON.parse(wallet.decrypt(event.pubkey, event.content).plainText) as NostrEvent;
    const { content } = JSON.parse(wallet.decrypt(seal.pubkey, seal.content).plainText) as NostrEvent;
    expect(content).toContain(endpoint.endpointId);
    expect(content).toContain("410 Gone");
  });

  it("that took nothing for 5 days is paused; a success in between starts the count anew", async () => {
    const { endpoint } = await world.endpoint(receiver.url);
    const send = async (n: number, status: number): Promise<string> => {
      await world.announce("job.completed", `job:${n}`);
      receiver.answersWith(status);
      await world.tryOnce((await world.list(endpoint)).at(-1)?.deliveryId ?? "");
      return (await world.getEndpoint(endpoint.endpointId)).status;
    };
    expect(await send(1, 500)).toBe("active");
    world.clock.advance(4 * DAY_MS);
    expect(await send(2, 200)).toBe("active");
    expect((await world.getEndpoint(endpoint.endpointId)).failureCount).toBe(0);
    expect(await send(3, 500)).toBe("active");
    world.clock.advance(5 * DAY_MS - 1);
    expect(await send(4, 500)).toBe("active");
    world.clock.advance(1);
    expect(await send(5, 500)).toBe("paused");
    expect(await world.getEndpoint(endpoint.endpointId)).toMatchObject({
      disabledReason: "No delivery succeeded for 5 days",
      failureCount: 3,
    });
  });

  it("that is paused keeps a test event until it is started", async () => {
    const { endpoint } = await world.endpoint(receiver.url);
    const change = (status: "active" | "paused") =>
      test.database.transactions.run((tx) =>
        updateEndpoint(world.managing, tx, SOLVER, endpoint.endpointId, { status }),
      );
    await change("paused");
    const { deliveryId } = await test.database.transactions.run((tx) =>
      sendTestEvent(world.managing, tx, SOLVER, endpoint.endpointId, "req-1"),
    );
    await world.tryOnce(deliveryId);
    expect(receiver.calls).toEqual([]);
    await change("active");
    await world.tryOnce(deliveryId);
    expect(JSON.parse(receiver.calls[0]?.body ?? "")).toMatchObject({
      type: "webhook.test",
      data: { webhook_id: endpoint.endpointId },
      request_id: "req-1",
    });
  });

  it("is sent a redelivered event under the same id, at once and out of order", async () => {
    const { endpoint } = await world.endpoint(receiver.url, { ordered: true });
    await world.announce("session.created", "session:a");
    const [first] = await world.list(endpoint);
    await world.tryOnce(first?.deliveryId ?? "");
    await world.announce("session.completed", "session:a");
    const { deliveryId } = await test.database.transactions.run((tx) =>
      redeliver(world.managing, tx, SOLVER, endpoint.endpointId, first?.deliveryId ?? ""),
    );
    await world.tryOnce(deliveryId);
    expect(receiver.calls.map((call) => call.headers["webhook-id"])).toEqual([first?.eventId, first?.eventId]);
    expect(receiver.calls.map(({ body }) => body)).toEqual([first?.body, first?.body]);
  });
});

describe("through the queue", () => {
  let worker: TestWorker;
  beforeEach(async () => {
    const attempts = new DrizzleAttemptStore(test.database, { leaseSeconds: 20 });
    worker = await startTestWorker(test, { webhook_deliver: webhookDeliverTask({ ...world.deps, attempts }) });
  });
  afterEach(() => worker.close());

  /** Announced as a process with a queue does. */
  const announce = async (objectKey: string, n: number): Promise<void> => {
    const outbox = new DrizzleWebhookOutbox(test.database, worker);
    await test.database.transactions.run((tx) =>
      outbox.announce(tx, { type: "job.completed", objectKey, audience: { kind: "everyone" }, dataFor: () => ({ n }) }),
    );
  };
  const numbers = () => receiver.calls.map(({ body }) => (JSON.parse(body) as { data: { n: number } }).data.n);

  it("everything announced arrives, at most two at once, though many workers would send", async () => {
    await world.endpoint(receiver.url);
    let open = 0;
    let most = 0;
    receiver.answers((res) => {
      open += 1;
      most = Math.max(most, open);
      setImmediate(() => {
        open -= 1;
        res.writeHead(200).end();
      });
    });
    for (let n = 0; n < 12; n++) await announce(`job:${n}`, n);
    await receiver.until(12);
    expect(numbers().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, n) => n));
    expect(most).toBeLessThanOrEqual(2);
  });

  it("the events of an object arrive in order where that was asked for, however many workers there are", async () => {
    await world.endpoint(receiver.url, { ordered: true });
    for (let n = 0; n < 10; n++) await announce("session:a", n);
    await receiver.until(10);
    expect(numbers()).toEqual(Array.from({ length: 10 }, (_, n) => n));
  });
});
