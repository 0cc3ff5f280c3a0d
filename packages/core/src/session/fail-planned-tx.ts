import type { AppError } from "../errors";
import type { Tx } from "../ports/transactions";
import type { Session } from "./session";
import type { SessionDeps } from "./session-deps";

/** The transaction a session was prepared for will not be, if it was prepared at all. */
export async function failPlannedTx(
  deps: Pick<SessionDeps, "sessionTxs" | "txs">,
  tx: Tx,
  session: Pick<Session, "id" | "sessionId" | "sessionType">,
  error: Pick<AppError, "code" | "message">,
): Promise<void> {
  const planned = await deps.sessionTxs.find(tx, session.id);
  if (planned === undefined) return;
  const { code: errorCode, message: errorMessage } = error;
  await deps.txs.fail(tx, planned.txs.ark.txid, session.sessionId, {
    txType: session.sessionType,
    errorCode,
    errorMessage,
  });
}
