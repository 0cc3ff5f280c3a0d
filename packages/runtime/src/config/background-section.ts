import { boolean, integer, list } from "./env-types";
import { defineSection } from "./parse-env";

/** Workers, sweeper, leases and retention. */
export const backgroundSection = defineSection({
  variables: {
    MONITORING_AUTO_START: boolean().default(true),
    VTXO_AUTO_START: boolean().default(true),
    PERFORMANCE_OPTIMIZATION: boolean().default(true),
    WORKER_QUEUES: list().prefault("*"),
    WORKER_CONCURRENCY: integer({ min: 1, max: 1000 }).default(8),
    QUEUE_CONCURRENCY_DEFAULT: integer({ min: 1, max: 1000 }).optional(),
    QUEUE_CONCURRENCY_MAINTENANCE: integer({ min: 1, max: 1000 }).optional(),
    QUEUE_CONCURRENCY_CEREMONIES: integer({ min: 1, max: 1000 }).optional(),
    QUEUE_CONCURRENCY_LIGHTNING: integer({ min: 1, max: 1000 }).optional(),
    QUEUE_CONCURRENCY_INVENTORY: integer({ min: 1, max: 1000 }).optional(),
    QUEUE_CONCURRENCY_NOSTR_IN: integer({ min: 1, max: 1000 }).optional(),
    QUEUE_CONCURRENCY_WEBHOOKS: integer({ min: 1, max: 1000 }).optional(),
    QUEUE_CONCURRENCY_SETTLEMENT: integer({ min: 1, max: 1000 }).default(1),
    QUEUE_CONCURRENCY_OPS: integer({ min: 1, max: 1000 }).optional(),
    MAX_PENDING_JOBS_PER_OWNER: integer({ min: 1 }).default(10_000),
    JOB_SWEEP_SECONDS: integer({ min: 1, max: 3600 }).default(5),
    JOB_LEASE_SECONDS: integer({ min: 3, max: 600 }).default(20),
    LEASE_SECONDS: integer({ min: 3, max: 600 }).default(15),
    LEASE_RENEW_SECONDS: integer({ min: 1, max: 200 }).default(5),
    METRICS_RETENTION_DAYS: integer({ min: 1 }).default(30),
    JOB_RETENTION_DAYS: integer({ min: 1 }).default(30),
    EVENT_RETENTION_DAYS: integer({ min: 1 }).default(90),
  },
  check: (values) =>
    values.LEASE_RENEW_SECONDS * 3 > values.LEASE_SECONDS
      ? ["LEASE_RENEW_SECONDS: three renewals must fit into LEASE_SECONDS"]
      : [],
  build: (values) => ({
    monitoringAutoStart: values.MONITORING_AUTO_START,
    vtxoAutoStart: values.VTXO_AUTO_START,
    performanceOptimization: values.PERFORMANCE_OPTIMIZATION,
    /** undefined = every queue. */
    workerQueues: values.WORKER_QUEUES.includes("*") ? undefined : values.WORKER_QUEUES,
    workerConcurrency: values.WORKER_CONCURRENCY,
    /** By queue name; a queue that is absent uses `workerConcurrency`. */
    queueConcurrency: withoutUndefined({
      default: values.QUEUE_CONCURRENCY_DEFAULT,
      maintenance: values.QUEUE_CONCURRENCY_MAINTENANCE,
      ceremonies: values.QUEUE_CONCURRENCY_CEREMONIES,
      lightning: values.QUEUE_CONCURRENCY_LIGHTNING,
      inventory: values.QUEUE_CONCURRENCY_INVENTORY,
      "nostr-in": values.QUEUE_CONCURRENCY_NOSTR_IN,
      webhooks: values.QUEUE_CONCURRENCY_WEBHOOKS,
      settlement: values.QUEUE_CONCURRENCY_SETTLEMENT,
      ops: values.QUEUE_CONCURRENCY_OPS,
    }),
    pendingJobsPerOwnerMax: values.MAX_PENDING_JOBS_PER_OWNER,
    jobSweepMs: values.JOB_SWEEP_SECONDS * 1000,
    jobLeaseMs: values.JOB_LEASE_SECONDS * 1000,
    leaseMs: values.LEASE_SECONDS * 1000,
    leaseRenewMs: values.LEASE_RENEW_SECONDS * 1000,
    metricsRetentionDays: values.METRICS_RETENTION_DAYS,
    jobRetentionDays: values.JOB_RETENTION_DAYS,
    eventRetentionDays: values.EVENT_RETENTION_DAYS,
  }),
});

function withoutUndefined(values: Readonly<Record<string, number | undefined>>): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  );
}
