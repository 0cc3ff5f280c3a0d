import type { Session } from "@arkrelay/core/session/session";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

/** What a whole property run has to have seen at least once: a model in which one of these never happens proves less than it says. */
export const MUST_HAPPEN: readonly string[] = [
  "p2p_transfer completed",
  "p2p_transfer expired session_expired",
  "p2p_transfer failed session_cancelled",
  "p2p_transfer failed insufficient_balance",
  "vtxo_split completed",
  "vtxo_multi_transfer completed",
  "optimal_change completed",
  "protocol_op completed",
  "vtxo_renew completed",
  "atomic_swap completed",
  "atomic_swap failed",
  "swap of 2 finalized",
  "swap of 3 finalized",
  "swap of 2 failed",
  "swap of 3 failed",
  "gUSD completed",
  "gEUR completed",
  "rebuilt",
  "died at a commit",
  "arkd refused",
  "an answer lost",
  "checkpoints withheld",
  "double spend",
  "event again",
  "event late",
  "challenge expired",
  "refused: garbage",
  "refused: other_key",
];

/** How the sessions of a run ended, and the rarer ways they took. */
export async function readHappened(
  { database }: TestDatabase,
  sessions: readonly Session[],
): Promise<readonly string[]> {
  const ways = await database.select(`
    SELECT 'challenge expired' AS way FROM signing_challenges WHERE status = 'expired'
    UNION ALL SELECT CONCAT('swap of ', COUNT(*), ' ', MAX(b.status)) FROM swap_batches b
      JOIN signing_sessions s ON s.id = b.head_session_id OR s.head_id = b.head_session_id GROUP BY b.id`);
  return [...ways.map((row) => String(row["way"])), ...sessions.flatMap(waysOf)];
}

function waysOf({ intent, status, errorCode, submitState }: Session): readonly string[] {
  return [
    [intent.type, status, ...(errorCode === undefined ? [] : [errorCode])].join(" "),
    ...("assetId" in intent ? [`${intent.assetId} ${status}`] : []),
    ...(intent.type === "atomic_swap" ? [`atomic_swap ${status}`] : []),
    ...(submitState?.rebuilt === true ? ["rebuilt"] : []),
    ...((submitState?.refusal ?? null) === null ? [] : ["arkd refused"]),
    ...((submitState?.sends ?? 0) > 1 ? ["an answer lost"] : []),
  ];
}
