import { AppError } from "@arkrelay/core/errors";
import type { AttemptFence } from "@arkrelay/core/jobs/attempt-store";
import type { TaskPayload } from "@arkrelay/core/jobs/catalog";
import { moveSession, type MoveSessionDeps, wakeOf } from "@arkrelay/core/session/move-session";
import { isTerminal } from "@arkrelay/core/session/session";
import type { SessionDeps } from "@arkrelay/core/session/session-deps";

import type { TaskHandler, TaskResult } from "../task-handler";

export interface TxRecoverDeps extends MoveSessionDeps, Pick<SessionDeps, "transactions" | "txs"> {
  readonly attempts: AttemptFence;
}

/**
 * Drives a stuck transaction forward by waking its session now, whatever it waits for: the ceremony itself looks up what arkd knows
 * and goes on from there. Never makes another transaction, and there is nothing to do for one that ended.
 */
export function txRecoverTask(deps: TxRecoverDeps): TaskHandler<TaskPayload<"tx_recover">> {
  return async ({ attempt, payload }): Promise<TaskResult> => {
    const row = await deps.txs.find(payload.txid);
    if (row === undefined) throw new AppError("not_found");
    const result = { txid: row.txid, session_id: row.sessionId, status: row.status };
    const wakes = await deps.transactions.run(async (tx) => {
      await deps.attempts.assertAttempt(tx, attempt);
      const session = await deps.sessions.lock(tx, row.sessionId);
      if (session === undefined || isTerminal(session)) return [];
      const now = deps.clock.now();
      return [wakeOf(await moveSession(deps, tx, session, { wakeAt: now }), now)];
    });
    const message = wakes.length === 0 ? "The session has ended; nothing to drive" : "The session was woken";
    return { result, message, wakes };
  };
}
