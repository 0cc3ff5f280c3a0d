import { hexToBytes } from "@noble/hashes/utils.js";
import { finalizeEvent, getPublicKey } from "nostr-tools/pure";

import type { NostrEvent } from "../ports/nostr";
import { computeEventId, verifyEvent } from "./event-id";
import { nostrEventSchema, parseNostrEvent } from "./nostr-event";

const SECRET = hexToBytes("11".repeat(32));

function signed(content: string, tags: string[][] = [["d", "x"]]): NostrEvent {
  const event = finalizeEvent({ kind: 31510, created_at: 1_790_000_000, tags, content }, SECRET);
  // nostr-tools remembers on the object that it signed it; only the bytes travel.
  return nostrEventSchema.parse(JSON.parse(JSON.stringify(event)));
}

test.each([
  ["plain text", "hello"],
  ["the escapes of NIP-01", '\n " \\ \r \t \b \f'],
  ["other control characters", "\u0000\u0001\u001f\u007f"],
  ["astral and line-separator characters", "𝄞 \u2028 é"],
])("computes the id the network gives an event with %s", (_name, content) => {
  const event = signed(content, [
    ["d", content],
    ["p", getPublicKey(SECRET)],
  ]);
  expect(computeEventId(event.pubkey, event)).toBe(event.id);
  expect(verifyEvent(event)).toBe(true);
});

test("an id that is not the event's own is refused, although the signature fits that id", () => {
  const event = signed("one");
  expect(verifyEvent({ ...event, content: "two" })).toBe(false);
});

test("another event's signature is refused", () => {
  expect(verifyEvent({ ...signed("one"), sig: signed("two").sig })).toBe(false);
});

test.each([
  ["upper-case hex", { pubkey: getPublicKey(SECRET).toUpperCase() }],
  ["a fractional time", { created_at: 1.5 }],
  ["a kind out of range", { kind: 65_536 }],
  ["a tag of numbers", { tags: [["d", 1]] }],
  ["a further member", { relay: "wss://a" }],
])("an event with %s has no valid shape", (_name, change) => {
  expect(parseNostrEvent({ ...signed("one"), ...change })).toBeUndefined();
});
