import * as reply from "../response-schemas.js";
import type { CallOptions, HttpTransport } from "./http-transport.js";

export interface NewWebhook {
  readonly url: string;
  /** Event types, or `*` for all you may receive. */
  readonly events: readonly string[];
  readonly description?: string;
  /** Events of one object one after the other, as they happened. */
  readonly ordered?: boolean;
}

/** What is left out stays as it is. */
export interface WebhookChange {
  readonly url?: string;
  readonly events?: readonly string[];
  readonly description?: string | null;
  readonly ordered?: boolean;
  /** `active` also ends a pause that the gateway made. */
  readonly status?: "active" | "paused";
}

export interface WebhookReplay {
  /** ISO 8601: the oldest event that is sent again. */
  readonly since?: string;
  /** `next_cursor` of the call before. */
  readonly cursor?: string;
  /** Default `failed`. */
  readonly status?: "failed" | "delivered" | "all";
  readonly events?: readonly string[];
  readonly limit?: number;
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export type WebhookCalls = ReturnType<typeof createWebhookCalls>;

/** The routes under /webhooks, as `client.webhooks.create(…)`. The secret of an endpoint is in the answers of create and rotateSecret only. */
export function createWebhookCalls(http: HttpTransport) {
  const pathOf = (id: string, ...more: readonly string[]) =>
    ["/webhooks", ...[id, ...more].map((part) => encodeURIComponent(part))].join("/");
  return {
    create: (body: NewWebhook, options: CallOptions = {}) =>
      http.call({ method: "POST", path: "/webhooks", body: { ...body }, reply: reply.webhookCreated, ...options }),
    list: (query: Query = {}, options: CallOptions = {}) =>
      http.call({ method: "GET", path: "/webhooks", query, reply: reply.webhookList, ...options }),
    get: async (id: string, options: CallOptions = {}) =>
      (await http.call({ method: "GET", path: pathOf(id), reply: reply.webhookRead, ...options })).webhook,
    update: async (id: string, change: WebhookChange, options: CallOptions = {}) => {
      const body = { ...change };
      return (await http.call({ method: "PATCH", path: pathOf(id), body, reply: reply.webhookRead, ...options }))
        .webhook;
    },
    remove: async (id: string, options: CallOptions = {}): Promise<void> => {
      await http.call({ method: "DELETE", path: pathOf(id), reply: reply.nothing, ...options });
    },
    /** For 24 hours both secrets sign: give `verifyWebhook` both until then. */
    rotateSecret: (id: string, options: CallOptions = {}) =>
      http.call({ method: "POST", path: pathOf(id, "rotate-secret"), reply: reply.webhookSecret, ...options }),
    /** Has `webhook.test` sent. */
    test: (id: string, options: CallOptions = {}) =>
      http.call({ method: "POST", path: pathOf(id, "test"), reply: reply.webhookTest, ...options }),
    deliveries: (id: string, query: Query = {}, options: CallOptions = {}) =>
      http.call({
        method: "GET",
        path: pathOf(id, "deliveries"),
        query,
        reply: reply.webhookDeliveryList,
        ...options,
      }),
    delivery: async (id: string, deliveryId: string, options: CallOptions = {}) => {
      const path = pathOf(id, "deliveries", deliveryId);
      return (await http.call({ method: "GET", path, reply: reply.webhookDeliveryRead, ...options })).delivery;
    },
    /** The same event once more, under the same `webhook-id`. */
    redeliver: (id: string, deliveryId: string, options: CallOptions = {}) =>
      http.call({
        method: "POST",
        path: pathOf(id, "deliveries", deliveryId, "redeliver"),
        reply: reply.webhookRedelivered,
        ...options,
      }),
    /** One page of what an endpoint missed, oldest first; go on with `next_cursor` and the same other fields. */
    replay: (id: string, request: WebhookReplay = {}, options: CallOptions = {}) =>
      http.call({
        method: "POST",
        path: pathOf(id, "replay"),
        body: { ...request },
        reply: reply.webhookReplayed,
        ...options,
      }),
  };
}
