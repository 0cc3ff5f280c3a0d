import { AppError } from "@arkrelay/core/errors";
import type { LightningNode } from "@arkrelay/core/ports/lightning-node";

import type { ApiDeps } from "../../../api-deps";

/** An operator waits no longer than that for lnd's word. */
const ASK_MS_MAX = 5_000;

/**
 * What lnd says now, for the plan of a write. Throws what `ask` throws, and `daemon_unavailable` when lnd does not answer in time; what
 * it answers later is dropped.
 */
export async function askLnd<T>(
  deps: ApiDeps,
  ask: (node: LightningNode) => Promise<T>,
  waitMs = ASK_MS_MAX,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(tooLate(waitMs)), waitMs);
  });
  try {
    return await Promise.race([ask(deps.lnd.node()), late]);
  } finally {
    clearTimeout(timer);
  }
}

function tooLate(waitMs: number): AppError {
  return new AppError("daemon_unavailable", {
    details: { service: "lnd", reason: "slow" },
    internal: `lnd gave no answer within ${waitMs} ms`,
    retryAfterSeconds: 5,
  });
}
