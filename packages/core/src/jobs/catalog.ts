import { z } from "zod";

import type { ErrorCode } from "../errors";

/** Names of the wake-up queues. BullMQ keys live under the prefix `{arkrelay:<queue>}`. */
export const QUEUES = [
  "default",
  "maintenance",
  "ceremonies",
  "lightning",
  "inventory",
  "nostr-in",
  "webhooks",
  "settlement",
  "ops",
] as const;
export type QueueName = (typeof QUEUES)[number];

/** Pause before try n+1: `fixed` is always `baseMs`, `exponential` doubles from `baseMs` and stops growing at `maxMs`. */
export interface Backoff {
  readonly kind: "fixed" | "exponential";
  readonly baseMs: number;
  readonly maxMs: number;
}

/** The work is somebody else's row (a session, a stored event): retried until that row is terminal, never counted out. */
export const UNTIL_TERMINAL = Number.POSITIVE_INFINITY;

const exponential = (baseMs: number, maxMs = 300_000): Backoff => ({ kind: "exponential", baseMs, maxMs });

/** Payloads are stored, so each carries its version: a worker of the next release must still read yesterday's rows. */
const v = z.literal(1);
const hex32 = z.string().regex(/^[0-9a-f]{64}$/);

interface TaskBase {
  /** Tries that may end with a failure; a lost worker uses none up. */
  readonly triesMax: number;
  readonly backoff: Backoff;
  /** Deadline of one attempt: its AbortSignal fires then. */
  readonly limitMs: number;
  /** Queues shared by many owners: priority by the owner's backlog, slots per owner limited. */
  readonly fair: boolean;
  /** Failures that never use up the last try: the work itself knows when it is too late (an intent's expires_at). */
  readonly patientOn?: readonly ErrorCode[];
}

/** A task whose state is its own row of job_logs; a route that answers with a job_id always inserted one of these. */
export interface JobTask extends TaskBase {
  readonly stateIn: "job_logs";
  readonly queue: QueueName;
  /** What `job_type` shows. process_user_data's is `user_<action_type>`, so a draft may override it. */
  readonly jobType: string;
  readonly payload: z.ZodType;
}

/** A task whose state is another aggregate's row; that row's key is the whole payload. */
export interface RowTask extends TaskBase {
  readonly stateIn: "signing_sessions" | "nostr_events" | "lightning_invoices" | "payouts" | "webhook_deliveries";
  readonly queue: QueueName;
}

/** A task every process runs by itself on a timer: it writes its own table and needs neither queue nor job row. */
export interface LoopTask {
  readonly stateIn: "own_table";
  readonly limitMs: number;
}

/** A session's ceremony; under its second name what a renewal owes once it is final (session/move-session.ts). */
const ceremonyTask = {
  stateIn: "signing_sessions",
  queue: "ceremonies",
  triesMax: UNTIL_TERMINAL,
  backoff: exponential(1_000, 30_000),
  limitMs: 60_000,
  fair: false,
} as const satisfies RowTask;

/** One step of a lift or land; which one is told by its row (lightning/lightning-task.ts). */
const lightningTask = {
  stateIn: "lightning_invoices",
  queue: "lightning",
  triesMax: UNTIL_TERMINAL,
  backoff: exponential(1_000, 60_000),
  limitMs: 120_000,
  fair: false,
} as const satisfies RowTask;

/**
 * An operator's write to lnd: tried again only before it was sent or after a certain refusal, else looked up until it is found. A
 * channel's funding may be negotiated for a minute.
 */
const operatorWrite = {
  stateIn: "job_logs",
  queue: "ops",
  triesMax: 5,
  backoff: exponential(5_000),
  limitMs: 120_000,
  fair: false,
} as const;

/** The job catalog: what can be woken, where its state lives and how hard it is tried. The handlers are in apps/worker. */
export const TASKS = {
  sample_task: {
    stateIn: "job_logs",
    queue: "default",
    jobType: "sample_task",
    payload: z.strictObject({ v, message: z.string().max(1000) }),
    triesMax: 3,
    backoff: exponential(5_000),
    limitMs: 60_000,
    fair: true,
  },
  process_user_data: {
    stateIn: "job_logs",
    queue: "default",
    jobType: "user_process",
    payload: z.strictObject({
      v,
      userId: z.string().max(100),
      actionType: z.string().regex(/^[a-z0-9_]{1,40}$/),
      data: z.record(z.string(), z.unknown()),
    }),
    triesMax: 3,
    backoff: exponential(5_000),
    limitMs: 120_000,
    fair: true,
  },
  log_system_stats: { stateIn: "own_table", limitMs: 60_000 },
  send_heartbeat: { stateIn: "own_table", limitMs: 30_000 },
  cleanup_old_logs: {
    stateIn: "job_logs",
    queue: "maintenance",
    jobType: "cleanup",
    payload: z.strictObject({ v }),
    triesMax: 3,
    backoff: exponential(30_000),
    limitMs: 120_000,
    fair: false,
  },
  cleanup_expired_sessions: {
    stateIn: "job_logs",
    queue: "maintenance",
    jobType: "session_cleanup",
    payload: z.strictObject({ v }),
    triesMax: 3,
    backoff: exponential(10_000),
    limitMs: 60_000,
    fair: false,
  },
  cleanup_vtxos: {
    stateIn: "job_logs",
    queue: "maintenance",
    jobType: "vtxo_cleanup",
    payload: z.strictObject({ v }),
    triesMax: 3,
    backoff: exponential(10_000),
    limitMs: 60_000,
    fair: false,
  },
  reconcile_ledger: {
    stateIn: "job_logs",
    queue: "maintenance",
    jobType: "reconcile_ledger",
    payload: z.strictObject({ v }),
    triesMax: 3,
    backoff: exponential(30_000),
    limitMs: 300_000,
    fair: false,
  },
  reconcile_daemons: {
    stateIn: "job_logs",
    queue: "maintenance",
    jobType: "reconcile_daemons",
    payload: z.strictObject({ v }),
    triesMax: 3,
    backoff: exponential(30_000),
    limitMs: 300_000,
    fair: false,
  },
  ceremony_drive: ceremonyTask,
  renew_pay: ceremonyTask,
  lift_create: lightningTask,
  lift_deliver: lightningTask,
  lift_kill: lightningTask,
  lift_settle: lightningTask,
  land_pay: lightningTask,
  land_track: lightningTask,
  land_refund: lightningTask,
  nostr_process: {
    stateIn: "nostr_events",
    queue: "nostr-in",
    triesMax: 5,
    backoff: exponential(1_000),
    limitMs: 30_000,
    fair: false,
    patientOn: ["daemon_unavailable", "daemon_auth_failed"],
  },
  webhook_deliver: {
    stateIn: "webhook_deliveries",
    queue: "webhooks",
    // Its tries at the receiver are its own (webhook/delivery-schedule.ts); what counts here is only trouble of ours.
    triesMax: UNTIL_TERMINAL,
    backoff: exponential(1_000),
    // One call has WEBHOOK_TIMEOUT_SECONDS, which are at most 20; the rest is for its rows.
    limitMs: 40_000,
    fair: true,
  },
  vtxo_sync: {
    stateIn: "job_logs",
    queue: "inventory",
    jobType: "vtxo_sync",
    payload: z.strictObject({
      v,
      ownerPubkey: hex32,
      /** What an operator says of one of them. */
      spent: z.strictObject({ vtxoId: z.string(), spendingTxid: hex32 }).optional(),
    }),
    triesMax: 5,
    backoff: exponential(5_000),
    limitMs: 300_000,
    fair: false,
  },
  asset_mint: {
    stateIn: "job_logs",
    queue: "inventory",
    jobType: "asset_mint",
    payload: z.strictObject({
      v,
      assetId: z.string(),
      userPubkey: hex32,
      amount: z.int().min(1),
      reserveAmount: z.int().min(0),
    }),
    triesMax: 5,
    backoff: exponential(5_000),
    limitMs: 300_000,
    fair: false,
    // Once its payout is planned the units will arrive; giving the job up would only hide it.
    patientOn: ["daemon_unavailable", "daemon_auth_failed", "not_ready"],
  },
  vtxo_assign: {
    stateIn: "job_logs",
    queue: "inventory",
    jobType: "vtxo_assign",
    payload: z.strictObject({ v, assetId: z.string(), userPubkey: hex32, amount: z.int().min(1) }),
    triesMax: 5,
    backoff: exponential(5_000),
    limitMs: 300_000,
    fair: false,
  },
  process_vtxo_replenishment: {
    stateIn: "job_logs",
    queue: "inventory",
    jobType: "vtxo_replenishment",
    payload: z.strictObject({
      v,
      /** What is made: stock, or co-inputs of gBTC. */
      kind: z.enum(["stock", "fee"]).default("stock"),
      assetId: z.string(),
      count: z.int().min(1).max(1_000),
      amountSats: z.int().min(1),
      /** Units on each; 0 of gBTC. */
      assetAmount: z.int().min(0),
    }),
    triesMax: 5,
    backoff: exponential(5_000),
    limitMs: 300_000,
    fair: false,
    patientOn: ["daemon_unavailable", "daemon_auth_failed"],
  },
  payout_drive: {
    stateIn: "payouts",
    queue: "inventory",
    triesMax: UNTIL_TERMINAL,
    backoff: exponential(1_000, 60_000),
    limitMs: 120_000,
    fair: false,
  },
  watch_asset_supplies: {
    stateIn: "job_logs",
    queue: "maintenance",
    jobType: "watch_asset_supplies",
    payload: z.strictObject({ v }),
    triesMax: 3,
    backoff: exponential(30_000),
    limitMs: 300_000,
    fair: false,
  },
  settlement_run: {
    stateIn: "job_logs",
    queue: "settlement",
    jobType: "settlement_run",
    payload: z.strictObject({ v }),
    triesMax: 5,
    backoff: exponential(60_000),
    // A batch of arkd takes part of it; what is not through by then is gone on with.
    limitMs: 600_000,
    fair: false,
    patientOn: ["daemon_auth_failed"],
  },
  lightning_resume: {
    stateIn: "job_logs",
    queue: "ops",
    jobType: "lightning_resume",
    payload: z.strictObject({ v, paymentHash: hex32 }),
    triesMax: 3,
    backoff: exponential(5_000),
    limitMs: 60_000,
    fair: false,
  },
  lightning_channel_open: {
    ...operatorWrite,
    jobType: "lightning_channel_open",
    payload: z.strictObject({
      v,
      nodePubkey: z.string(),
      host: z.string().optional(),
      amountSats: z.int().min(1),
      isPrivate: z.boolean(),
      satPerVbyte: z.int().min(1).optional(),
    }),
  },
  lightning_channel_close: {
    ...operatorWrite,
    jobType: "lightning_channel_close",
    payload: z.strictObject({
      v,
      channelPoint: z.string(),
      force: z.boolean(),
      satPerVbyte: z.int().min(1).optional(),
    }),
  },
  lightning_send_onchain: {
    ...operatorWrite,
    jobType: "lightning_send_onchain",
    payload: z.strictObject({
      v,
      address: z.string(),
      amountSats: z.int().min(1),
      satPerVbyte: z.int().min(1).optional(),
    }),
  },
  lightning_new_address: {
    ...operatorWrite,
    jobType: "lightning_new_address",
    payload: z.strictObject({ v, type: z.enum(["p2tr", "p2wkh", "np2wkh"]) }),
  },
  grpc_reconnect: {
    stateIn: "job_logs",
    queue: "ops",
    jobType: "grpc_reconnect",
    payload: z.strictObject({ v, service: z.enum(["arkd", "tapd", "lnd"]), restartId: z.int().min(1) }),
    triesMax: 1,
    backoff: exponential(5_000),
    limitMs: 90_000,
    fair: false,
  },
  tx_recover: {
    stateIn: "job_logs",
    queue: "inventory",
    jobType: "tx_recover",
    payload: z.strictObject({ v, txid: hex32 }),
    triesMax: 5,
    backoff: exponential(5_000),
    limitMs: 300_000,
    fair: false,
  },
} as const satisfies Record<string, JobTask | RowTask | LoopTask>;

export type TaskName = keyof typeof TASKS;

/** Tasks with rows in job_logs. */
export type JobTaskName = { [K in TaskName]: (typeof TASKS)[K] extends { stateIn: "job_logs" } ? K : never }[TaskName];
/** Tasks a worker runs: everything that has a queue. */
export type QueuedTaskName = { [K in TaskName]: (typeof TASKS)[K] extends { queue: QueueName } ? K : never }[TaskName];
/** Payload of a job task, as stored and as its handler gets it. */
export type TaskPayload<K extends JobTaskName> = z.output<(typeof TASKS)[K]["payload"]>;
/** Tables whose rows are work: all carry wake_seq, woken_at, a run-at column and the attempt columns. */
export type StateTable = (typeof TASKS)[QueuedTaskName]["stateIn"];
export const STATE_TABLES: readonly StateTable[] = [
  "job_logs",
  "signing_sessions",
  "nostr_events",
  "lightning_invoices",
  "payouts",
  "webhook_deliveries",
];

/** The catalog row of a queued task, without the literal types that make its members incomparable. */
export function queuedTask(name: QueuedTaskName): JobTask | RowTask {
  return TASKS[name];
}

export function isTaskName(value: string): value is TaskName {
  return Object.hasOwn(TASKS, value);
}

export function isJobTask(name: TaskName): name is JobTaskName {
  return TASKS[name].stateIn === "job_logs";
}

export function isQueuedTask(name: TaskName): name is QueuedTaskName {
  return TASKS[name].stateIn !== "own_table";
}
