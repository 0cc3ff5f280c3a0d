import type { NostrEvent } from "../ports/nostr";
import { AuthorLimits } from "./author-limits";
import { decideInbound } from "./decide-inbound";
import { decideOutboxResult } from "./decide-outbox";

const US = "aa".repeat(32);
const US_BEFORE = "ab".repeat(32);
const NOW = 1_790_000_000;
const RULES = {
  pubkeys: [US, US_BEFORE],
  now: new Date(NOW * 1000),
  maxAgeSeconds: 900,
  maxFutureSeconds: 120,
};

const content = (expiresAt: number): string =>
  JSON.stringify({ action_id: "pay-0001", type: "p2p_transfer", params: {}, expires_at: expiresAt });

function anEvent(change: Partial<NostrEvent> = {}): NostrEvent {
  return {
    id: "01".repeat(32),
    pubkey: "02".repeat(32),
    created_at: NOW,
    kind: 31510,
    tags: [["p", US]],
    content: content(NOW + 600),
    sig: "03".repeat(64),
    ...change,
  };
}

test.each([
  ["for our present key", anEvent()],
  ["for our previous key", anEvent({ tags: [["p", US_BEFORE]] })],
  [
    "without a d tag",
    anEvent({
      tags: [
        ["p", "cc".repeat(32)],
        ["p", US],
      ],
    }),
  ],
  ["as old as allowed", anEvent({ created_at: NOW - 900 })],
  ["as far ahead as allowed", anEvent({ created_at: NOW + 120 })],
])("takes an event %s", (_name, event) => {
  expect(decideInbound(event, false, RULES)).toEqual({ kind: "take", event, isCurrent: true });
});

test.each([
  ["malformed", { ...anEvent(), sig: "00" }],
  ["malformed", "hello"],
  ["unknown_kind", anEvent({ kind: 31511 })],
  ["other_recipient", anEvent({ tags: [["p", "cc".repeat(32)]] })],
  ["other_recipient", anEvent({ tags: [] })],
  ["too_large", anEvent({ content: "é".repeat(70_000) })],
  ["too_old", anEvent({ created_at: NOW - 901 })],
  ["too_new", anEvent({ created_at: NOW + 121 })],
])("drops an event that is %s", (reason, raw) => {
  expect(decideInbound(raw, false, RULES)).toEqual({ kind: "drop", reason });
});

test.each([
  ["an intent that still stands", anEvent({ created_at: NOW - 5_000 }), "take"],
  ["an intent that has expired", anEvent({ created_at: NOW - 5_000, content: content(NOW) }), "drop"],
  ["an intent that cannot be read", anEvent({ created_at: NOW - 5_000, content: "?" }), "drop"],
  [
    "an expired tag",
    anEvent({
      created_at: NOW - 5_000,
      tags: [
        ["p", US],
        ["expiration", String(NOW)],
      ],
    }),
    "drop",
  ],
  [
    "a service request nobody waits for any more",
    anEvent({ created_at: NOW - 5_000, kind: 31500, content: "x" }),
    "drop",
  ],
  [
    "a service request whose tag says that it still stands",
    anEvent({
      created_at: NOW - 5_000,
      kind: 31500,
      content: "x",
      tags: [
        ["p", US],
        ["expiration", String(NOW + 1)],
      ],
    }),
    "take",
  ],
  ["an answer, however late", anEvent({ created_at: NOW - 500_000, kind: 31512, content: "x" }), "take"],
  ["something from the future", anEvent({ created_at: NOW + 121 }), "drop"],
])("of what was sent while we were away: %s", (_name, event, kind) => {
  const decision = decideInbound(event, true, RULES);
  expect(decision.kind).toBe(kind);
  expect(decision).not.toHaveProperty("isCurrent", true);
});

test("an author is told once that it sends too much, and may go on later", () => {
  const limits = new AuthorLimits({ intentsPerMinute: 30, requestsPerMinute: 10, responsesPerMinute: 60 });
  const at = (seconds: number): Date => new Date((NOW + seconds) * 1000);
  const burst = Array.from({ length: 62 }, () => limits.take("alice", 31510, at(0)));
  expect(burst.filter((verdict) => verdict === "within")).toHaveLength(60);
  expect(burst.slice(60)).toEqual(["first_over", "over"]);
  expect(limits.take("alice", 31512, at(0))).toBe("within");
  expect(limits.take("bob", 31510, at(0))).toBe("within");
  const requests = Array.from({ length: 21 }, () => limits.take("alice", 31500, at(0)));
  expect(requests.filter((verdict) => verdict === "within")).toHaveLength(20);
  expect(limits.take("alice", 31510, at(2))).toBe("within");
  expect(limits.take("alice", 31510, at(2))).toBe("over");
  expect(limits.take("alice", 31510, at(70))).toBe("within");
});

test("what an author sent over an hour while nobody listened counts by the minute it was sent in", () => {
  const limits = new AuthorLimits({ intentsPerMinute: 30, requestsPerMinute: 10, responsesPerMinute: 60 });
  const sentAt = (minute: number): Date => new Date((NOW - minute * 60) * 1000);
  const hour = Array.from({ length: 60 * 20 }, (_, i) => limits.takeStored("alice", 31510, sentAt(i % 60)));
  expect(new Set(hour)).toEqual(new Set(["within"]));
  const flood = Array.from({ length: 100 }, () => limits.takeStored("mallory", 31510, sentAt(0)));
  expect(flood.filter((verdict) => verdict === "within")).toHaveLength(60);
});

test("a relay gets an event again until it takes it, refuses it for good, or a day has passed", () => {
  const now = new Date(NOW * 1000);
  const row = (attempts: number, ageMs = 0) => ({
    attempts,
    createdAt: new Date(now.getTime() - ageMs),
    event: { tags: [["d", "a"]] },
  });
  const away = { kind: "unanswered", message: "no OK in time" } as const;
  const busy = { kind: "refused", final: false, message: "rate-limited: slow down" } as const;
  expect(decideOutboxResult(row(0), { kind: "accepted" }, now)).toEqual({ kind: "done" });
  expect(decideOutboxResult(row(0), away, now)).toMatchObject({ kind: "retry", delayMs: 1_000 });
  expect(decideOutboxResult(row(3), busy, now)).toMatchObject({ kind: "retry", delayMs: 8_000 });
  expect(decideOutboxResult(row(40), busy, now)).toMatchObject({ kind: "retry", delayMs: 300_000 });
  expect(decideOutboxResult(row(0), { ...busy, final: true }, now)).toMatchObject({ kind: "parked" });
  expect(decideOutboxResult(row(90, 86_399_999), away, now)).toMatchObject({ kind: "retry" });
  expect(decideOutboxResult(row(90, 86_400_000), away, now)).toMatchObject({ kind: "parked" });
});

test("an outbox row whose event has expired is neither tried again nor anybody's failure", () => {
  const now = new Date(NOW * 1000);
  const row = (expiration: number) => ({
    attempts: 0,
    createdAt: now,
    event: { tags: [["expiration", String(expiration)]] },
  });
  const away = { kind: "unanswered", message: "not connected" } as const;
  const refused = { kind: "refused", final: true, message: "invalid: event expired" } as const;
  for (const answer of [away, refused])
    expect(decideOutboxResult(row(NOW), answer, now)).toMatchObject({ kind: "expired" });
  expect(decideOutboxResult(row(NOW + 1), away, now)).toMatchObject({ kind: "retry" });
  expect(decideOutboxResult(row(NOW + 1), refused, now)).toMatchObject({ kind: "parked" });
  expect(decideOutboxResult(row(NOW), { kind: "accepted" }, now)).toEqual({ kind: "done" });
});
