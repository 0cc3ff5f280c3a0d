import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { base64 } from "@scure/base";
import { z } from "zod";

import { VerificationError } from "./errors.js";

/** What the gateway sends: `data` depends on `type`. */
export interface WebhookEvent {
  /** `webhook-id`: the same for every try and redelivery of an event. Keep those you have handled, and handle none twice. */
  readonly id: string;
  readonly type: string;
  /** ISO 8601: when it happened. */
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Of the call that caused it, when there was one. */
  readonly request_id: string | null;
}

/** Headers as Node, Express or fetch give them. */
export type WebhookHeaders =
  | { get(name: string): string | null | undefined }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface VerifyWebhookOptions {
  /** How far `webhook-timestamp` may be from now, either way. */
  readonly toleranceSeconds?: number;
  /** Unix seconds, for tests. */
  readonly now?: number;
}

const TOLERANCE_SECONDS = 300;
const SECRET_PREFIX = "whsec_";

const bodySchema = z.looseObject({
  type: z.string(),
  timestamp: z.string(),
  data: z.record(z.string(), z.unknown()),
  request_id: z.string().nullish(),
});

/**
 * Checks a delivery (Standard Webhooks 1.0.0) and returns its event. `rawBody` is what came over the wire, byte for byte: a body that
 * was parsed and written again has another signature. `secrets`: the current one, and during a rotation both. Throws
 * VerificationError: `signature` (headers missing or none of the signatures right), `stale` (outside the time window), `payload`
 * (signed, and not an event).
 */
export function verifyWebhook(
  rawBody: string | Uint8Array,
  headers: WebhookHeaders,
  secrets: string | readonly string[],
  options: VerifyWebhookOptions = {},
): WebhookEvent {
  const id = headerOf(headers, "webhook-id");
  const timestamp = headerOf(headers, "webhook-timestamp");
  const sent = headerOf(headers, "webhook-signature");
  if (id === undefined || timestamp === undefined || sent === undefined)
    throw new VerificationError("signature", "the webhook headers are missing");
  requireFresh(timestamp, options);
  const body = typeof rawBody === "string" ? utf8ToBytes(rawBody) : rawBody;
  const signed = concat(utf8ToBytes(`${id}.${timestamp}.`), body);
  const expected = listOf(secrets).map((secret) => hmac(sha256, keyOf(secret), signed));
  const isSigned = signaturesOf(sent).some((signature) => expected.some((right) => isSame(signature, right)));
  if (!isSigned) throw new VerificationError("signature", "no signature of a known secret");
  return toEvent(id, body);
}

function headerOf(headers: WebhookHeaders, name: string): string | undefined {
  const value = typeof headers["get"] === "function" ? headers.get(name) : fieldOf(headers, name);
  return value === null || value === "" ? undefined : value;
}

/** Node writes header names in lower case; others may not. */
function fieldOf(headers: WebhookHeaders, name: string): string | undefined {
  const found = Object.entries(headers).find(([key]) => key.toLowerCase() === name);
  const value: unknown = found?.[1];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === "string" ? first : undefined;
}

function requireFresh(timestamp: string, options: VerifyWebhookOptions): void {
  const { toleranceSeconds = TOLERANCE_SECONDS, now = Math.floor(Date.now() / 1000) } = options;
  if (!/^\d{1,12}$/.test(timestamp)) throw new VerificationError("stale", "webhook-timestamp is no time");
  if (Math.abs(now - Number(timestamp)) > toleranceSeconds)
    throw new VerificationError("stale", "webhook-timestamp is too far from now");
}

function listOf(secrets: string | readonly string[]): readonly string[] {
  const list = typeof secrets === "string" ? [secrets] : secrets;
  if (list.length === 0) throw new TypeError("verifyWebhook needs a secret");
  return list;
}

/** A wrong secret is the caller's mistake, not the sender's. */
function keyOf(secret: string): Uint8Array {
  if (!secret.startsWith(SECRET_PREFIX)) throw new TypeError("a webhook secret begins with whsec_");
  return base64.decode(secret.slice(SECRET_PREFIX.length));
}

/** Other versions (v1a) are for others to check; what is not base64 matches nothing. */
function signaturesOf(header: string): readonly Uint8Array[] {
  return header.split(" ").flatMap((entry) => {
    const [, text] = /^v1,([A-Za-z0-9+/]{43}=)$/.exec(entry) ?? [];
    return text === undefined ? [] : [base64.decode(text)];
  });
}

/** In constant time for equal lengths, and all signatures have one. */
function isSame(left: Uint8Array, right: Uint8Array): boolean {
  let difference = left.length ^ right.length;
  for (let index = 0; index < right.length; index++) difference |= (left[index] ?? 0) ^ (right[index] ?? 0);
  return difference === 0;
}

function concat(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}

function toEvent(id: string, body: Uint8Array): WebhookEvent {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw new VerificationError("payload", "the body is not JSON", { cause });
  }
  const event = bodySchema.safeParse(parsed);
  if (!event.success) throw new VerificationError("payload", "the body is not an event", { cause: event.error });
  const { type, timestamp, data, request_id } = event.data;
  return { id, type, timestamp, data, request_id: request_id ?? null };
}
