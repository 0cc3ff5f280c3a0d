import { z } from "zod";

import type {
  DeliveryAttempt,
  OpenCall,
  WebhookDelivery,
  WebhookEndpoint,
} from "@arkrelay/core/webhook/webhook-endpoint";

import { nullable, readBigint, readBoolean, readDate, readInteger, readJson, readText, type Row } from "../row";

/** An endpoint `e` outlives the API key it was made with; what its owner may no longer read is not sent either. */
export const OWNER_MAY_READ = `NOT EXISTS (SELECT 1 FROM api_keys k WHERE e.owner LIKE 'key:%' AND k.key_id = SUBSTRING(e.owner, 5)
  AND (k.status <> 'active' OR k.expires_at <= NOW(3)))`;

export const ENDPOINT_COLUMNS = `e.id, e.endpoint_id, e.owner, e.url, e.events, e.description, e.ordered, e.status, e.disabled_reason,
  e.failure_count, e.failing_since, e.created_at`;

const Events = z.array(z.string());

export function toEndpoint(row: Row): WebhookEndpoint {
  return {
    id: readBigint(row, "id"),
    endpointId: readText(row, "endpoint_id"),
    owner: readText(row, "owner"),
    url: readText(row, "url"),
    events: Events.parse(readJson(row, "events")),
    description: nullable(row, "description", readText),
    ordered: readBoolean(row, "ordered"),
    status: readText(row, "status") === "active" ? "active" : "paused",
    disabledReason: nullable(row, "disabled_reason", readText),
    failureCount: readInteger(row, "failure_count"),
    failingSince: nullable(row, "failing_since", readDate),
    createdAt: readDate(row, "created_at"),
  };
}

const Calls = z.array(
  z.object({ deliveryId: z.string(), until: z.iso.datetime().transform((text) => new Date(text)) }),
);

export function readCalls(row: Row): readonly OpenCall[] {
  return Calls.parse(readJson(row, "calls"));
}

export function toCallsJson(calls: readonly OpenCall[]): string {
  return JSON.stringify(calls);
}

export const DELIVERY_COLUMNS = `d.id, d.delivery_id, d.endpoint_id, d.event_id, d.event_type, d.object_key, d.body, d.status, d.copy,
  d.attempts, d.attempt_log, d.response_status, d.response_excerpt, d.latency_ms, d.next_at, d.created_at`;

const AttemptLog: z.ZodType<readonly DeliveryAttempt[]> = z.array(
  z.object({
    at: z.string(),
    response_status: z.number().nullable(),
    latency_ms: z.number(),
    error: z.string().nullable(),
  }),
);

const STATUSES: Readonly<Record<string, WebhookDelivery["status"]>> = { delivered: "delivered", failed: "failed" };

export function toDelivery(row: Row): WebhookDelivery {
  const status = STATUSES[readText(row, "status")] ?? "pending";
  return {
    id: readBigint(row, "id"),
    deliveryId: readText(row, "delivery_id"),
    endpointRowId: readBigint(row, "endpoint_id"),
    eventId: readText(row, "event_id"),
    eventType: readText(row, "event_type"),
    objectKey: readText(row, "object_key"),
    body: readText(row, "body"),
    status,
    copy: readInteger(row, "copy"),
    attempts: readInteger(row, "attempts"),
    attemptLog: AttemptLog.parse(readJson(row, "attempt_log")),
    responseStatus: nullable(row, "response_status", readInteger),
    responseExcerpt: nullable(row, "response_excerpt", readText),
    latencyMs: nullable(row, "latency_ms", readInteger),
    nextAttemptAt: status === "pending" ? nullable(row, "next_at", readDate) : undefined,
    createdAt: readDate(row, "created_at"),
  };
}
