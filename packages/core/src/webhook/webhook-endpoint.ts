/** Where a solver wants its events. The secrets are opened by the store, for the worker that signs. */
export interface WebhookEndpoint {
  readonly id: bigint;
  /** Opaque `wh_…`. */
  readonly endpointId: string;
  /** Principal that made it: what it may receive follows from that. */
  readonly owner: string;
  readonly url: string;
  /** Event types, or `*`. */
  readonly events: readonly string[];
  readonly description: string | undefined;
  /** Events of one object go out one after the other, in the order they happened. */
  readonly ordered: boolean;
  readonly status: "active" | "paused";
  /** Why the gateway paused it; undefined when its owner did. */
  readonly disabledReason: string | undefined;
  /** Failed calls since the last success. */
  readonly failureCount: number;
  /** Of the first of them. */
  readonly failingSince: Date | undefined;
  readonly createdAt: Date;
}

/** A call that a worker has begun and not noted the end of. After `until` its worker is taken for dead. */
export interface OpenCall {
  readonly deliveryId: string;
  readonly until: Date;
}

export interface EndpointSecrets {
  readonly current: string;
  /** Signed with too, until `previousValidUntil`. */
  readonly previous: string | undefined;
}

export interface WebhookDelivery {
  readonly id: bigint;
  /** Opaque `whd_…`; the key of its row as work. */
  readonly deliveryId: string;
  readonly endpointRowId: bigint;
  /** `webhook-id`: the same for every endpoint, try and redelivery of an event. */
  readonly eventId: string;
  readonly eventType: string;
  readonly objectKey: string;
  readonly body: string;
  readonly status: "pending" | "delivered" | "failed";
  /** 0 = the first; a redelivery is a row of its own with the next number. */
  readonly copy: number;
  /** Calls that were made and whose end was noted. */
  readonly attempts: number;
  readonly attemptLog: readonly DeliveryAttempt[];
  readonly responseStatus: number | undefined;
  /** The beginning of the last answer. */
  readonly responseExcerpt: string | undefined;
  readonly latencyMs: number | undefined;
  readonly nextAttemptAt: Date | undefined;
  readonly createdAt: Date;
}

/** One call, as the log of a delivery shows it. */
export interface DeliveryAttempt {
  readonly at: string;
  readonly response_status: number | null;
  readonly latency_ms: number;
  /** Why there was no answer, or why it does not count; a public sentence. */
  readonly error: string | null;
}

/** What a delivery waits for when it is not due by itself: an earlier one of its object, a free call, or its endpoint. */
export type DeliveryWait = "order" | "slot" | "endpoint";
