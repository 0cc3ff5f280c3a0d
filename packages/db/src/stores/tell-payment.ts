import type { LandStatus, LiftStatus } from "@arkrelay/core/lightning/lightning-operation";

import type { SqlHandle } from "../sql-handle";

/** What followers of a session hear of its lift or land: a row among the session's own events, in the transaction of the move. */
export async function tellPayment(
  connection: Pick<SqlHandle, "write">,
  sessionId: string,
  payment: { readonly paymentHash: string; readonly status: LiftStatus | LandStatus },
): Promise<void> {
  await connection.write("UPDATE signing_sessions SET event_seq = event_seq + 1 WHERE session_id = ?", [sessionId]);
  await connection.write(
    `INSERT INTO session_events (session_id, seq, event, data, at)
     SELECT s.id, s.event_seq, 'payment', ?, NOW(3) FROM signing_sessions s WHERE s.session_id = ?`,
    [JSON.stringify({ payment_hash: payment.paymentHash, status: payment.status }), sessionId],
  );
}
