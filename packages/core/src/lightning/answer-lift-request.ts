import { AppError } from "../errors";
import { answerRequest } from "../nostr/answer-request";
import { type NotifyDeps, requestOf } from "../nostr/notify-user";
import { errorResponse } from "../nostr/service-response";
import type { Tx } from "../ports/transactions";
import type { Session } from "../session/session";
import type { LightningOperation } from "./lightning-operation";

/**
 * Answers the 31500 that a lift came from, in the transaction that stores its invoice, or that ends it before it has one. Nothing for
 * a lift that came another way.
 */
export async function answerLiftRequest(
  deps: NotifyDeps,
  tx: Tx,
  session: Pick<Session, "context" | "userPubkey" | "sessionId">,
  operation: LightningOperation,
): Promise<void> {
  const request = requestOf(session);
  if (request === undefined) return;
  const { requestId, eventId: requestEventId } = request;
  const action = "lift_lightning";
  await answerRequest(deps, tx, {
    userPubkey: session.userPubkey,
    requestEventId,
    requestId,
    content: ({ gatewayPubkey, timestamp }) => {
      const { bolt11 } = operation;
      if (bolt11 === undefined) {
        const error = new AppError(operation.errorCode ?? "internal_error");
        return errorResponse(error, { head: { requestId, action }, eventId: requestEventId, gatewayPubkey, timestamp });
      }
      return {
        request_id: requestId,
        action,
        status: "pending_payment",
        invoice: bolt11,
        payment_hash: operation.paymentHash,
        amount: Number(operation.amount),
        asset_id: operation.assetId,
        expires_at: operation.expiresAt.toISOString(),
        fee_estimate: Number(operation.carrierUnits ?? 0n),
        session_id: session.sessionId,
        operation_id: operation.operationId,
        timestamp,
        gateway_pubkey: gatewayPubkey,
      };
    },
  });
}
