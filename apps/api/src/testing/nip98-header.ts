import { createHash, randomBytes } from "node:crypto";

import { computeEventId } from "@arkrelay/core/nostr/event-id";
import { signSchnorr } from "@arkrelay/core/schnorr";
import type { TestKey } from "@arkrelay/core/testing/ark-transfer";

export interface SignedCall {
  readonly method: string;
  readonly url: string;
  readonly body?: string | undefined;
  readonly createdAt?: number;
  readonly kind?: number;
  /** Instead of the body's own hash; null leaves the tag out. */
  readonly payload?: string | null;
}

/** `Authorization` of a NIP-98 call, right unless the options make it wrong. */
export function nip98Header(key: TestKey, call: SignedCall): string {
  const hash = call.body === undefined ? undefined : createHash("sha256").update(call.body).digest("hex");
  const payload = call.payload === undefined ? hash : call.payload;
  const template = {
    kind: call.kind ?? 27_235,
    created_at: call.createdAt ?? Math.floor(Date.now() / 1000),
    tags: [
      ["u", call.url],
      ["method", call.method],
      ["nonce", randomBytes(8).toString("hex")],
      ...(payload === undefined || payload === null ? [] : [["payload", payload]]),
    ],
    content: "",
  };
  const id = computeEventId(key.pubkey, template);
  const sig = Buffer.from(signSchnorr(Buffer.from(id, "hex"), key.secretKey, randomBytes(32))).toString("hex");
  const event = { ...template, id, pubkey: key.pubkey, sig };
  return `Nostr ${Buffer.from(JSON.stringify(event)).toString("base64")}`;
}
