import { schnorr } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { hex } from "@scure/base";

import type { EventDraft, NostrEvent } from "./nostr-event.js";

/** What JSON can hold. Money paths carry integers only. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/** Kinds of the gateway's events (NIP-01 addressable range). */
export const KIND = {
  serviceRequest: 31500,
  serviceResponse: 31501,
  notification: 31502,
  intent: 31510,
  challenge: 31511,
  response: 31512,
  confirmation: 31340,
  failure: 31341,
} as const;

const utf8 = new TextEncoder();

/**
 * JSON with keys sorted by code point at every level, no spaces, raw UTF-8 and integers only; the form every digest
 * of the protocol is taken over. Throws on floats, unsafe integers, lone surrogates and anything JSON cannot hold.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean") return JSON.stringify(value);
  if (typeof value === "string") return canonicalString(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new TypeError(`canonical JSON holds safe integers only, not ${value}`);
    // -0 would print as 0 and compare equal, so it is the same value.
    return String(value + 0);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object") {
    const entries = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => compareCodePoints(a, b));
    return `{${entries.map(([key, member]) => `${canonicalString(key)}:${canonicalJson(member)}`).join(",")}}`;
  }
  throw new TypeError(`canonical JSON cannot hold a ${typeof value}`);
}

function canonicalString(value: string): string {
  if (/\p{Surrogate}/u.test(value)) throw new TypeError("canonical JSON cannot hold a lone surrogate");
  return JSON.stringify(value);
}

/** JavaScript compares UTF-16 units, which puts code points above U+FFFF before U+E000..U+FFFF; the protocol does not. */
function compareCodePoints(a: string, b: string): number {
  const left = Array.from(a);
  const right = Array.from(b);
  for (let i = 0; i < left.length && i < right.length; i += 1) {
    const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Lower-case hex SHA-256 of bytes, or of a string as UTF-8. */
export function sha256Hex(data: string | Uint8Array): string {
  return hex.encode(sha256(typeof data === "string" ? utf8.encode(data) : data));
}

/** BIP340 tagged hash: sha256(sha256(tag) || sha256(tag) || message), as hex. */
export function taggedHash(tag: string, message: string | Uint8Array): string {
  return hex.encode(schnorr.utils.taggedHash(tag, typeof message === "string" ? utf8.encode(message) : message));
}

/** `sha256:` + hex digest of the canonical JSON: how a 31512 names what it answers. */
export function payloadRef(payload: unknown): string {
  return `sha256:${sha256Hex(canonicalJson(payload))}`;
}

/** Digest of an intent's {action_id, type, params}, as payloads of `sign_payload` challenges are built from. */
export function makeIntentDigest(actionId: string, type: string, params: Readonly<Record<string, unknown>>): string {
  return sha256Hex(canonicalJson({ action_id: actionId, type, params }));
}

/** session_id of a session opened by a published 31510: hex sha256("arkrelay/session" || event id bytes). */
export function sessionIdOfIntent(eventId: string): string {
  return hex.encode(sha256(new Uint8Array([...utf8.encode("arkrelay/session"), ...hex.decode(eventId)])));
}

/** Content of a 31510. `expires_at` in unix seconds. */
/** The `d` of the result of an action: an action_id is unique per author only, and the gateway signs results for all of them. */
export function resultSubject(authorPubkey: string, actionId: string): string {
  return sha256Hex(`${authorPubkey}:${actionId}`).slice(0, 32);
}

export interface IntentContent {
  readonly action_id: string;
  readonly type: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly expires_at?: number | string | undefined;
  readonly network?: string | undefined;
  readonly solver_id?: string | undefined;
  /** Unix seconds or ISO-8601. */
  readonly deadline?: number | string | undefined;
  readonly recipient_pubkey?: string | undefined;
  readonly min_out_amount?: number | undefined;
}

/**
 * An unsigned 31510 for the gateway: content, `p`, `d`, `v` and `expiration` tags.
 * The content is canonical JSON, so amounts that are not safe integers throw here instead of being refused later.
 */
export function buildIntent31510(
  actionId: string,
  type: string,
  params: Readonly<Record<string, unknown>>,
  expiresAt: number,
  extra: { readonly gatewayPubkey: string; readonly network?: string; readonly solver_id?: string },
): EventDraft & { readonly intent: IntentContent } {
  const { gatewayPubkey, ...rest } = extra;
  const intent: IntentContent = { action_id: actionId, type, params, expires_at: expiresAt, ...rest };
  return {
    intent,
    kind: KIND.intent,
    content: canonicalJson(intent),
    tags: [
      ["p", gatewayPubkey],
      ["d", actionId],
      ["v", "1"],
      ["expiration", String(expiresAt)],
    ],
  };
}

/** The plain text of a 31500 (canonical JSON, to be encrypted for the gateway) and the tags of its event. */
export function buildServiceRequest31500(
  requestId: string,
  action: string,
  fields: Readonly<Record<string, unknown>>,
  extra: { readonly gatewayPubkey: string; readonly expiresAt: number },
): Omit<EventDraft, "content"> & { readonly plainText: string } {
  return {
    kind: KIND.serviceRequest,
    plainText: canonicalJson({ ...fields, request_id: requestId, action }),
    tags: [
      ["p", extra.gatewayPubkey],
      ["d", requestId],
      ["expiration", String(extra.expiresAt)],
    ],
  };
}

/** What one member of a batch gets exactly, where its intent says a minimum. Base units. */
export interface Allocation {
  readonly action_id: string;
  readonly receive: readonly { readonly asset_id: string; readonly amount: number }[];
}

/** The fields of a `submit_batch` request, and the `intent_data` of an atomic_swap session. `expiresAt` in unix seconds. */
export function buildSubmitBatch(
  batchId: string,
  intents: readonly NostrEvent[],
  expiresAt: number,
  allocations?: readonly Allocation[],
): Readonly<Record<string, unknown>> {
  return {
    batch_id: batchId,
    intents,
    ...(allocations === undefined ? {} : { allocations }),
    expires_at: expiresAt,
  };
}

/** One BIP340 signature over one item of a `sign_tx` challenge. */
export interface ItemSignature {
  readonly txid: string;
  readonly input: number;
  /** 128 hex. */
  readonly sig: string;
}

/** Content of a 31512. Exactly one of `signature` and `signatures`. */
export interface Response31512 {
  readonly session_id: string;
  readonly type: "sign_tx" | "sign_payload" | "sign_intent_proof";
  readonly payload_ref: string;
  readonly algo: "BIP340";
  readonly challenge_id?: string | undefined;
  readonly pubkey?: string | undefined;
  readonly signature?: string | undefined;
  readonly signatures?: readonly ItemSignature[] | undefined;
  readonly checkpoint_signatures?: readonly ItemSignature[] | undefined;
}

/** The content of a 31512; `type` and `algo` are always set. One string for `sign_payload`, a list for `sign_tx`. */
export function buildResponse31512(
  sessionId: string,
  signatures: string | readonly ItemSignature[],
  fields: {
    readonly payload_ref: string;
    readonly type: Response31512["type"];
    readonly challenge_id?: string;
    readonly checkpoint_signatures?: readonly ItemSignature[];
  },
): Response31512 {
  const answer = typeof signatures === "string" ? { signature: signatures } : { signatures };
  return { session_id: sessionId, algo: "BIP340", ...fields, ...answer };
}
