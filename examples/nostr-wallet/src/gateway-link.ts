import { randomBytes } from "node:crypto";

import type { Filter } from "nostr-tools/filter";
import { decrypt, encrypt, getConversationKey } from "nostr-tools/nip44";
import { SimplePool, useWebSocketImplementation } from "nostr-tools/pool";
import { type Event, finalizeEvent, getPublicKey } from "nostr-tools/pure";
import { WebSocket } from "ws";

import { fromHex } from "./bytes.js";

// Node before 22 has no WebSocket of its own.
useWebSocketImplementation(WebSocket);

export const KIND = {
  request: 31500,
  response: 31501,
  notification: 31502,
  intent: 31510,
  challenge: 31511,
  answer: 31512,
  confirmation: 31340,
  failure: 31341,
} as const;

/** A refusal with the number of the gateway's error table. */
export class GatewayRefusal extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(`the gateway refused (${code}): ${message}`);
    this.name = "GatewayRefusal";
  }
}

export interface LinkOptions {
  readonly secretKey: string;
  readonly gatewayPubkey: string;
  readonly relays: readonly string[];
}

export interface GatewayLink {
  /** x-only key of the wallet, 64 hex. */
  readonly pubkey: string;
  /** Asks a service and waits for its answer. Rejects with GatewayRefusal, or when nothing came in time. */
  request(action: string, fields?: object): Promise<Record<string, unknown>>;
  /** A signed event to the gateway that expires by NIP-40; `content` is sent as it is. */
  sign(kind: number, content: string, tags: readonly string[][], expiresAt?: number): Event;
  /** Resolves once one relay has taken it. */
  publish(event: Event): Promise<void>;
  /** Every event of the gateway that matches, stored ones first, each once. Returns how to stop. */
  listen(filter: Filter, onEvent: (event: Event) => void): () => void;
  encrypt(plainText: string): string;
  decrypt(event: Event): unknown;
  close(): void;
}

const REQUEST_SECONDS = 60;

export const nowSeconds = (): number => Math.floor(Date.now() / 1000);

/** 8 to 64 characters; the identity of what it names, so a repeat does nothing twice. */
export const newId = (prefix: string): string => `${prefix}-${randomBytes(12).toString("hex")}`;

/** Speaks with one gateway over all relays at once. nostr-tools checks id and signature of every event it hands out. */
export function openGatewayLink({ secretKey, gatewayPubkey, relays }: LinkOptions): GatewayLink {
  const secret = fromHex(secretKey);
  const pubkey = getPublicKey(secret);
  const shared = getConversationKey(secret, gatewayPubkey);
  const pool = new SimplePool({ enableReconnect: true });
  const urls = [...relays];

  const link: GatewayLink = {
    pubkey,
    request: (action, fields = {}) => request(link, action, fields),
    sign(kind, content, tags, expiresAt) {
      const expiration = expiresAt === undefined ? [] : [["expiration", String(expiresAt)]];
      const template = {
        kind,
        created_at: nowSeconds(),
        content,
        tags: [["p", gatewayPubkey], ...tags, ...expiration],
      };
      return finalizeEvent(template, secret);
    },
    async publish(event) {
      await Promise.any(pool.publish(urls, event));
    },
    listen(filter, onEvent) {
      const sub = pool.subscribeMany(urls, { ...filter, authors: [gatewayPubkey] }, { onevent: onEvent });
      return () => sub.close();
    },
    encrypt: (plainText) => encrypt(plainText, shared),
    decrypt: (event) => JSON.parse(decrypt(event.content, shared)) as unknown,
    close: () => pool.destroy(),
  };
  return link;
}

/** The answer names the request by an `e` tag. Without the expiration a gateway that was away would not know for how long we wait. */
async function request(link: GatewayLink, action: string, fields: object): Promise<Record<string, unknown>> {
  const requestId = newId("request");
  const content = link.encrypt(JSON.stringify({ request_id: requestId, action, ...fields }));
  const event = link.sign(KIND.request, content, [["d", requestId]], nowSeconds() + REQUEST_SECONDS);
  let stop = (): void => undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`${action}: no answer in time`)), REQUEST_SECONDS * 1000);
      stop = link.listen({ kinds: [KIND.response], "#p": [link.pubkey], "#e": [event.id] }, (received) => {
        const answer = link.decrypt(received) as Record<string, unknown>;
        if (answer["request_id"] !== requestId) return;
        if (answer["status"] !== "error") return resolve(answer);
        reject(new GatewayRefusal(Number(answer["error_code"]), String(answer["error_message"])));
      });
      link.publish(event).catch(reject);
    });
  } finally {
    clearTimeout(timer);
    stop();
  }
}
