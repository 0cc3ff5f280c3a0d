import { actsAsOwner, type Caller } from "@arkrelay/core/caller";
import { AppError } from "@arkrelay/core/errors";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";

import type { ApiDeps } from "../../api-deps";
import type { DaemonState } from "../../status-sources";

/** How long a caller waits before it asks again while lnd is away. */
const RETRY_AFTER_SECONDS = 30;

/** A key starts its own lifts and lands, a solver those of others too; nothing of a user's moves without that user's signature. */
export function assertMayStartFor(caller: Caller, userPubkey: string): void {
  if (caller.isSolver || caller.isAdmin || actsAsOwner(caller, userPubkey)) return;
  throw new AppError("forbidden", { message: "Only this key itself or a solver may start that." });
}

/**
 * Writes are refused while lnd is known to be away, and those of an asset while tapd is; what is asked is their last report, never the
 * daemons themselves.
 */
export async function assertLightningServes(deps: ApiDeps, assetId = GBTC): Promise<void> {
  if (!deps.lnd.isConfigured) {
    throw new AppError("feature_disabled", { message: "No Lightning node is configured." });
  }
  const { lnd, tapd } = await deps.status.readDaemons();
  assertServes("lnd", lnd);
  if (assetId !== GBTC) assertServes("tapd", tapd);
}

function assertServes(service: "lnd" | "tapd", { healthy, breaker, lastErrorCode }: DaemonState): void {
  if (healthy || breaker === "unknown") return;
  throw new AppError(lastErrorCode === "daemon_auth_failed" ? "daemon_auth_failed" : "daemon_unavailable", {
    details: { service, breaker, retry_after: RETRY_AFTER_SECONDS },
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}
