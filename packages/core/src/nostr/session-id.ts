import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";

import type { Random } from "../ports/random";

/** session_id of an intent that came by Nostr: sha256(`arkrelay/session` || event id bytes), so that a replay meets its session. */
export function sessionIdOfEvent(eventId: string): string {
  return bytesToHex(sha256(concatBytes(utf8ToBytes("arkrelay/session"), hexToBytes(eventId))));
}

/** session_id of a batch's member, whose intent may come by itself as well: the intent's event id and that of the batch request. */
export function sessionIdOfMember(intentEventId: string, requestEventId: string): string {
  const bytes = concatBytes(utf8ToBytes("arkrelay/session"), hexToBytes(intentEventId), hexToBytes(requestEventId));
  return bytesToHex(sha256(bytes));
}

/** session_id of a session opened over HTTP: 128 random bits. Never derived from content, which others could repeat. */
export function randomSessionId(random: Random): string {
  return bytesToHex(random.bytes(16));
}
