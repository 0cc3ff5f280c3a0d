import { AppError } from "@arkrelay/core/errors";
import { P2pTransferBody, P2pTransferReply } from "@arkrelay/core/http/transactions";
import { requestChallenge } from "@arkrelay/core/session/request-challenge";
import { movingIntentOf, type Session } from "@arkrelay/core/session/session";
import { startCeremony } from "@arkrelay/core/session/start-ceremony";

import type { ApiDeps } from "../../api-deps";
import { writeRoute } from "../../http/route";
import { getReadableSession } from "../sessions/session-view";
import { shorten } from "../short-id";

const NOTHING_PREPARED = { syncJobId: undefined, wakes: [] };

export const p2pTransferRoute = writeRoute({
  method: "POST",
  path: "/transactions/p2p-transfer",
  summary: "Prepare and start the ceremony of a p2p_transfer session",
  auth: ["owner", "solver"],
  scope: "transactions",
  body: P2pTransferBody,
  replies: { 202: P2pTransferReply },
}).handle(
  async ({ deps, tx, caller, body }) => {
    const call = { sessionId: body.session_id, caller };
    const before = await getReadableSession(deps, caller, body.session_id);
    if (before.sessionType === "protocol_op") {
      throw new AppError("wrong_state", {
        message: "A signature over a payload moves nothing.",
        details: { status: before.status, allowed: [] },
      });
    }
    // An answered challenge needs no other one; requesting would be refused.
    const needsChallenge = before.status === "initiated" || before.status === "challenge_sent";
    const prepared = needsChallenge ? await requestChallenge(deps.session, tx, call) : NOTHING_PREPARED;
    const { session, wakes } = await startCeremony(deps.session, tx, call);
    const plan = await deps.session.sessionTxs.find(tx, session.id);
    return {
      status: 202,
      body: toReply(session, plan?.txs.ark.txid ?? null, prepared.syncJobId),
      headers: { location: `/sessions/${session.sessionId}` },
      wakes: [...prepared.wakes, ...wakes],
    };
  },
  {
    byDefaultSeconds: 2,
    look: async ({ deps, body }, given) => {
      const reply = P2pTransferReply.parse(given);
      const { transaction, job_id: jobId } = reply;
      // Planned already: there is nothing to wait for.
      if (transaction.txid !== null) return { status: 202, body: reply };
      const found = await findPlanned(deps, body.session_id);
      return found && { status: 202, body: toReply(found.session, found.txid, jobId) };
    },
  },
);

export async function findPlanned(deps: ApiDeps, sessionId: string) {
  const session = await deps.session.sessions.find(sessionId);
  const plan = session && (await deps.session.sessionTxs.find(undefined, session.id));
  return session && plan && { session, txid: plan.txs.ark.txid, outputs: plan.outputs };
}

function toReply(session: Session, txid: string | null, syncJobId: string | undefined) {
  const intent = movingIntentOf(session);
  return {
    message: txid === null ? "The transfer is being prepared; the challenge opens by itself" : "Transfer prepared",
    session_id: session.sessionId,
    ...(syncJobId !== undefined && { job_id: syncJobId }),
    transaction: {
      txid,
      amount: Number(intent.amount),
      asset_id: intent.assetId,
      fee_sats: Number(intent.feeAmount),
      sender: shorten(session.userPubkey),
      recipient: shorten(intent.recipientPubkey),
      status: "pending_signatures" as const,
    },
  };
}
