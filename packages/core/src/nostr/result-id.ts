import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

/**
 * D(id): the `d` of results we sign about ids that others chose. Such ids are unique per author only, so the author is part
 * of the hash. First 32 hex digits of sha256(`<author hex>:<id>`).
 */
export function resultId(authorPubkey: string, id: string): string {
  return bytesToHex(sha256(utf8ToBytes(`${authorPubkey}:${id}`))).slice(0, 32);
}

/** The id to hash for a session: its action_id, prefixed with the creator when the owner did not prove the session. */
export function namespacedActionId(actionId: string, unprovenCreator: string | undefined): string {
  return unprovenCreator === undefined ? actionId : `${unprovenCreator}/${actionId}`;
}
