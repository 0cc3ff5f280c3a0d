import { z } from "zod";

/**
 * What the services process writes about its listeners into service_state.actual, every few seconds while it leads them, and
 * what the API answers status calls from, so that it never probes anything itself. A report older than `REPORT_STALE_MS` is
 * nobody's: no process leads the listener now.
 */
export const REPORT_STALE_MS = 30_000;

/** Services with a desired state, and the names of their leases (`service:<name>`). */
export const LISTENER_SERVICES = ["nostr", "vtxo", "monitoring", "lightning", "inventory"] as const;
export type ListenerService = (typeof LISTENER_SERVICES)[number];

const time = z.iso.datetime();
const count = z.int().min(0);

const base = {
  /** When it was written. */
  at: time,
  /** `<host>-<uuid>` of the process that leads. */
  instance: z.string(),
  running: z.boolean(),
  /** The newest restart request that was obeyed. */
  restartSeen: count,
  /** Times the listener failed and was started again. */
  failures: count,
  lastError: z.string().nullable(),
};

export const nostrReportSchema = z.object({
  ...base,
  detail: z
    .object({
      gatewayPubkey: z.string(),
      /** Since this process began to lead. */
      eventsReceived: count,
      eventsPublished: count,
      errors: count,
      connections: count,
      subscriptions: count,
      /** Events taken in, by kind. */
      handlers: z.record(z.string(), count),
      relays: z.array(
        z.object({
          url: z.string(),
          connected: z.boolean(),
          lastSeenAt: time.nullable(),
          lagSeconds: z.number().nullable(),
        }),
      ),
    })
    .nullable(),
});
export type NostrReport = z.output<typeof nostrReportSchema>;
export type NostrReportDetail = NonNullable<NostrReport["detail"]>;

export const vtxoReportSchema = z.object({
  ...base,
  detail: z
    .object({ connected: z.boolean(), scripts: count, hints: count, lastReconcileAt: time.nullable() })
    .nullable(),
});
export type VtxoReport = z.output<typeof vtxoReportSchema>;
export type VtxoReportDetail = NonNullable<VtxoReport["detail"]>;

export const monitoringReportSchema = z.object({
  ...base,
  detail: z
    .object({
      daemons: z.record(
        z.string(),
        z.object({
          healthy: z.boolean(),
          breaker: z.enum(["closed", "half_open", "open"]),
          latencyMs: z.number().nullable(),
          version: z.string().nullable(),
          /** Of a healthy one: its warning. */
          lastErrorCode: z.string().nullable(),
          certificateExpiresAt: time.nullable().default(null),
          checkedAt: time.nullable(),
        }),
      ),
    })
    .nullable(),
});
export type MonitoringReport = z.output<typeof monitoringReportSchema>;
export type MonitoringReportDetail = NonNullable<MonitoringReport["detail"]>;

export const lightningReportSchema = z.object({
  ...base,
  detail: z
    .object({
      /** The invoice stream of lnd is open. */
      connected: z.boolean(),
      /** When the open lifts were last looked up one by one. */
      lastCheckAt: time.nullable(),
      checkIntervalMs: z.number(),
      /** Streams open now: invoices, one per hold invoice, one per payment in flight, tapd's. */
      subscriptions: count,
      openLifts: count,
      inFlightLands: count,
      /** lnd's two sequences as far as they were taken in; decimal text, they are uint64. */
      cursor: z.object({ addIndex: z.string(), settleIndex: z.string() }),
      /** Times lnd's sequences were found to have started anew. */
      regressions: count,
      tapd: z.object({ connected: z.boolean(), lastPollAt: time.nullable() }).nullable(),
    })
    .nullable(),
});
export type LightningReport = z.output<typeof lightningReportSchema>;
export type LightningReportDetail = NonNullable<LightningReport["detail"]>;

export const inventoryReportSchema = z.object({
  ...base,
  detail: z
    .object({
      lastCheckAt: time.nullable(),
      assets: z.array(
        z.object({
          assetId: z.string(),
          kind: z.enum(["stock", "fee"]),
          available: count,
          target: count,
          level: z.enum(["ok", "warning", "critical"]),
        }),
      ),
    })
    .nullable(),
});
export type InventoryReport = z.output<typeof inventoryReportSchema>;
export type InventoryReportDetail = NonNullable<InventoryReport["detail"]>;

/** Wished for like a listener, though it is a schedule that obeys: the settlement of the gateway's books on chain. */
export const SETTLEMENT_SERVICE = "settlement";

/** The report in a service_state row, undefined when there is none of that shape or it is stale. */
export function parseServiceReport<T extends { readonly at: string }>(
  schema: z.ZodType<T>,
  actual: unknown,
  now: Date,
): T | undefined {
  const parsed = schema.safeParse(actual);
  if (!parsed.success) return undefined;
  return now.getTime() - Date.parse(parsed.data.at) <= REPORT_STALE_MS ? parsed.data : undefined;
}
