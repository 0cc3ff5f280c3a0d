import { FAILURE_KIND } from "../nostr/kinds";
import type { SessionDeps } from "./session-deps";

/**
 * Keys cost nothing, so whoever makes many could have us publish without end. Keys that ever had funds or a transfer here are
 * answered always; the rest share a budget of failures and notices, and above it their outcome is only recorded.
 */
export async function isOverStrangerBudget(
  deps: Pick<SessionDeps, "config" | "results" | "sessions" | "vtxos">,
  pubkey: string,
): Promise<boolean> {
  const limit = deps.config.strangerRepliesPerMinute;
  if ((await deps.results.countLastMinute(FAILURE_KIND, limit)) < limit) return false;
  if (await deps.sessions.hasCompleted(pubkey)) return false;
  return (await deps.vtxos.listLive(undefined, pubkey, 1)).length === 0;
}
