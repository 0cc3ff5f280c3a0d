import { AppError, type ErrorCode, toAppError } from "../errors";
import type { ExternalCall, ExternalCallStore, NewExternalCall } from "../ports/external-call-store";
import type { Transactions } from "../ports/transactions";
import type { Attempt } from "./attempt-store";

export interface ExternalCallDeps {
  readonly calls: Pick<ExternalCallStore, "find" | "begin" | "end">;
  readonly transactions: Transactions;
}

/** One write to a daemon that would be done twice if it were simply repeated. */
export interface ExternalWrite {
  readonly call: NewExternalCall;
  /** Finds the effect at the daemon by the business key. undefined = it cannot be seen, which does not prove that it is not coming. */
  readonly lookUp: () => Promise<string | undefined>;
  /** Returns what the daemon calls the effect. */
  readonly send: () => Promise<string>;
}

/** Errors after which the daemon has certainly done nothing. */
const WITHOUT_EFFECT: ReadonlySet<ErrorCode> = new Set(["daemon_unavailable", "daemon_auth_failed", "daemon_rejected"]);

/**
 * Does the write at most once, whatever dies in between: the intention is stored first, and one that may have been sent is only ever
 * looked up. Throws `outcome_unknown` while it cannot be found, and what `send` threw. Returns the daemon's id of the effect.
 */
export async function runExternalCall(
  deps: ExternalCallDeps,
  attempt: Attempt,
  signal: AbortSignal,
  write: ExternalWrite,
): Promise<string> {
  const known = await deps.calls.find(write.call);
  switch (known?.state) {
    case "confirmed":
      return idOf(known);
    case "sent":
    case "unknown":
      return findSent(deps, attempt, write);
    case "failed":
    case undefined:
      return sendFirst(deps, attempt, signal, write);
  }
}

async function findSent(deps: ExternalCallDeps, attempt: Attempt, write: ExternalWrite): Promise<string> {
  const found = await write.lookUp();
  if (found !== undefined) return confirm(deps, attempt, write, found);
  const error = "sent before, and its effect is not to be seen";
  await deps.transactions.run((tx) => deps.calls.end(tx, attempt, write.call, { state: "unknown", error }));
  throw new AppError("outcome_unknown", { details: { service: write.call.service, key: write.call.businessKey } });
}

async function sendFirst(
  deps: ExternalCallDeps,
  attempt: Attempt,
  signal: AbortSignal,
  write: ExternalWrite,
): Promise<string> {
  const mayGo = await deps.transactions.run((tx) => deps.calls.begin(tx, attempt, write.call));
  if (!mayGo) return untilStopped(signal);
  const externalId = await write.send().catch(async (thrown: unknown) => {
    const error = toAppError(thrown);
    const state = WITHOUT_EFFECT.has(error.code) ? ("failed" as const) : ("unknown" as const);
    await deps.transactions.run((tx) =>
      deps.calls.end(tx, attempt, write.call, { state, error: error.internal ?? error.message }),
    );
    throw error;
  });
  return confirm(deps, attempt, write, externalId);
}

async function confirm(
  deps: ExternalCallDeps,
  attempt: Attempt,
  write: ExternalWrite,
  externalId: string,
): Promise<string> {
  await deps.transactions.run((tx) => deps.calls.end(tx, attempt, write.call, { state: "confirmed", externalId }));
  return externalId;
}

/** A cancel came before: whoever runs the attempt is about to stop it. */
export function untilStopped(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = () => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}

function idOf(call: ExternalCall): string {
  if (call.externalId !== undefined) return call.externalId;
  throw new AppError("internal_error", { internal: `the confirmed call ${call.businessKey} has no external id` });
}
