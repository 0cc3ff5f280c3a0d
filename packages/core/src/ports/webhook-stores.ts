import type {
  DeliveryAttempt,
  DeliveryWait,
  EndpointSecrets,
  OpenCall,
  WebhookDelivery,
  WebhookEndpoint,
} from "../webhook/webhook-endpoint";
import type { WebhookEvent } from "../webhook/webhook-event";
import type { Tx } from "./transactions";
import type { Wake } from "./waker";

/**
 * How anything is announced to webhooks: one call in the transaction that makes it so. It writes one delivery per active endpoint
 * that is subscribed to it and whose owner may receive it (`event.audience`), and has them woken after COMMIT.
 */
export interface WebhookOutbox {
  announce(tx: Tx, event: WebhookEvent): Promise<void>;
}

export interface NewWebhookEndpoint {
  readonly endpointId: string;
  readonly owner: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly description: string | undefined;
  readonly ordered: boolean;
  readonly secret: string;
}

/** An absent key leaves a column, `null` empties it. */
export interface WebhookEndpointChange {
  readonly url?: string;
  readonly events?: readonly string[];
  readonly description?: string | null;
  readonly ordered?: boolean;
  readonly status?: WebhookEndpoint["status"];
  readonly disabledReason?: string | null;
  readonly failureCount?: number;
  readonly failingSince?: Date | null;
  readonly calls?: readonly OpenCall[];
}

export interface WebhookEndpointStore {
  /** Locks a row of the owner first, so that the limit counted after it cannot be raced. */
  countOfOwner(tx: Tx, owner: string): Promise<number>;
  insert(tx: Tx, endpoint: NewWebhookEndpoint): Promise<WebhookEndpoint>;
  find(endpointId: string): Promise<WebhookEndpoint | undefined>;
  /** FOR UPDATE. */
  lock(tx: Tx, endpointId: string): Promise<WebhookEndpoint | undefined>;
  /** Newest first; undefined = everybody's (operator). */
  list(owner: string | undefined, limit: number, beforeId: bigint | undefined): Promise<readonly WebhookEndpoint[]>;
  update(tx: Tx, endpoint: WebhookEndpoint, change: WebhookEndpointChange): Promise<WebhookEndpoint>;
  /** The secret until now stays valid until `previousValidUntil`; the one before it is forgotten. */
  rotateSecret(tx: Tx, endpoint: WebhookEndpoint, secret: string, previousValidUntil: Date): Promise<void>;
  /** With its deliveries that are still to be made. */
  delete(tx: Tx, endpoint: WebhookEndpoint): Promise<void>;
}

/** Of a delivery, as a worker begins it: under the lock of its endpoint. */
export interface DeliveryPosition {
  readonly delivery: WebhookDelivery;
  /** undefined = deleted. */
  readonly endpoint: WebhookEndpoint | undefined;
  readonly calls: readonly OpenCall[];
  /** Whether an earlier event of the same object still waits to be delivered there. */
  readonly hasEarlier: boolean;
}

export interface DeliveryFilter {
  readonly status?: WebhookDelivery["status"];
}

export interface ReplayFilter {
  readonly statuses: readonly WebhookDelivery["status"][];
  /** Oldest event that is sent again. */
  readonly since: Date | undefined;
  readonly eventTypes: readonly string[] | undefined;
}

export interface WebhookDeliveryStore {
  /** A further delivery to one endpoint: a test, a redelivery. `copy` is counted up when the event was sent there before. */
  insert(
    tx: Tx,
    endpoint: WebhookEndpoint,
    event: Pick<WebhookDelivery, "eventId" | "eventType" | "objectKey" | "body">,
  ): Promise<{ readonly deliveryId: string; readonly wake: Wake }>;
  find(endpointRowId: bigint, deliveryId: string): Promise<WebhookDelivery | undefined>;
  /** Newest first. */
  list(
    endpointRowId: bigint,
    filter: DeliveryFilter,
    limit: number,
    beforeId: bigint | undefined,
  ): Promise<readonly WebhookDelivery[]>;
  /** First deliveries (no redeliveries) behind `afterId`, oldest first. */
  listForReplay(
    endpointRowId: bigint,
    filter: ReplayFilter,
    limit: number,
    afterId: bigint,
  ): Promise<readonly WebhookDelivery[]>;
  /**
   * Locks the endpoint, then reads. All that happens to an endpoint's calls happens under this lock, so that a call that ends and a
   * delivery that waits for it cannot miss each other.
   */
  lockPosition(tx: Tx, deliveryId: string): Promise<DeliveryPosition | undefined>;
  openSecrets(tx: Tx, endpoint: WebhookEndpoint, now: Date): Promise<EndpointSecrets>;
  /** It waits, without a time of its own, until it is woken. `undefined` = it does not wait any more. */
  setWait(tx: Tx, delivery: WebhookDelivery, wait: DeliveryWait | undefined): Promise<void>;
  recordAttempt(
    tx: Tx,
    delivery: WebhookDelivery,
    end: {
      readonly status: WebhookDelivery["status"];
      readonly attempt: DeliveryAttempt;
      readonly responseExcerpt: string | undefined;
    },
  ): Promise<void>;
  /** Ends what can never be sent. */
  close(tx: Tx, delivery: WebhookDelivery): Promise<void>;
  /** The oldest delivery of the endpoint that waits for a free call. */
  wakeNextForSlot(tx: Tx, endpointRowId: bigint): Promise<Wake | undefined>;
  /** The next event of the same object behind `delivery`. */
  wakeNextInOrder(tx: Tx, delivery: WebhookDelivery): Promise<Wake | undefined>;
  /** Everything that waits for its endpoint becomes due; the sweeper wakes it, however much it is. */
  releaseWaiting(tx: Tx, endpointRowId: bigint): Promise<void>;
}

/** What one call came to. `error` is a public sentence: no address of our network, nothing of a library's. */
export interface WebhookAnswer {
  readonly status: number | undefined;
  readonly excerpt: string | undefined;
  readonly latencyMs: number;
  readonly error: string | undefined;
}

/** One POST of at most the configured time, to an address that was checked; redirects are not followed. Never throws. */
export interface WebhookSender {
  send(call: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly signal: AbortSignal;
  }): Promise<WebhookAnswer>;
}
