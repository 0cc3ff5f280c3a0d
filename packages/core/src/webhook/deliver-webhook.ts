import type { Clock } from "../ports/clock";
import type { Random } from "../ports/random";
import type { Transactions, Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import type {
  DeliveryPosition,
  WebhookAnswer,
  WebhookDeliveryStore,
  WebhookEndpointChange,
  WebhookEndpointStore,
  WebhookSender,
} from "../ports/webhook-stores";
import { deliveryPauseMs, GIVE_UP_AFTER_MS } from "./delivery-schedule";
import { webhookHeaders } from "./sign-webhook";
import type { DeliveryWait, EndpointSecrets, OpenCall, WebhookDelivery, WebhookEndpoint } from "./webhook-endpoint";

export interface DeliverWebhookDeps {
  readonly clock: Clock;
  readonly random: Pick<Random, "bytes">;
  readonly transactions: Transactions;
  readonly endpoints: Pick<WebhookEndpointStore, "update">;
  readonly deliveries: WebhookDeliveryStore;
  readonly sender: WebhookSender;
  /** Longer than any call and the note of its end: after it a call counts as lost with its worker. */
  readonly callLostAfterMs: number;
  /** Tells the owner of an endpoint that the gateway has paused it, in the transaction that does. */
  readonly noticePause?: (tx: Tx, endpoint: WebhookEndpoint) => Promise<void>;
  /** Counts and logs; told after the commit. */
  readonly observer?: DeliveryObserver;
}

export interface DeliveryObserver {
  readonly onAttempt: (status: WebhookDelivery["status"]) => void;
  /** The gateway has paused an endpoint by itself. */
  readonly onPaused: (endpoint: WebhookEndpoint) => void;
}

export interface DeliveryRun {
  readonly deliveryId: string;
  /** Throws when the worker's attempt no longer has the row. */
  readonly guard: (tx: Tx) => Promise<void>;
  readonly signal: AbortSignal;
}

export interface DeliveryStep {
  readonly runAgainAt?: Date;
  readonly wakes: readonly Wake[];
}

/** http.md 6: at most this many calls at once to one endpoint, over all workers. */
const CALLS_MAX = 2;
const NOTHING: DeliveryStep = { wakes: [] };

/**
 * One try of one delivery. Its beginning and its end are two short transactions, and the call is between them: a worker that dies
 * there leaves the row to the next, which sends the same event id once more (at least once, never none).
 */
export async function deliverWebhook(deps: DeliverWebhookDeps, run: DeliveryRun): Promise<DeliveryStep> {
  const begun = await begin(deps, run);
  if (begun === undefined) return NOTHING;
  const { delivery, endpoint, secrets } = begun;
  const { eventId: id, body } = delivery;
  const at = deps.clock.now();
  const secretList = [secrets.current, ...(secrets.previous === undefined ? [] : [secrets.previous])];
  const headers = webhookHeaders({ id, timestampSeconds: Math.floor(at.getTime() / 1000), body }, secretList);
  const answer = await deps.sender.send({ url: endpoint.url, headers, body, signal: run.signal });
  // The process stops or lost the row: whether the call counts is for the next attempt to find out.
  run.signal.throwIfAborted();
  return end(deps, run, at, answer);
}

interface Begun {
  readonly delivery: WebhookDelivery;
  readonly endpoint: WebhookEndpoint;
  readonly secrets: EndpointSecrets;
}

/** undefined = not now: the row waits to be woken, or there is nothing to send. */
function begin(deps: DeliverWebhookDeps, run: DeliveryRun): Promise<Begun | undefined> {
  return deps.transactions.run(async (tx) => {
    const position = await deps.deliveries.lockPosition(tx, run.deliveryId);
    // Behind the endpoint's lock on purpose: all who touch both take them in this order.
    await run.guard(tx);
    if (position === undefined) return undefined;
    const { delivery, endpoint } = position;
    if (delivery.status !== "pending") return undefined;
    if (endpoint === undefined) {
      await deps.deliveries.close(tx, delivery);
      return undefined;
    }
    const now = deps.clock.now();
    const calls = openCalls(position, now);
    const wait = findWait(position, calls);
    await deps.deliveries.setWait(tx, delivery, wait);
    if (wait !== undefined) return undefined;
    const until = new Date(now.getTime() + deps.callLostAfterMs);
    await deps.endpoints.update(tx, endpoint, { calls: [...calls, { deliveryId: delivery.deliveryId, until }] });
    return { delivery, endpoint, secrets: await deps.deliveries.openSecrets(tx, endpoint, now) };
  });
}

/** Calls of others that still count. One of this delivery itself was lost with the worker that made it. */
function openCalls({ calls, delivery }: DeliveryPosition, now: Date): readonly OpenCall[] {
  return calls.filter(({ deliveryId, until }) => deliveryId !== delivery.deliveryId && until > now);
}

function findWait({ endpoint, delivery, hasEarlier }: DeliveryPosition, calls: readonly OpenCall[]) {
  const wait = (reason: DeliveryWait): DeliveryWait => reason;
  if (endpoint?.status !== "active") return wait("endpoint");
  // A redelivery was asked for by hand and has no place in the order.
  if (endpoint.ordered && delivery.copy === 0 && hasEarlier) return wait("order");
  return calls.length >= CALLS_MAX ? wait("slot") : undefined;
}

async function end(deps: DeliverWebhookDeps, run: DeliveryRun, at: Date, answer: WebhookAnswer): Promise<DeliveryStep> {
  const outcome = await deps.transactions.run(async (tx) => {
    const position = await deps.deliveries.lockPosition(tx, run.deliveryId);
    await run.guard(tx);
    // Deleted while the call was on.
    if (position?.endpoint === undefined) return undefined;
    return noteEnd(deps, tx, { ...position, endpoint: position.endpoint }, at, answer);
  });
  if (outcome === undefined) return NOTHING;
  deps.observer?.onAttempt(outcome.status);
  if (outcome.paused !== undefined) deps.observer?.onPaused(outcome.paused);
  return outcome.step;
}

async function noteEnd(
  deps: DeliverWebhookDeps,
  tx: Tx,
  position: DeliveryPosition & { readonly endpoint: WebhookEndpoint },
  at: Date,
  answer: WebhookAnswer,
) {
  const { delivery, endpoint } = position;
  const now = deps.clock.now();
  const { status, runAgainAt } = judge(deps, delivery, answer, now);
  await deps.deliveries.recordAttempt(tx, delivery, {
    status,
    attempt: {
      at: at.toISOString(),
      response_status: answer.status ?? null,
      latency_ms: answer.latencyMs,
      error: answer.error ?? null,
    },
    responseExcerpt: answer.excerpt,
  });
  const change = status === "delivered" ? changeOfSuccess(endpoint) : changeOfFailure(endpoint, answer, now);
  const updated = await deps.endpoints.update(tx, endpoint, { calls: openCalls(position, now), ...change });
  const paused = change.status === "paused" ? updated : undefined;
  if (paused !== undefined) await deps.noticePause?.(tx, paused);
  const next = [
    await deps.deliveries.wakeNextForSlot(tx, endpoint.id),
    ...(status === "pending" ? [] : [await deps.deliveries.wakeNextInOrder(tx, delivery)]),
  ];
  const wakes = next.filter((wake) => wake !== undefined);
  const step: DeliveryStep = { wakes, ...(runAgainAt !== undefined && { runAgainAt }) };
  return { status, step, paused };
}

function isSuccess({ status }: WebhookAnswer): boolean {
  return status !== undefined && status >= 200 && status < 300;
}

/** RFC 9110: 410 says that the resource is gone for good. */
function isGone({ status }: WebhookAnswer): boolean {
  return status === 410;
}

function judge(
  deps: DeliverWebhookDeps,
  delivery: WebhookDelivery,
  answer: WebhookAnswer,
  now: Date,
): { readonly status: WebhookDelivery["status"]; readonly runAgainAt?: Date } {
  if (isSuccess(answer)) return { status: "delivered" };
  const jitter = (deps.random.bytes(1)[0] ?? 0) / 255;
  const pauseMs = deliveryPauseMs(delivery.eventType, delivery.attempts + 1, jitter);
  if (pauseMs === undefined || isGone(answer)) return { status: "failed" };
  return { status: "pending", runAgainAt: new Date(now.getTime() + pauseMs) };
}

/** The row is left alone when nothing had failed: under load it would be the busiest of all. */
function changeOfSuccess(endpoint: WebhookEndpoint): WebhookEndpointChange {
  return endpoint.failureCount === 0 ? {} : { failureCount: 0, failingSince: null };
}

function changeOfFailure(endpoint: WebhookEndpoint, answer: WebhookAnswer, now: Date): WebhookEndpointChange {
  const failingSince = endpoint.failingSince ?? now;
  const failed = { failureCount: endpoint.failureCount + 1, failingSince };
  if (endpoint.status !== "active") return failed;
  if (isGone(answer)) return { ...failed, status: "paused", disabledReason: "The receiver answered 410 Gone" };
  if (now.getTime() - failingSince.getTime() < GIVE_UP_AFTER_MS) return failed;
  return { ...failed, status: "paused", disabledReason: "No delivery succeeded for 5 days" };
}
