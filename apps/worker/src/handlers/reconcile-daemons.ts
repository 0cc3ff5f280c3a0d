import { AppError } from "@arkrelay/core/errors";
import type { TaskPayload } from "@arkrelay/core/jobs/catalog";
import { reconcileSource, type ExternalSource, type ReconcileDeps } from "@arkrelay/core/ledger/reconcile-source";
import type { Reconciliation } from "@arkrelay/core/ports/reconciliation-store";
import type { Logger } from "@arkrelay/runtime/logger";

import type { TaskHandler } from "../task-handler";

/** Books what happened at a daemon without an operation of ours; returns how much was booked. */
export interface Booking {
  readonly name: string;
  run(): Promise<number>;
}

export interface ReconcileDaemonsDeps extends Omit<ReconcileDeps, "bounded"> {
  readonly bookings: readonly Booking[];
  /** One per daemon that is configured. */
  readonly sources: readonly ExternalSource[];
}

/** Posting waits for a lock this long at most before a transaction is run again (5 s), so a pause ends before. */
const PAUSE_MS_MAX = 4_000;

/**
 * Compares the ledger with every daemon. One that cannot be read holds up no other; the job then fails with its error and is tried
 * again.
 */
export function reconcileDaemonsTask(deps: ReconcileDaemonsDeps): TaskHandler<TaskPayload<"reconcile_daemons">> {
  return async ({ signal, log }) => {
    const compared: Record<string, readonly Record<string, unknown>[]> = {};
    const failures: unknown[] = [];
    const attempt = async (work: () => Promise<void>): Promise<void> => {
      signal.throwIfAborted();
      await work().catch((error: unknown) => failures.push(error));
    };
    const booked: Record<string, number> = {};
    for (const booking of deps.bookings) {
      await attempt(async () => {
        booked[booking.name] = await booking.run();
      });
    }
    for (const source of deps.sources) {
      await attempt(async () => {
        const rows = await reconcileSource({ ...deps, bounded: withinPause }, source);
        for (const row of rows) if (row.drift !== 0n) reportDrift(log, row);
        compared[source.source] = rows.map(toResult);
      });
    }
    if (failures.length > 0) throw failures[0];
    return { result: { compared, booked }, message: `Compared the ledger with ${deps.sources.length} daemons` };
  };
}

async function withinPause<T>(work: Promise<T>): Promise<T> {
  const timeout = AbortSignal.timeout(PAUSE_MS_MAX);
  const late = new Promise<never>((_resolve, reject) => {
    timeout.addEventListener("abort", () =>
      reject(new AppError("daemon_unavailable", { message: "The daemon was not read within the pause of posting" })),
    );
  });
  return Promise.race([work, late]);
}

function reportDrift(log: Logger, row: Omit<Reconciliation, "at">): void {
  const { source, account } = row;
  log.error("the ledger and a daemon differ", {
    alert: "ledger_drift",
    severity: "critical",
    source,
    account,
    ...toResult(row),
  });
}

function toResult(row: Omit<Reconciliation, "at">): Record<string, unknown> {
  return {
    account: row.account,
    asset_id: row.assetId,
    external: String(row.external),
    ledger: String(row.ledger),
    delta: String(row.delta),
    drift: String(row.drift),
  };
}
