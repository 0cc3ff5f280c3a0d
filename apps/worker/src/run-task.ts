import { setTimeout as delay } from "node:timers/promises";

import { AppError, toAppError } from "@arkrelay/core/errors";
import { StaleAttempt, type Attempt, type AttemptEnding, type AttemptStore } from "@arkrelay/core/jobs/attempt-store";
import { TASKS, isJobTask, queuedTask, type QueuedTaskName } from "@arkrelay/core/jobs/catalog";
import { decideAttemptEnd, type AttemptEnd } from "@arkrelay/core/jobs/decide-attempt-end";
import type { Wake, Waker } from "@arkrelay/core/ports/waker";
import { withLogContext } from "@arkrelay/runtime/log-context";
import type { Logger } from "@arkrelay/runtime/logger";
import type { WakeAnswer } from "@arkrelay/tasks/wake-consumer";
import type { ReceivedWake } from "@arkrelay/tasks/wake-message";

import type { AttemptBatches } from "./attempt-batches";
import type { LiveAttempt, LiveAttempts } from "./live-attempts";
import type { OpenEndings } from "./open-endings";
import { ProgressBuffer } from "./progress-buffer";
import type { TaskContext, TaskHandler, TaskHandlers, TaskResult } from "./task-handler";

export interface RunTaskDeps {
  readonly handlers: TaskHandlers;
  readonly batches: AttemptBatches;
  readonly live: LiveAttempts;
  readonly endings: OpenEndings;
  readonly attempts: Pick<AttemptStore, "reportProgress">;
  readonly waker: Waker;
  readonly log: Logger;
  readonly onEnd?: (attempt: Attempt, end: AttemptEnd, seconds: number) => void;
}

const DONE: WakeAnswer = { kind: "done" };
/** The database is away: the wake is kept and comes again. */
const DATABASE_PAUSE_MS = 1_000;
/** The database's clock says when a row is due. Where ours runs ahead of it, the wake must not come back at once, over and over. */
const EARLY_PAUSE_MS = 250;
/** A handler's work is done but cannot be written down: tried until about the end of a lease, then the row is taken over. */
const END_TRIES_MAX = 15;

/**
 * From a wake to its end: takes the row (or learns that there is nothing to do), runs the handler, lets the error table judge what it
 * threw, and sees to it that the end is written. The wake is used up whatever the work's fate, because that is written in the row.
 */
export async function runTask(deps: RunTaskDeps, wake: ReceivedWake): Promise<WakeAnswer> {
  try {
    const outcome = await deps.batches.take(wake.task, wake.rowKey);
    if (outcome.kind === "early")
      return { kind: "put_back", delayMs: Math.max(EARLY_PAUSE_MS, outcome.runAt.getTime() - Date.now()) };
    if (outcome.kind === "taken")
      await withLogContext(logContextOf(outcome.attempt), () => runAttempt(deps, outcome.attempt));
    return DONE;
  } catch (error) {
    deps.log.error("a wake could not be worked on", { task: wake.task, row_key: wake.rowKey, error });
    return { kind: "put_back", delayMs: DATABASE_PAUSE_MS };
  }
}

/** Resolves when the handler is through; its end is written behind it. */
async function runAttempt(deps: RunTaskDeps, attempt: Attempt): Promise<void> {
  const startedAt = performance.now();
  const live = deps.live.add(attempt);
  const progress = new ProgressBuffer({
    write: (lines) => deps.attempts.reportProgress(attempt, lines),
    onError: (error) => deps.log.warn("progress could not be written", { task: attempt.task, error }),
  });
  const worked = await workOn(deps, live, progress);
  await deps.endings.track(finish(deps, live, progress, worked, startedAt));
}

/** Never rejects: a row whose end cannot be written is taken over when its lease lapses. */
async function finish(
  deps: RunTaskDeps,
  live: LiveAttempt,
  progress: ProgressBuffer,
  { end, wakes }: Worked,
  startedAt: number,
): Promise<void> {
  const { attempt } = live;
  try {
    const lines = await progress.takeRest();
    // A stale attempt has nothing to write: the row belongs to somebody else.
    const followUp = end === undefined ? undefined : await writeEnd(deps, live, { attempt, end, progress: lines });
    if (end !== undefined) deps.onEnd?.(attempt, end, (performance.now() - startedAt) / 1000);
    await deps.waker.wake([...wakes, ...(followUp === undefined ? [] : [followUp])]);
  } catch (error) {
    deps.log.error("the end of a task could not be written", { task: attempt.task, row_key: attempt.rowKey, error });
  } finally {
    deps.live.remove(attempt);
  }
}

interface Worked {
  readonly end: AttemptEnd | undefined;
  readonly wakes: readonly Wake[];
}

async function workOn(deps: RunTaskDeps, live: LiveAttempt, progress: ProgressBuffer): Promise<Worked> {
  try {
    const result = await Promise.race([callHandler(deps, live, progress), live.abandoned]);
    const { wakes = [], ...done } = result;
    return { end: { kind: "done", ...done }, wakes };
  } catch (error) {
    return { end: endOfFailure(deps, live, error), wakes: [] };
  }
}

function callHandler(deps: RunTaskDeps, live: LiveAttempt, progress: ProgressBuffer): Promise<TaskResult> {
  const { attempt, signal } = live;
  const context: TaskContext<unknown> = {
    attempt,
    payload: parsePayload(attempt),
    signal,
    log: deps.log,
    progress: (percent, message) => progress.add(percent, message),
  };
  return handlerOf(deps.handlers, attempt.task)(context);
}

/** The payload was parsed by the schema of this very task, which its handler's type is made from. */
function handlerOf(handlers: TaskHandlers, task: QueuedTaskName): TaskHandler<unknown> {
  return handlers[task] as TaskHandler<unknown>;
}

function parsePayload(attempt: Attempt): unknown {
  if (attempt.job === undefined || !isJobTask(attempt.task)) return undefined;
  const parsed = TASKS[attempt.task].payload.safeParse(attempt.job.payload);
  if (parsed.success) return parsed.data;
  throw new AppError("invalid_request", {
    message: "The stored payload is not readable any more",
    cause: parsed.error,
  });
}

/** undefined = write nothing. */
function endOfFailure(deps: RunTaskDeps, live: LiveAttempt, thrown: unknown): AttemptEnd | undefined {
  const { attempt } = live;
  switch (live.stopReason()) {
    case "cancelled":
      return { kind: "cancelled" };
    case "shutdown":
      return { kind: "handed_back" };
    case "stale":
      return undefined;
    case "deadline":
      return judge(
        deps,
        attempt,
        new AppError("internal_error", { message: "The task took longer than its limit", cause: thrown }),
      );
    case undefined:
      if (thrown instanceof StaleAttempt) return undefined;
      return judge(deps, attempt, toAppError(thrown));
  }
}

function judge(deps: RunTaskDeps, attempt: Attempt, error: AppError): AttemptEnd {
  const end = decideAttemptEnd(attempt.task, attempt.tries, error);
  const fields = { task: attempt.task, row_key: attempt.rowKey, code: error.code, verdict: error.retry, error };
  if (end.kind === "failed") deps.log.error("a task failed for good", fields);
  else deps.log.warn("a task will be tried again", fields);
  return end;
}

/** The lease is renewed meanwhile; when the database stays away, it lapses and the row is run again. */
async function writeEnd(deps: RunTaskDeps, live: LiveAttempt, ending: AttemptEnding): Promise<Wake | undefined> {
  for (let tries = 1; ; tries++) {
    try {
      const outcome = await deps.batches.end(ending);
      if (outcome.kind === "ended") return outcome.wake;
      deps.log.warn("the row was lost before its end was written", {
        task: live.attempt.task,
        row_key: live.attempt.rowKey,
      });
      return undefined;
    } catch (error) {
      if (tries === END_TRIES_MAX || live.stopReason() === "stale") throw error;
      deps.log.warn("the end of a task could not be written yet", { task: live.attempt.task, error });
      await delay(DATABASE_PAUSE_MS);
    }
  }
}

function logContextOf(attempt: Attempt): Parameters<typeof withLogContext>[0] {
  const traceId = attempt.job?.trace?.split("-")[1];
  if (attempt.job === undefined)
    return queuedTask(attempt.task).stateIn === "signing_sessions" ? { sessionId: attempt.rowKey } : {};
  return { jobId: attempt.rowKey, requestId: attempt.job.requestId, traceId };
}
