import { verifyEvent } from "../nostr/event-id";
import { findTag, listTags, parseNostrEvent } from "../nostr/nostr-event";
import type { NostrEvent } from "../ports/nostr";

const NIP98_KIND = 27235;
/** NIP-98 suggests a minute; the event id is kept for longer than any event can stay valid. */
const WINDOW_SECONDS = 60;
const SEEN_SECONDS = 180;
/** base64 of an event with an empty content and three or four tags is well below this. */
const HEADER_CHARS_MAX = 8_192;

export interface SignedRequest {
  readonly method: string;
  /** Absolute, built from PUBLIC_BASE_URL and the request's path with its query. */
  readonly url: string;
  /** 64 hex over the raw body bytes; undefined when there is no body. */
  readonly bodySha256: string | undefined;
  readonly now: Date;
}

export type Nip98Result =
  | {
      readonly ok: true;
      readonly pubkey: string;
      readonly eventId: string;
      /** Until when the id must be remembered, so that the event works once. */
      readonly rememberUntil: Date;
    }
  | { readonly ok: false; readonly reason: string };

/**
 * NIP-98: who signed this request. `token` is what follows `Authorization: Nostr `. Everything but the single use of the
 * event id is checked here; reasons are for people and name no secret.
 */
export function verifyNip98(token: string, request: SignedRequest): Nip98Result {
  const event = parseToken(token);
  if (event === undefined) return refuse("The Authorization header holds no base64 Nostr event.");
  const fault = findFault(event, request);
  if (fault !== undefined) return refuse(fault);
  // Last, because it is the dearest check.
  if (!verifyEvent(event)) return refuse("The event's id or signature is wrong.");
  return {
    ok: true,
    pubkey: event.pubkey,
    eventId: event.id,
    rememberUntil: new Date((event.created_at + SEEN_SECONDS) * 1000),
  };
}

function refuse(reason: string): Nip98Result {
  return { ok: false, reason };
}

function parseToken(token: string): NostrEvent | undefined {
  if (token.length > HEADER_CHARS_MAX || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(token)) return undefined;
  try {
    return parseNostrEvent(JSON.parse(Buffer.from(token, "base64").toString("utf8")));
  } catch {
    return undefined;
  }
}

function findFault(event: NostrEvent, request: SignedRequest): string | undefined {
  if (event.kind !== NIP98_KIND) return `The event's kind must be ${String(NIP98_KIND)}.`;
  const ageSeconds = request.now.getTime() / 1000 - event.created_at;
  if (Math.abs(ageSeconds) > WINDOW_SECONDS)
    return "The event's created_at is more than 60 s away from the gateway's clock.";
  // A second tag of the same name would let two readers see two different requests.
  for (const name of ["u", "method", "payload"]) {
    if (listTags(event, name).length > 1) return `The event has more than one ${name} tag.`;
  }
  if (findTag(event, "u") !== request.url) return "The event's u tag is not the URL of this request.";
  if (findTag(event, "method")?.toUpperCase() !== request.method)
    return "The event's method tag is not the method of this request.";
  const payload = findTag(event, "payload");
  if (request.bodySha256 === undefined) return undefined;
  if (payload === undefined) return "The event has no payload tag, but the request has a body.";
  return payload.toLowerCase() === request.bodySha256
    ? undefined
    : "The event's payload tag is not the sha256 of the body.";
}
