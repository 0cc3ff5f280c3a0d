import { randomBytes, randomUUID } from "node:crypto";

import type { Caller } from "@arkrelay/core/caller";
import type { Attempt } from "@arkrelay/core/jobs/attempt-store";
import type { Wake } from "@arkrelay/core/ports/waker";
import { ManualClock } from "@arkrelay/core/testing/manual-clock";
import { deliverWebhook, type DeliverWebhookDeps } from "@arkrelay/core/webhook/deliver-webhook";
import { createEndpoint, type EndpointInput, type WebhookDeps } from "@arkrelay/core/webhook/manage-endpoints";
import type { WebhookDelivery, WebhookEndpoint } from "@arkrelay/core/webhook/webhook-endpoint";
import type { WebhookAudience, WebhookEventType } from "@arkrelay/core/webhook/webhook-event";
import { DrizzleAttemptStore } from "@arkrelay/db/stores/job-attempt-store";
import { DrizzleSweepStore } from "@arkrelay/db/stores/job-sweep-store";
import { DrizzleWebhookDeliveryStore } from "@arkrelay/db/stores/webhook-delivery-store";
import { DrizzleWebhookEndpointStore } from "@arkrelay/db/stores/webhook-endpoint-store";
import { DrizzleWebhookOutbox } from "@arkrelay/db/stores/webhook-outbox";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";
import { createSealer } from "@arkrelay/runtime/sealing";

import { createWebhookSender } from "../webhooks/http-webhook-sender";

export const SOLVER: Caller = {
  principal: "key:solver",
  isAdmin: false,
  isSolver: true,
  isOpen: false,
  scopes: new Set(["webhooks"]),
};
const RULES = { allowHttp: true, allowPrivate: true };

/** What one attempt of a worker came to. */
export interface Tried {
  /** undefined = the row was not due. */
  readonly nextAt: Date | undefined;
  readonly wakes: readonly Wake[];
}

/** Deliveries on the real database and over real HTTP, with a clock that stands still and no jitter. */
export function openWebhookWorld(test: TestDatabase, timeoutMs = 5_000) {
  const { database } = test;
  const clock = new ManualClock(Date.now());
  const sealer = createSealer({ key: new Uint8Array(32).fill(5) });
  const endpoints = new DrizzleWebhookEndpointStore(database, sealer);
  const deliveries = new DrizzleWebhookDeliveryStore(database, sealer);
  const attempts = new DrizzleAttemptStore(database, { leaseSeconds: 20 });
  const outbox = new DrizzleWebhookOutbox(database);
  const sender = createWebhookSender({ timeoutMs, urlRules: RULES });
  const paused: WebhookEndpoint[] = [];
  const counted: WebhookDelivery["status"][] = [];
  const deps: DeliverWebhookDeps = {
    clock,
    random: { bytes: (length) => new Uint8Array(length) },
    transactions: database.transactions,
    endpoints,
    deliveries,
    sender,
    callLostAfterMs: 30_000,
    observer: { onAttempt: (status) => counted.push(status), onPaused: (endpoint) => paused.push(endpoint) },
  };
  const managing: WebhookDeps = {
    clock,
    random: { bytes: (length) => randomBytes(length), uuid: randomUUID },
    endpoints,
    deliveries,
    urlRules: RULES,
    endpointsMax: 20,
  };

  const take = async (deliveryId: string): Promise<Attempt | undefined> => {
    // The rows' times are the database's clock, which no test waits for.
    await database.write(
      "UPDATE webhook_deliveries SET next_at = NOW(3) WHERE delivery_id = ? AND next_at IS NOT NULL",
      [deliveryId],
    );
    const [outcome] = await attempts.take("webhook_deliver", [deliveryId]);
    return outcome?.kind === "taken" ? outcome.attempt : undefined;
  };
  const work = (attempt: Attempt, over: Partial<DeliverWebhookDeps> = {}) =>
    deliverWebhook(
      { ...deps, ...over },
      {
        deliveryId: attempt.rowKey,
        guard: (tx) => attempts.assertAttempt(tx, attempt),
        signal: new AbortController().signal,
      },
    );
  /** One attempt of a worker: takes the row, tries, gives it back. */
  const tryOnce = async (deliveryId: string): Promise<Tried> => {
    const attempt = await take(deliveryId);
    if (attempt === undefined) return { nextAt: undefined, wakes: [] };
    const { runAgainAt, wakes } = await work(attempt);
    const [ended] = await attempts.end([
      { attempt, end: { kind: "done", ...(runAgainAt !== undefined && { runAgainAt }) } },
    ]);
    const own = ended?.kind === "ended" && ended.wake !== undefined && runAgainAt === undefined ? [ended.wake] : [];
    return { nextAt: runAgainAt, wakes: [...wakes, ...own] };
  };

  return {
    deps,
    managing,
    clock,
    outbox,
    paused,
    counted,
    take,
    work,
    tryOnce,
    /** A worker died: its lease lapses and the sweeper gives the row to the next. */
    loseWorker: async (attempt: Attempt): Promise<void> => {
      await database.write(
        "UPDATE webhook_deliveries SET attempt_lease_until = NOW(3) - INTERVAL 1 SECOND WHERE delivery_id = ?",
        [attempt.rowKey],
      );
      await new DrizzleSweepStore(database).releaseLapsed("webhook_deliveries", 10);
    },
    endpoint: (url: string, more: Partial<EndpointInput> = {}, owner: Caller = SOLVER) =>
      database.transactions.run((tx) =>
        createEndpoint(managing, tx, owner, { url, events: ["*"], description: undefined, ordered: false, ...more }),
      ),
    getEndpoint: async (endpointId: string): Promise<WebhookEndpoint> => {
      const endpoint = await endpoints.find(endpointId);
      if (endpoint === undefined) throw new Error(`no endpoint ${endpointId}`);
      return endpoint;
    },
    announce: (
      type: WebhookEventType,
      objectKey = "session:1",
      data: Readonly<Record<string, unknown>> = { n: 1 },
      audience: WebhookAudience = { kind: "principals", principals: [SOLVER.principal] },
    ) => database.transactions.run((tx) => outbox.announce(tx, { type, objectKey, audience, dataFor: () => data })),
    /** All deliveries to an endpoint, oldest first. */
    list: async (endpoint: WebhookEndpoint): Promise<readonly WebhookDelivery[]> =>
      (await deliveries.list(endpoint.id, {}, 200, undefined)).toReversed(),
    close: () => sender.close(),
  };
}

export type WebhookWorld = ReturnType<typeof openWebhookWorld>;
