import type { Challenge31511 } from "../event-schemas.js";
import { tagValues, verifyEvent } from "../nostr-utils.js";
import { KIND, sessionIdOfIntent } from "../payloads.js";
import { isSwap } from "./read-swap.js";
import { must } from "./refuse.js";
import type { ReceivedChallenge, VerifyOptions } from "./verifier-types.js";

/** Check 1: from the gateway, about my approved intent, in time, and not answered before. */
export function checkOrigin(challenge: ReceivedChallenge, content: Challenge31511, options: VerifyOptions): void {
  checkEvent(challenge, options);
  checkSession(content, options, challenge.event !== undefined);
  checkTime(content, options);
  const repeated = options.answered.some(
    (answer) => answer.payloadRef === content.payload_ref || answer.challengeId === content.challenge_id,
  );
  must(!repeated, "replayed", "this challenge was answered before");
}

function checkEvent(challenge: ReceivedChallenge, { intent, pins, myPubkey }: VerifyOptions): void {
  const { event } = challenge;
  if (event === undefined) {
    // Over HTTP nothing but the session_id, learnt when the wallet opened the session, ties content and intent.
    must(intent.sessionId !== undefined, "origin", "a challenge without its event needs the session_id of the intent");
    return;
  }
  must(event.kind === KIND.challenge && verifyEvent(event).ok, "origin", "not a valid signed 31511");
  must(event.pubkey === pins.gatewayPubkey, "origin", "the challenge is not signed by the pinned gateway key");
  must(tagValues(event, "p").includes(myPubkey), "origin", "the challenge is addressed to another key");
  const about = tagValues(event, "e");
  const isAboutIntent = intent.eventId === undefined ? about.length === 0 : about.includes(intent.eventId);
  must(isAboutIntent, "origin", "the challenge is about another intent");
}

function checkSession(content: Challenge31511, { intent }: VerifyOptions, hasEvent: boolean): void {
  // A member's session is named after the batch too, which this wallet need not know: its event is tied to the intent by its tag.
  if (hasEvent && intent.sessionId === undefined && isSwap(intent.content)) return;
  const expected = intent.sessionId ?? (intent.eventId === undefined ? undefined : sessionIdOfIntent(intent.eventId));
  must(expected !== undefined && content.session_id === expected, "origin", "the challenge belongs to another session");
}

function checkTime(content: Challenge31511, { intent, now }: VerifyOptions): void {
  // After acceptance only going forward frees the funds, so stage checkpoint_txs has no end.
  if (content.type === "sign_tx" && content.stage === "checkpoint_txs") return;
  must(toUnixSeconds(content.expires_at) > now, "stale", "the challenge has expired");
  const intentEnd = intent.content.expires_at;
  must(intentEnd === undefined || toUnixSeconds(intentEnd) > now, "stale", "the intent has expired");
}

function toUnixSeconds(time: number | string): number {
  const seconds = typeof time === "number" ? time : Date.parse(time) / 1000;
  must(Number.isFinite(seconds), "stale", "a time that cannot be read");
  return seconds;
}
