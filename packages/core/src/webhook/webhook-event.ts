/** What an endpoint may subscribe to (http.md 6). `webhook.test` comes on request only and is always delivered. */
export const WEBHOOK_EVENT_TYPES = [
  "session.created",
  "session.challenge_sent",
  "session.completed",
  "session.failed",
  "session.expired",
  "transaction.finalized",
  "lightning.lift.accepted",
  "lightning.lift.paid",
  "lightning.lift.expired",
  "lightning.lift.cancelled",
  "lightning.land.in_flight",
  "lightning.land.paid",
  "lightning.land.failed",
  "lightning.land.refunded",
  "job.completed",
  "job.failed",
  "bucket.created",
  "bucket.failed",
  "message.outbound",
  "message.inbound",
  "intent.received",
  "vtxo.expiring",
  "asset.issued",
  "settlement.committed",
  "alert.fired",
  "alert.resolved",
] as const;
export type WebhookEventType = (typeof WEBHOOK_EVENT_TYPES)[number];

export const TEST_EVENT_TYPE = "webhook.test";

/** In the list of an endpoint: everything its owner may receive, also what later releases add. */
export const ALL_EVENTS = "*";

/**
 * Who may receive an event. `principals`: the endpoints of these owners (`created_by` of a session, `nostr:<pubkey>` of a key
 * owner) and the operator's. `everyone`: public facts. `admin`: the operator's endpoints alone.
 */
export type WebhookAudience =
  | { readonly kind: "principals"; readonly principals: readonly string[] }
  | { readonly kind: "everyone" }
  | { readonly kind: "admin" };

/** `data` of a body: JSON, amounts as integers in base units. */
export type WebhookData = Readonly<Record<string, unknown>>;

/** Something that happened, as it is announced in the transaction that makes it so. */
export interface WebhookEvent {
  readonly type: WebhookEventType;
  /** What it is about (`session:<id>`, `job:<id>`): endpoints that asked for order get the events of one object one by one. */
  readonly objectKey: string;
  readonly audience: WebhookAudience;
  /** `X-Request-Id` of the call that caused it; absent = of the work that is being done, undefined = none. */
  readonly requestId?: string | undefined;
  /**
   * The body's `data` for one owner of endpoints. Asked only when somebody listens, inside the transaction, so it may read rows
   * and must not write.
   */
  readonly dataFor: (owner: string) => WebhookData | Promise<WebhookData>;
}

/** The operator's endpoints; they get whatever they subscribe to. */
export const ADMIN_OWNER = "admin";

export function ownerOfKey(pubkey: string): string {
  return `nostr:${pubkey}`;
}

/** The key behind an owner of endpoints, if it is one. */
export function keyOfOwner(owner: string): string | undefined {
  return owner.startsWith("nostr:") ? owner.slice("nostr:".length) : undefined;
}

export function isSubscribed(events: readonly string[], type: string): boolean {
  return events.includes(ALL_EVENTS) || events.includes(type);
}

/** The exact text that is stored, signed and sent. */
export function webhookBody(type: string, at: Date, data: WebhookData, requestId: string | undefined): string {
  return JSON.stringify({ type, timestamp: at.toISOString(), data, request_id: requestId ?? null });
}
