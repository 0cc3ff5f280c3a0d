import { SETTLEMENT_SERVICE } from "../service-report";
import type { JobTaskName } from "./catalog";

/** A recurring job without parameters: its payload is the version alone. */
export interface Schedule {
  readonly name: string;
  readonly task: JobTaskName &
    (
      | "cleanup_old_logs"
      | "cleanup_expired_sessions"
      | "cleanup_vtxos"
      | "reconcile_ledger"
      | "reconcile_daemons"
      | "watch_asset_supplies"
      | "settlement_run"
    );
  readonly everySeconds: number;
  /** How long after the whole on the clock its slots begin; 0 when left out. */
  readonly offsetSeconds?: number;
  /** An operator may wish this service stopped (`service_state`); its slots then pass without a job. */
  readonly service?: string;
}

/** flows 9: what the scheduler inserts jobs for. System statistics, heartbeats and the sweeper run in their processes instead. */
export const SCHEDULES: readonly Schedule[] = [
  { name: "cleanup", task: "cleanup_old_logs", everySeconds: 3600 },
  { name: "session-cleanup", task: "cleanup_expired_sessions", everySeconds: 300 },
  { name: "vtxo-cleanup", task: "cleanup_vtxos", everySeconds: 1800 },
  // Slots lie on the clock: midnight UTC.
  { name: "ledger-check", task: "reconcile_ledger", everySeconds: 86_400 },
  { name: "daemon-reconcile", task: "reconcile_daemons", everySeconds: 900 },
  { name: "supply-watch", task: "watch_asset_supplies", everySeconds: 300 },
  { name: "settlement", task: "settlement_run", everySeconds: 3600, service: SETTLEMENT_SERVICE },
];

/** The table with the slots of one schedule as an operator wants them. */
export function withCycle(
  schedules: readonly Schedule[],
  name: string,
  cycle: Pick<Schedule, "everySeconds" | "offsetSeconds">,
): readonly Schedule[] {
  return schedules.map((schedule) => (schedule.name === name ? { ...schedule, ...cycle } : schedule));
}

/** Start of the period that `now` lies in, in unix ms. Slots lie on the clock, so every replica and every restart sees the same ones. */
export function slotOf(periodMs: number, now: Date, offsetMs = 0): number {
  return Math.floor((now.getTime() - offsetMs) / periodMs) * periodMs + offsetMs;
}
