import { sha256 } from "@noble/hashes/sha2.js";
import { hex } from "@scure/base";
import { serializeEvent } from "nostr-tools/pure";
import { verifySchnorr } from "tiny-secp256k1";
import { z } from "zod";

const HEX_32 = z.string().regex(/^[0-9a-f]{64}$/);
const KIND_MAX = 65_535;

/** NIP-01: seven fields, lower-case hex of exact length, tags of strings. */
export const NostrEvent = z.strictObject({
  id: HEX_32,
  pubkey: HEX_32,
  created_at: z.number().int().nonnegative(),
  kind: z.number().int().min(0).max(KIND_MAX),
  tags: z.array(z.array(z.string())),
  content: z.string(),
  sig: z.string().regex(/^[0-9a-f]{128}$/),
});
export type NostrEvent = z.infer<typeof NostrEvent>;

/** Why an event is not authentic; undefined when it is. The id is recomputed, then the BIP340 signature checked over it. */
export function authenticityProblem(event: NostrEvent): string | undefined {
  const id = sha256(new TextEncoder().encode(serializeEvent(event)));
  if (hex.encode(id) !== event.id) return "invalid: the id is not the hash of the event";
  return isSignedBy(event.pubkey, id, event.sig) ? undefined : "invalid: the signature does not verify";
}

function isSignedBy(pubkey: string, id: Uint8Array, sig: string): boolean {
  try {
    return verifySchnorr(id, hex.decode(pubkey), hex.decode(sig));
  } catch {
    // The library throws on a key that is no point of the curve.
    return false;
  }
}

/** The first value of the first tag with this name. */
export function tagValue(event: NostrEvent, name: string): string | undefined {
  return event.tags.find(([tag]) => tag === name)?.[1];
}

/** NIP-40, unix seconds; undefined when there is none or it is no number. */
export function expirationOf(event: NostrEvent): number | undefined {
  const value = Number(tagValue(event, "expiration") ?? Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}

export function isEphemeral(kind: number): boolean {
  return kind >= 20_000 && kind < 30_000;
}

/** The slot in which only the newest event survives; undefined for regular events. */
export function replacementKey(event: NostrEvent): string | undefined {
  const { kind, pubkey } = event;
  if (kind === 0 || kind === 3 || (kind >= 10_000 && kind < 20_000)) return `${kind}:${pubkey}`;
  // A missing d tag is the same slot as an empty one.
  if (kind >= 30_000 && kind < 40_000) return `${kind}:${pubkey}:${tagValue(event, "d") ?? ""}`;
  return undefined;
}

/** Newer wins; of the same second the lower id wins. */
export function supersedes(left: NostrEvent, right: NostrEvent): boolean {
  return left.created_at === right.created_at ? left.id < right.id : left.created_at > right.created_at;
}
