import { actsAsOwner, type Caller } from "@arkrelay/core/caller";
import { AppError } from "@arkrelay/core/errors";

import type { ApiDeps } from "../../api-deps";

/** How long a caller waits before it asks again while lnd is away. */
const RETRY_AFTER_SECONDS = 30;

/** A key starts its own lifts and lands, a solver those of others too; nothing of a user's moves without that user's signature. */
export function assertMayStartFor(caller: Caller, userPubkey: string): void {
  if (caller.isSolver || caller.isAdmin || actsAsOwner(caller, userPubkey)) return;
  throw new AppError("forbidden", { message: "Only this key itself or a solver may start that." });
}

/** Writes are refused while lnd is known to be away; what is asked is its last report, never lnd itself. */
export async function assertLightningServes(deps: ApiDeps): Promise<void> {
  if (!deps.lnd.isConfigured) {
    throw new AppError("feature_disabled", { message: "No Lightning node is configured." });
  }
  const { lnd } = await deps.status.readDaemons();
  if (lnd.healthy || lnd.breaker === "unknown") return;
  throw new AppError(lnd.lastErrorCode === "daemon_auth_failed" ? "daemon_auth_failed" : "daemon_unavailable", {
    details: { service: "lnd", breaker: lnd.breaker, retry_after: RETRY_AFTER_SECONDS },
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}
