import type { Alert } from "../alerts/alert";
import type { WebhookEvent } from "./webhook-event";

/** An alert begins to stand, or (with `resolvedAt`) is over: the operator's endpoints alone hear of it. */
export function alertEvent(alert: Alert, triggeredAt: Date, resolvedAt?: Date): WebhookEvent {
  return {
    type: resolvedAt === undefined ? "alert.fired" : "alert.resolved",
    objectKey: `alert:${alert.name}:${alert.subject}`,
    audience: { kind: "admin" },
    dataFor: () => ({
      rule_name: alert.name,
      subject: alert.subject,
      severity: alert.severity,
      message: alert.message,
      triggered_at: triggeredAt.toISOString(),
      ...(resolvedAt !== undefined && { resolved_at: resolvedAt.toISOString() }),
      metadata: { ...alert.details },
    }),
  };
}
