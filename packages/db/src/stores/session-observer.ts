import type { SessionType } from "@arkrelay/core/session/session";
import type { Metrics } from "@arkrelay/runtime/metrics";

/** Hears after COMMIT, and only then, what the stores of sessions have written: for metrics. */
export interface SessionObserver {
  sessionCreated(type: SessionType): void;
  /** `type` is that of the transaction's row: a session's, or what a payout of the gateway was for. */
  transactionEnded(type: string, status: "confirmed" | "failed"): void;
}

/** Counts them. */
export function toSessionObserver(
  metrics: Pick<Metrics, "sessionsCreated" | "transactionsProcessed">,
): SessionObserver {
  return {
    sessionCreated: (type) => metrics.sessionsCreated.inc({ session_type: type }),
    transactionEnded: (type, status) => metrics.transactionsProcessed.inc({ transaction_type: type, status }),
  };
}

export const NO_OBSERVER: SessionObserver = {
  sessionCreated: () => undefined,
  transactionEnded: () => undefined,
};
