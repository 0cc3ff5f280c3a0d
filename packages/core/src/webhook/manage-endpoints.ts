import type { Caller } from "../caller";
import { AppError } from "../errors";
import type { Clock } from "../ports/clock";
import type { Random } from "../ports/random";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import type { WebhookDeliveryStore, WebhookEndpointStore } from "../ports/webhook-stores";
import { parseEndpointUrl, type UrlRules } from "./endpoint-url";
import { formatWebhookSecret, SECRET_BYTES } from "./sign-webhook";
import type { WebhookDelivery, WebhookEndpoint } from "./webhook-endpoint";
import { TEST_EVENT_TYPE, webhookBody } from "./webhook-event";

export interface WebhookDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly endpoints: WebhookEndpointStore;
  readonly deliveries: WebhookDeliveryStore;
  readonly urlRules: UrlRules;
  /** WEBHOOK_MAX_ENDPOINTS, per principal. */
  readonly endpointsMax: number;
}

export interface EndpointInput {
  readonly url: string;
  readonly events: readonly string[];
  readonly description: string | undefined;
  readonly ordered: boolean;
}

const DAY_MS = 86_400_000;

/** The secret is returned here and never again. Throws `webhook_url_refused`, also above the caller's limit. */
export async function createEndpoint(
  deps: WebhookDeps,
  tx: Tx,
  caller: Caller,
  input: EndpointInput,
): Promise<{ readonly endpoint: WebhookEndpoint; readonly secret: string }> {
  const url = parseEndpointUrl(input.url, deps.urlRules);
  const count = await deps.endpoints.countOfOwner(tx, caller.principal);
  if (count >= deps.endpointsMax) {
    throw new AppError("webhook_url_refused", {
      message: `You have ${count} endpoints; the limit is ${deps.endpointsMax}.`,
    });
  }
  const secret = newSecret(deps);
  const endpoint = await deps.endpoints.insert(tx, {
    ...input,
    url,
    endpointId: newId(deps, "wh"),
    owner: caller.principal,
    secret,
  });
  return { endpoint, secret };
}

/** Throws `not_found` for an endpoint that does not exist and for somebody else's alike. */
export async function getOwnEndpoint(
  deps: Pick<WebhookDeps, "endpoints">,
  caller: Caller,
  endpointId: string,
): Promise<WebhookEndpoint> {
  return own(caller, await deps.endpoints.find(endpointId));
}

async function lockOwn(deps: WebhookDeps, tx: Tx, caller: Caller, endpointId: string): Promise<WebhookEndpoint> {
  return own(caller, await deps.endpoints.lock(tx, endpointId));
}

function own(caller: Caller, endpoint: WebhookEndpoint | undefined): WebhookEndpoint {
  if (endpoint === undefined || !mayManage(caller, endpoint)) throw new AppError("not_found");
  return endpoint;
}

/** Its maker by principal, or the operator. */
function mayManage(caller: Caller, endpoint: WebhookEndpoint): boolean {
  return caller.isAdmin || endpoint.owner === caller.principal;
}

/** Making it active again forgets its failures and lets out what waited for it. */
export async function updateEndpoint(
  deps: WebhookDeps,
  tx: Tx,
  caller: Caller,
  endpointId: string,
  input: Partial<Pick<EndpointInput, "url" | "events" | "ordered">> & {
    readonly description?: string | null;
    readonly status?: WebhookEndpoint["status"];
  },
): Promise<WebhookEndpoint> {
  const endpoint = await lockOwn(deps, tx, caller, endpointId);
  const { url, ...rest } = input;
  const isStarted = input.status === "active" && endpoint.status === "paused";
  const updated = await deps.endpoints.update(tx, endpoint, {
    ...rest,
    ...(url !== undefined && { url: parseEndpointUrl(url, deps.urlRules) }),
    ...(input.status !== undefined && { disabledReason: null }),
    ...(isStarted && { failureCount: 0, failingSince: null }),
  });
  if (isStarted) await deps.deliveries.releaseWaiting(tx, endpoint.id);
  return updated;
}

export async function deleteEndpoint(deps: WebhookDeps, tx: Tx, caller: Caller, endpointId: string): Promise<void> {
  await deps.endpoints.delete(tx, await lockOwn(deps, tx, caller, endpointId));
}

/** For a day both secrets sign, so that a receiver can change over without losing a call. */
export async function rotateEndpointSecret(
  deps: WebhookDeps,
  tx: Tx,
  caller: Caller,
  endpointId: string,
): Promise<{ readonly secret: string; readonly previousValidUntil: Date }> {
  const endpoint = await lockOwn(deps, tx, caller, endpointId);
  const secret = newSecret(deps);
  const previousValidUntil = new Date(deps.clock.now().getTime() + DAY_MS);
  await deps.endpoints.rotateSecret(tx, endpoint, secret, previousValidUntil);
  return { secret, previousValidUntil };
}

export interface QueuedDelivery {
  readonly deliveryId: string;
  readonly eventId: string;
  readonly wakes: readonly Wake[];
}

/** Sends `webhook.test` whatever the endpoint subscribes to; a paused one keeps it until it is active. */
export async function sendTestEvent(
  deps: WebhookDeps,
  tx: Tx,
  caller: Caller,
  endpointId: string,
  requestId: string | undefined,
): Promise<QueuedDelivery> {
  const endpoint = await lockOwn(deps, tx, caller, endpointId);
  const eventId = newId(deps, "evt");
  const { deliveryId, wake } = await deps.deliveries.insert(tx, endpoint, {
    eventId,
    eventType: TEST_EVENT_TYPE,
    objectKey: `webhook:${endpoint.endpointId}`,
    body: webhookBody(TEST_EVENT_TYPE, deps.clock.now(), { webhook_id: endpoint.endpointId }, requestId),
  });
  return { deliveryId, eventId, wakes: [wake] };
}

export async function getOwnDelivery(
  deps: Pick<WebhookDeps, "endpoints" | "deliveries">,
  caller: Caller,
  endpointId: string,
  deliveryId: string,
): Promise<WebhookDelivery> {
  const endpoint = await getOwnEndpoint(deps, caller, endpointId);
  const delivery = await deps.deliveries.find(endpoint.id, deliveryId);
  if (delivery === undefined) throw new AppError("not_found");
  return delivery;
}

/** The same event once more, as a delivery of its own: same event id, same body. One that is still to be made is `wrong_state`. */
export async function redeliver(
  deps: WebhookDeps,
  tx: Tx,
  caller: Caller,
  endpointId: string,
  deliveryId: string,
): Promise<QueuedDelivery> {
  const endpoint = await lockOwn(deps, tx, caller, endpointId);
  const delivery = await deps.deliveries.find(endpoint.id, deliveryId);
  if (delivery === undefined) throw new AppError("not_found");
  if (delivery.status === "pending") {
    throw new AppError("wrong_state", { details: { status: delivery.status, allowed: ["delivered", "failed"] } });
  }
  const { deliveryId: copyId, wake } = await deps.deliveries.insert(tx, endpoint, delivery);
  return { deliveryId: copyId, eventId: delivery.eventId, wakes: [wake] };
}

export interface ReplayRequest {
  readonly since: Date | undefined;
  readonly statuses: readonly WebhookDelivery["status"][];
  readonly eventTypes: readonly string[] | undefined;
  readonly limit: number;
  /** Behind this row; 0 = from the beginning. */
  readonly afterId: bigint;
}

export interface Replay {
  readonly deliveryIds: readonly string[];
  /** Where the next call goes on; undefined = nothing is left. */
  readonly nextAfterId: bigint | undefined;
  readonly wakes: readonly Wake[];
}

/** Redelivers what was sent to an endpoint since a time or a cursor, oldest first, one page per call. */
export async function replayDeliveries(
  deps: WebhookDeps,
  tx: Tx,
  caller: Caller,
  endpointId: string,
  request: ReplayRequest,
): Promise<Replay> {
  const endpoint = await lockOwn(deps, tx, caller, endpointId);
  const { limit, afterId, ...filter } = request;
  const found = await deps.deliveries.listForReplay(endpoint.id, filter, limit + 1, afterId);
  const rows = found.slice(0, limit);
  const queued = [];
  for (const row of rows) queued.push(await deps.deliveries.insert(tx, endpoint, row));
  return {
    deliveryIds: queued.map(({ deliveryId }) => deliveryId),
    nextAfterId: found.length > limit ? rows.at(-1)?.id : undefined,
    wakes: queued.map(({ wake }) => wake),
  };
}

function newSecret({ random }: WebhookDeps): string {
  return formatWebhookSecret(random.bytes(SECRET_BYTES));
}

function newId({ random }: WebhookDeps, prefix: "wh" | "evt"): string {
  return `${prefix}_${random.uuid().replaceAll("-", "")}`;
}
