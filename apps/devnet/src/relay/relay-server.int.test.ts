import { SimplePool, useWebSocketImplementation } from "nostr-tools/pool";
import { finalizeEvent, generateSecretKey } from "nostr-tools/pure";
import { WebSocket } from "ws";

import { AUTHOR, RawClient, TEST_NOW, type TestRelay, aRelay, anEvent } from "./testing/a-relay";

useWebSocketImplementation(WebSocket);

let relay: TestRelay;
let client: RawClient;

async function open(options: { readonly isAuthRequired?: boolean } = {}): Promise<void> {
  relay = await aRelay(options);
  client = await RawClient.connect(relay.url);
}
afterEach(async () => {
  await client.close();
  await relay.server.close();
});

describe("relay", () => {
  beforeEach(() => open());

  it("stores an event, answers OK, journals it before, and finds it by every filter", async () => {
    const event = anEvent({
      tags: [
        ["t", "arkrelay-test"],
        ["p", AUTHOR],
      ],
      content: "hello",
    });
    expect(await client.publish(event)).toEqual(["OK", event.id, true, ""]);
    expect(relay.journaled).toEqual([event]);
    const filters = [
      { ids: [event.id] },
      { authors: [AUTHOR] },
      { kinds: [1, 2] },
      { "#t": ["x", "arkrelay-test"] },
      { "#p": [AUTHOR] },
      { since: TEST_NOW, until: TEST_NOW },
      {},
    ];
    for (const filter of filters) expect(await client.query(filter)).toEqual([event.id]);
    for (const filter of [
      { kinds: [2] },
      { since: TEST_NOW + 1 },
      { until: TEST_NOW - 1 },
      { "#t": ["x"] },
      { authors: [event.id] },
    ]) {
      expect(await client.query(filter)).toEqual([]);
    }
  });

  it("answers newest first, ties by lowest id, and limits the stored part only", async () => {
    const events = [1, 2, 2, 3].map((age, n) => anEvent({ created_at: TEST_NOW - age, content: String(n) }));
    for (const event of events) await client.publish(event);
    const expected = events
      .toSorted((a, b) => b.created_at - a.created_at || (a.id < b.id ? -1 : 1))
      .map(({ id }) => id);
    expect(await client.query({ kinds: [1] })).toEqual(expected);
    expect(await client.query({ kinds: [1], limit: 2 })).toEqual(expected.slice(0, 2));
    expect(await client.query({ limit: 0 })).toEqual([]);
  });

  it("combines filters by OR and sends no event twice", async () => {
    const [one, two] = [anEvent({ kind: 1 }), anEvent({ kind: 7 })];
    await client.publish(one);
    await client.publish(two);
    const found = await client.query({ kinds: [1] }, { authors: [AUTHOR] });
    expect([found.length, new Set(found)]).toEqual([2, new Set([one.id, two.id])]);
  });

  it("keeps the newest addressable event per kind, author and d, and answers OK true for one it superseded", async () => {
    const old = anEvent({ kind: 31_510, created_at: TEST_NOW - 10, tags: [["d", "a"]] });
    const fresh = anEvent({ kind: 31_510, tags: [["d", "a"]] });
    const other = anEvent({ kind: 31_510, tags: [["d", "b"]] });
    for (const event of [old, fresh, other]) await client.publish(event);
    expect(new Set(await client.query({ kinds: [31_510] }))).toEqual(new Set([fresh.id, other.id]));
    expect(await client.publish(old)).toEqual(["OK", old.id, true, "duplicate: a newer event takes its place"]);
    expect(await client.query({ ids: [old.id] })).toEqual([]);
  });

  it("breaks a tie of addressable events by the lowest id, whichever came first", async () => {
    const rivals = ["x", "y"].map((content) => anEvent({ kind: 31_511, tags: [["d", "s:1"]], content }));
    const lowest = rivals.map(({ id }) => id).toSorted()[0];
    for (const event of rivals) await client.publish(event);
    expect(await client.query({ kinds: [31_511] })).toEqual([lowest]);
  });

  it("treats a missing d as the empty one", async () => {
    const without = anEvent({ kind: 31_510, created_at: TEST_NOW - 1 });
    const empty = anEvent({ kind: 31_510, tags: [["d", ""]] });
    await client.publish(without);
    await client.publish(empty);
    expect(await client.query({ kinds: [31_510] })).toEqual([empty.id]);
  });

  it("passes ephemeral events on without storing them", async () => {
    const listener = await RawClient.connect(relay.url);
    listener.send("REQ", "live", { kinds: [20_001] });
    expect(await listener.next()).toEqual(["EOSE", "live"]);
    const event = anEvent({ kind: 20_001 });
    await client.publish(event);
    expect(await listener.next()).toEqual(["EVENT", "live", event]);
    expect(await client.query({ kinds: [20_001] })).toEqual([]);
    await listener.close();
  });

  it("refuses expired and far-future events and what is not authentic", async () => {
    const good = anEvent();
    const refusals = [
      anEvent({ tags: [["expiration", String(TEST_NOW)]] }),
      anEvent({ created_at: TEST_NOW + 901 }),
      { ...good, content: "changed" },
      { ...good, sig: anEvent({ content: "other" }).sig },
      { ...good, pubkey: "00".repeat(32) },
      { ...good, id: good.id.toUpperCase() },
      { ...good, kind: 1.5 },
    ];
    for (const event of refusals)
      expect(await client.publish(event)).toMatchObject([
        "OK",
        expect.any(String),
        false,
        expect.stringMatching(/^invalid: /),
      ]);
    expect(await client.query({})).toEqual([]);
  });

  it("accepts control characters that JSON libraries escape differently", async () => {
    const event = anEvent({ content: '\u0001\u007f\u2028 " \\ \n\t\b\f\r \ud83d\ude00' });
    expect(await client.publish(event)).toEqual(["OK", event.id, true, ""]);
  });

  it("answers malformed messages and stays usable", async () => {
    for (const text of ["{", "[]", '["EVENT"]', '["NOPE",1]', '"x"', '["EVENT",7]', '["REQ","",{}]']) {
      client.sendText(text);
      expect(await client.next()).toMatchObject(["NOTICE", expect.stringMatching(/^invalid: /)]);
    }
    for (const filter of [{ ids: ["ab"] }, { unknown: [] }, { "#p": ["nothex"] }, { kinds: ["1"] }, 5]) {
      client.send("REQ", "bad", filter);
      expect(await client.next()).toMatchObject(["CLOSED", "bad", expect.stringMatching(/^invalid: /)]);
    }
    expect(await client.publish(anEvent())).toMatchObject(["OK", expect.any(String), true, ""]);
  });

  it("serves its limits as NIP-11 document", async () => {
    const response = await fetch(relay.url.replace("ws:", "http:"), { headers: { Accept: "application/nostr+json" } });
    expect(await response.json()).toMatchObject({
      supported_nips: [1, 11, 40, 42],
      limitation: { max_message_length: 262_144 },
    });
  });

  it("serves nostr-tools' pool what is stored and what comes later", async () => {
    const pool = new SimplePool();
    const secret = generateSecretKey();
    const sign = (content: string) => finalizeEvent({ kind: 1, created_at: TEST_NOW, tags: [], content }, secret);
    await Promise.all(pool.publish([relay.url], sign("stored")));
    const contents: string[] = [];
    const both = new Promise<void>((resolve) => {
      pool.subscribe(
        [relay.url],
        { kinds: [1] },
        {
          onevent: ({ content }) => {
            if (contents.push(content) === 2) resolve();
            else void Promise.all(pool.publish([relay.url], sign("live")));
          },
        },
      );
    });
    await both;
    expect(contents).toEqual(["stored", "live"]);
    pool.close([relay.url]);
  });

  it("verifies and stores well over a thousand events in one burst", async () => {
    const events = Array.from({ length: 1_500 }, (_, n) => anEvent({ content: String(n) }));
    for (const event of events) client.send("EVENT", event);
    for (const event of events) expect(await client.next()).toEqual(["OK", event.id, true, ""]);
    expect(relay.journaled).toHaveLength(1_500);
  });

  describe("with faults", () => {
    const once = { target: "relay" as const, method: "EVENT", times: 1, probability: 1 };

    it("lose_reply stores the event and says nothing", async () => {
      relay.faults.add({ ...once, kind: "lose_reply" });
      const event = anEvent();
      client.send("EVENT", event);
      expect(await client.publish(event)).toEqual(["OK", event.id, true, "duplicate: already have this event"]);
    });

    it("error_before refuses and stores nothing", async () => {
      relay.faults.add({ ...once, kind: "error_before" });
      const event = anEvent();
      expect(await client.publish(event)).toMatchObject(["OK", event.id, false, expect.stringMatching(/^error: /)]);
      expect(await client.query({})).toEqual([]);
    });

    it("duplicate, drop and reorder bend what subscribers get", async () => {
      client.send("REQ", "live", { kinds: [1] });
      await client.next();
      const publisher = await RawClient.connect(relay.url);
      const events = ["1", "2", "3", "4"].map((content) => anEvent({ content }));
      const kinds = ["drop", "duplicate", "reorder"] as const;
      for (const [n, event] of events.entries()) {
        const kind = kinds[n];
        if (kind !== undefined) relay.faults.add({ ...once, kind });
        await publisher.publish(event);
      }
      const got = [await client.next(), await client.next(), await client.next(), await client.next()];
      expect(got.map(([, , event]) => (event as { content: string }).content)).toEqual(["2", "2", "4", "3"]);
      await publisher.close();
    });

    it("cut_stream and down break the connection, and down refuses the next", async () => {
      relay.faults.add({ ...once, method: "*", kind: "cut_stream" });
      await client.closed;
      const down = relay.faults.add({ ...once, method: "*", kind: "down" });
      await expect(RawClient.connect(relay.url)).rejects.toThrow();
      relay.faults.remove(down.id);
      client = await RawClient.connect(relay.url);
      expect(await client.query({})).toEqual([]);
    });
  });
});

describe("relay that asks for authentication", () => {
  beforeEach(() => open({ isAuthRequired: true }));

  it("serves a client only after it answered this connection's challenge", async () => {
    const [type, challenge] = await client.next();
    expect(type).toBe("AUTH");
    const event = anEvent();
    expect(await client.publish(event)).toMatchObject([
      "OK",
      event.id,
      false,
      expect.stringMatching(/^auth-required: /),
    ]);
    client.send("REQ", "s", {});
    expect(await client.next()).toMatchObject(["CLOSED", "s", expect.stringMatching(/^auth-required: /)]);
    const answer = (value: string) =>
      anEvent({
        kind: 22_242,
        tags: [
          ["relay", relay.url],
          ["challenge", value],
        ],
      });
    client.send("AUTH", answer("another challenge"));
    expect(await client.next()).toMatchObject(["OK", expect.any(String), false, expect.stringMatching(/^invalid: /)]);
    client.send("AUTH", answer(String(challenge)));
    expect(await client.next()).toMatchObject(["OK", expect.any(String), true, ""]);
    expect(await client.publish(event)).toEqual(["OK", event.id, true, ""]);
  });
});
