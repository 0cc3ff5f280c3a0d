import type { NostrEvent } from "@arkrelay/core/ports/nostr";
import type { OutboxRow } from "@arkrelay/core/ports/nostr-stores";

import { openTestDatabase, type TestDatabase } from "../testing/test-database";
import { DrizzleNostrEventStore } from "./nostr-event-store";
import { DrizzleNostrOutbox, DrizzleOutboxQueue } from "./nostr-outbox-store";
import { DrizzleNostrPeers } from "./nostr-peer-store";
import { DrizzleNostrRelayStore } from "./nostr-relay-store";

const RELAYS = ["wss://one", "wss://two"];

let testDatabase: TestDatabase;
let events: DrizzleNostrEventStore;
let outbox: DrizzleNostrOutbox;
let queue: DrizzleOutboxQueue;

beforeAll(async () => {
  testDatabase = await openTestDatabase();
  events = new DrizzleNostrEventStore(testDatabase.database);
  outbox = new DrizzleNostrOutbox({ relays: RELAYS });
  queue = new DrizzleOutboxQueue(testDatabase.database);
});

afterAll(() => testDatabase.close());
beforeEach(() => testDatabase.empty());

const run: TestDatabase["database"]["transactions"]["run"] = (work) => testDatabase.database.transactions.run(work);

let serial = 0;
function anEvent(change: Partial<NostrEvent> = {}): NostrEvent {
  serial += 1;
  const id = serial.toString(16).padStart(64, "0");
  return {
    id,
    pubkey: "aa".repeat(32),
    created_at: 1_790_000_000,
    kind: 31510,
    tags: [["d", id]],
    content: "{}",
    sig: "bb".repeat(64),
    ...change,
  };
}

const insertIn = (event: NostrEvent, relay = "wss://one") =>
  run((tx) => events.insert(tx, { event, relay, errorCode: undefined }));
const send = (event: NostrEvent) => run((tx) => outbox.insert(tx, event, "session"));
const dueIds = async (relay = "wss://one"): Promise<string[]> =>
  (await queue.listDue(relay, 10)).map((row) => row.event.id);

async function firstDue(relay: string): Promise<OutboxRow> {
  const [row] = await queue.listDue(relay, 1);
  if (row === undefined) throw new Error(`nothing is due for ${relay}`);
  return row;
}

describe("inbound events", () => {
  it("are stored once whatever relays bring them, and only the first brings a wake", async () => {
    const event = anEvent();
    const wakes = await Promise.all([insertIn(event), insertIn(event, "wss://two"), insertIn(event, "wss://two")]);
    expect(wakes.filter((wake) => wake !== undefined)).toMatchObject([
      { task: "nostr_process", rowKey: event.id, wakeSeq: 1 },
    ]);
    expect(await events.find(undefined, event.id)).toMatchObject({ event, status: "received" });
  });

  it("leave no row and no work when their transaction fails", async () => {
    const event = anEvent();
    const failing = run(async (tx) => {
      await events.insert(tx, { event, relay: undefined, errorCode: undefined });
      throw new Error("crash");
    });
    await expect(failing).rejects.toThrow("crash");
    expect(await events.find(undefined, event.id)).toBeUndefined();
  });

  it("are accepted once per author and request: the first one stays, a replay and a refusal claim nothing", async () => {
    const content = JSON.stringify({ action_id: "pay-0001", type: "p2p_transfer", params: {}, expires_at: 1 });
    const [refused, first, replay] = [anEvent({ content }), anEvent({ content }), anEvent({ content })];
    for (const event of [refused, first, replay]) await insertIn(event);
    await run((tx) => events.close(tx, refused, "fee_invalid"));
    await run((tx) => events.close(tx, first, undefined));
    await run((tx) => events.close(tx, replay, undefined));
    await run((tx) => events.close(tx, first, undefined));
    const rows = await testDatabase.database.select("SELECT event_id, status FROM nostr_events WHERE request_key = ?", [
      `${first.pubkey}:31510:pay-0001`,
    ]);
    expect(rows).toEqual([{ event_id: first.id, status: "processed" }]);
    expect(await events.find(undefined, replay.id)).toMatchObject({ status: "processed" });
  });

  it("claim a request while it is worked on: the first holds it, its own second run finds it done, a copy is told who holds it", async () => {
    const [first, copy] = [anEvent({ kind: 31500 }), anEvent({ kind: 31500 })];
    for (const event of [first, copy]) await insertIn(event);
    const key = `${first.pubkey}:31500:req-0001`;
    const claim = (event: NostrEvent) => run((tx) => events.claimRequest(tx, event.id, key));
    expect(await claim(first)).toEqual({ eventId: first.id, isNew: true });
    expect(await claim(first)).toEqual({ eventId: first.id, isNew: false });
    expect(await claim(copy)).toEqual({ eventId: first.id, isNew: false });
    await run((tx) => events.close(tx, first, undefined));
    expect(await claim(copy)).toEqual({ eventId: first.id, isNew: false });
  });

  it("keep their outcome", async () => {
    const event = anEvent({ tags: [["d", "é".repeat(400)]] });
    await insertIn(event);
    await run((tx) => events.close(tx, event, "fee_invalid"));
    expect(await events.find(undefined, event.id)).toMatchObject({
      event,
      status: "refused",
      errorCode: "fee_invalid",
    });
  });
});

describe("the outbox", () => {
  it("has one row per relay, and inserting an event twice is harmless", async () => {
    const event = anEvent();
    await send(event);
    await send(event);
    expect(await Promise.all(RELAYS.map(dueIds))).toEqual([[event.id], [event.id]]);
    expect((await firstDue("wss://one")).event).toEqual(event);
  });

  it("counts a relay only when it is done with the event", async () => {
    const event = anEvent();
    await send(event);
    await queue.record(await firstDue("wss://one"), { kind: "done" });
    await queue.record(await firstDue("wss://two"), { kind: "retry", delayMs: 60_000, error: "no OK in time" });
    expect(await queue.countAcks(event.id)).toBe(1);
    expect(await Promise.all(RELAYS.map(dueIds))).toEqual([[], []]);
    expect(await queue.findOldestPendingSeconds()).toBeGreaterThanOrEqual(0);
  });

  it("sends no older event of a d that has a newer one, also when the old one was just under way", async () => {
    const older = anEvent({ kind: 31511, tags: [["d", "session:1"]] });
    const newer = anEvent({ kind: 31511, tags: [["d", "session:1"]], created_at: older.created_at + 1 });
    const other = anEvent({ kind: 31512, tags: [["d", "session:1"]] });
    await send(older);
    await send(other);
    const underWay = await firstDue("wss://one");
    await send(newer);
    await queue.record(underWay, { kind: "retry", delayMs: 0, error: "no OK in time" });
    expect(await dueIds()).toEqual([newer.id, other.id]);
    expect(await run((tx) => outbox.findLastCreatedAt(tx, 31511, "session:1"))).toBe(newer.created_at);
  });

  it("sends challenges and confirmations before anything else", async () => {
    const failure = anEvent({ kind: 31341 });
    const challenge = anEvent({ kind: 31511 });
    await send(failure);
    await send(challenge);
    expect(await dueIds()).toEqual([challenge.id, failure.id]);
  });

  it("sends the same bytes again when somebody asks for an outcome once more", async () => {
    const event = anEvent();
    await send(event);
    await queue.record(await firstDue("wss://one"), { kind: "done" });
    await queue.record(await firstDue("wss://two"), { kind: "parked", error: "blocked: no" });
    await run((tx) => outbox.resend(tx, event.id));
    expect((await firstDue("wss://one")).event).toEqual(event);
    expect(await dueIds("wss://two")).toEqual([event.id]);
  });

  it("sends the newest event of a d again, and nothing where there is none", async () => {
    const tags = [["d", "answer"]];
    const older = anEvent({ kind: 31501, tags });
    const newer = anEvent({ kind: 31501, tags, created_at: older.created_at + 1 });
    for (const event of [older, newer]) await send(event);
    await queue.record(await firstDue("wss://one"), { kind: "done" });
    expect(await dueIds()).toEqual([]);
    await run((tx) => outbox.resendLast(tx, 31501, "answer"));
    await run((tx) => outbox.resendLast(tx, 31501, "unheard-of"));
    expect(await dueIds()).toEqual([newer.id]);
  });

  it("has no row of an effect that was rolled back", async () => {
    const failing = run(async (tx) => {
      await outbox.insert(tx, anEvent(), "session");
      throw new Error("crash");
    });
    await expect(failing).rejects.toThrow("crash");
    expect(await queue.findOldestPendingSeconds()).toBeUndefined();
  });
});

test("a peer is answered in the scheme it used last, a stranger in the configured one", async () => {
  const peers = new DrizzleNostrPeers(testDatabase.database, "nip44");
  expect(await peers.findScheme("cc".repeat(32))).toBe("nip44");
  await run((tx) => peers.remember(tx, "cc".repeat(32), "nip04"));
  expect(await peers.findScheme("cc".repeat(32))).toBe("nip04");
});

test("a relay's cursor never moves back, and an error leaves it where it is", async () => {
  const relays = new DrizzleNostrRelayStore(testDatabase.database);
  const later = new Date(1_790_000_100_000);
  await relays.noteConnected("wss://one");
  await relays.raiseCursor("wss://one", later);
  await relays.raiseCursor("wss://one", new Date(1_790_000_000_000));
  await relays.noteError("wss://one", "connection reset");
  expect(await relays.find("wss://one")).toMatchObject({ lastCreatedAt: later, lastError: "connection reset" });
  expect(await relays.find("wss://two")).toBeUndefined();
});
