import type { Tx } from "../ports/transactions";
import type { WebhookOutbox } from "../ports/webhook-stores";
import type { Session } from "../session/session";
import { toSessionItem } from "../session/session-item";
import { ownerOfKey, type WebhookEventType } from "./webhook-event";

export type SessionEventType = Extract<WebhookEventType, `session.${string}`>;

/** Tells the session's maker and its user what has become of it. `session` = the row as the transaction leaves it. */
export function announceSession(
  deps: { readonly webhooks: WebhookOutbox },
  tx: Tx,
  type: SessionEventType,
  session: Session,
): Promise<void> {
  return deps.webhooks.announce(tx, {
    type,
    objectKey: `session:${session.sessionId}`,
    audience: { kind: "principals", principals: [session.createdBy, ownerOfKey(session.userPubkey)] },
    dataFor: () => {
      const txid = session.resultData?.["txid"];
      return {
        ...toSessionItem(session),
        action_id: session.intent.actionId,
        ...(typeof txid === "string" && { txid }),
        ...(session.errorCode !== undefined && { error_code: session.errorCode }),
      };
    },
  });
}
