import type { Attempt } from "@arkrelay/core/jobs/attempt-store";
import { untilStopped } from "@arkrelay/core/jobs/run-external-call";
import type { ExternalCallStore, NewExternalCall } from "@arkrelay/core/ports/external-call-store";
import type { Tx } from "@arkrelay/core/ports/transactions";

/** Rolls the transaction back because a cancel came before; never leaves this file. */
class Cancelled extends Error {}

/** Statement of a transaction that plans something: from its commit on the job cannot be cancelled. Throws to stop. */
export type Commit = (tx: Tx, call: NewExternalCall) => Promise<void>;

/** Runs what commits a job to something that is driven as work of its own. A cancel that came before wins: nothing is planned then. */
export async function runCommitting<T>(
  calls: Pick<ExternalCallStore, "begin">,
  { attempt, signal }: { readonly attempt: Attempt; readonly signal: AbortSignal },
  work: (commit: Commit) => Promise<T>,
): Promise<T> {
  try {
    return await work(async (tx, call) => {
      if (!(await calls.begin(tx, attempt, call))) throw new Cancelled();
    });
  } catch (thrown) {
    if (thrown instanceof Cancelled) return untilStopped(signal);
    throw thrown;
  }
}
