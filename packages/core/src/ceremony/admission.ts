import { AppError } from "../errors";
import type { Tx } from "../ports/transactions";
import type { Session } from "../session/session";
import type { SessionDeps } from "../session/session-deps";

/** How soon a ceremony looks again that waits for the key's earlier one, or for its turn under the gateway's cap. */
export const QUEUE_WAIT_MS = 1_000;

/**
 * Why arkd must not get a transaction of this session yet; undefined = it may. Whoever has signed and stays away leaves a
 * co-input of ours frozen at arkd, so a key has at most one transfer there that is not final, and keys that never completed one
 * share a cap. Asked before step 2, and once more in the transaction (`tx`) that hands over: there it waits for other
 * hand-overs of the key, so that of several prepared ones only one goes on.
 */
export async function mustWait(
  deps: Pick<SessionDeps, "config" | "sessions">,
  session: Pick<Session, "userPubkey" | "sessionId" | "sessionType">,
  tx?: Tx,
): Promise<AppError | undefined> {
  const { ofUser, total } = await deps.sessions.countUnfinalised(tx, session.userPubkey, session.sessionId);
  if (ofUser > 0) return new AppError("vtxo_locked", { message: "An earlier transfer of this key is not final yet." });
  // Of a swap, whoever never completed one presigns: it cannot freeze anything (choose-presigners.ts).
  if (session.sessionType === "atomic_swap") return undefined;
  if (total < deps.config.acceptedUnfinalisedMax || (await deps.sessions.hasCompleted(session.userPubkey)))
    return undefined;
  return new AppError("inventory_exhausted", { message: "Too many accepted transfers are not final yet." });
}
