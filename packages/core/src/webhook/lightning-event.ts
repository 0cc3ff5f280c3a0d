import { toInvoiceStatus } from "../lightning/invoice-status";
import type { LightningOperation } from "../lightning/lightning-operation";
import type { Session } from "../session/session";
import { ownerOfKey, type WebhookEvent, type WebhookEventType } from "./webhook-event";

/** What of a lift's and a land's way is worth a call; the rest is detail of ours. */
const TYPES: Readonly<Record<string, WebhookEventType | undefined>> = {
  "lift accepted": "lightning.lift.accepted",
  "lift paid": "lightning.lift.paid",
  "lift expired": "lightning.lift.expired",
  "lift cancelled": "lightning.lift.cancelled",
  "land in_flight": "lightning.land.in_flight",
  "land paid": "lightning.land.paid",
  "land failed": "lightning.land.failed",
  "land refunded": "lightning.land.refunded",
};

export function lightningEventType({
  invoiceType,
  status,
}: Pick<LightningOperation, "invoiceType" | "status">): WebhookEventType | undefined {
  return TYPES[`${invoiceType} ${status}`];
}

/** `invoice_status` as the parties may read it, but for the preimage: what proves a payment is not kept in the text of an event. */
export function lightningEvent(
  type: WebhookEventType,
  operation: LightningOperation,
  session: Session | undefined,
): WebhookEvent {
  return {
    type,
    objectKey: `session:${operation.sessionId}`,
    audience: {
      kind: "principals",
      principals: [...(session === undefined ? [] : [session.createdBy]), ownerOfKey(operation.userPubkey)],
    },
    dataFor: () => ({ ...toInvoiceStatus(operation, session), fee_sats: Number(operation.fee) }),
  };
}
