import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { base64 } from "@scure/base";

/** Standard Webhooks 1.0.0: `whsec_` and the base64 of 24 to 64 random bytes. */
const SECRET_PREFIX = "whsec_";
export const SECRET_BYTES = 32;

export function formatWebhookSecret(bytes: Uint8Array): string {
  return `${SECRET_PREFIX}${base64.encode(bytes)}`;
}

export interface SignedMessage {
  /** `webhook-id`: the same for every try of an event. */
  readonly id: string;
  /** `webhook-timestamp`, unix seconds: of this try, so that receivers can refuse old ones. */
  readonly timestampSeconds: number;
  /** The exact text that is sent. */
  readonly body: string;
}

/** The three headers of a delivery (Standard Webhooks 1.0.0); one signature per secret, so two while one is being rotated. */
export function webhookHeaders(message: SignedMessage, secrets: readonly string[]): Readonly<Record<string, string>> {
  const signatures = secrets.map((secret) => `v1,${signatureOf(message, secret)}`);
  return {
    "webhook-id": message.id,
    "webhook-timestamp": String(message.timestampSeconds),
    "webhook-signature": signatures.join(" "),
  };
}

function signatureOf({ id, timestampSeconds, body }: SignedMessage, secret: string): string {
  const key = base64.decode(secret.slice(SECRET_PREFIX.length));
  return base64.encode(hmac(sha256, key, utf8ToBytes(`${id}.${timestampSeconds}.${body}`)));
}
