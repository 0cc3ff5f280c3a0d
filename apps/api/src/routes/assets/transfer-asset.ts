import { TransferBody, TransferReply } from "@arkrelay/core/http/assets";
import { openSession } from "@arkrelay/core/session/open-session";
import { prepareOrQueue } from "@arkrelay/core/session/request-challenge";
import { movingIntentOf, type Session } from "@arkrelay/core/session/session";

import { writeRoute } from "../../http/route";
import { toAssetId } from "../asset-alias";
import { shorten } from "../short-id";
import { findPlanned } from "../transactions/p2p-transfer";

export const transferAssetRoute = writeRoute({
  method: "POST",
  path: "/assets/transfer",
  summary: "Open, prepare and start a transfer; nothing moves until the sender signs",
  auth: ["owner", "solver"],
  scope: "assets",
  body: TransferBody,
  integersOnly: true,
  opensSession: true,
  replies: { 202: TransferReply },
}).handle(
  async ({ deps, tx, caller, body }) => {
    const { session, replayed, mirrorIsFresh, syncJobId, wakes } = await openSession(deps.session, tx, {
      caller,
      userPubkey: body.sender_pubkey,
      sessionType: "p2p_transfer",
      intentData: {
        params: {
          asset_id: toAssetId(body.asset_id),
          amount: body.amount,
          recipient_pubkey: body.recipient_pubkey,
          ...(body.fee_asset_id !== undefined && { fee_asset_id: toAssetId(body.fee_asset_id) }),
          ...(body.fee_amount !== undefined && { fee_amount: body.fee_amount }),
        },
      },
      delivery: "both",
      autoStart: true,
    });
    const headers = { location: `/sessions/${session.sessionId}` };
    // A stale mirror leaves the steps to the worker, which reads the VTXOs first.
    if (replayed || !mirrorIsFresh) return { status: 202, body: toReply(session, null, syncJobId), headers, wakes };
    const prepared = await prepareOrQueue(deps.session, tx, session, caller);
    const plan = await deps.session.sessionTxs.find(tx, session.id);
    const body202 = toReply(prepared.session, plan?.txs.ark.txid ?? null, prepared.syncJobId);
    return { status: 202, body: body202, headers, wakes: [...wakes, ...prepared.wakes] };
  },
  {
    byDefaultSeconds: 2,
    look: async ({ deps }, given) => {
      const reply = TransferReply.parse(given);
      const { session_id: sessionId, job_id: jobId, result } = reply;
      // Planned already: there is nothing to wait for.
      if (result.txid !== null) return { status: 202, body: reply };
      const found = await findPlanned(deps, sessionId);
      return found && { status: 202, body: toReply(found.session, found.txid, jobId) };
    },
  },
);

function toReply(session: Session, txid: string | null, syncJobId: string | undefined) {
  const intent = movingIntentOf(session);
  return {
    message: txid === null ? "The VTXOs are being read; the challenge opens by itself" : "Transfer prepared",
    session_id: session.sessionId,
    ...(syncJobId !== undefined && { job_id: syncJobId }),
    result: {
      asset_id: intent.assetId,
      sender: shorten(session.userPubkey),
      recipient: shorten(intent.recipientPubkey),
      amount: Number(intent.amount),
      fee_asset_id: intent.feeAssetId,
      fee_amount: Number(intent.feeAmount),
      status: "pending_signatures" as const,
      txid,
    },
  };
}
