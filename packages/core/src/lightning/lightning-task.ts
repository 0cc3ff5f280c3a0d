import type { LightningOperation } from "./lightning-operation";

/** Where a lift or land stands, as far as the name of its next task depends on it. */
export type LightningPosition = Pick<LightningOperation, "invoiceType" | "status" | "errorCode">;

export type LightningTaskName =
  | "lift_create"
  | "lift_deliver"
  | "lift_kill"
  | "lift_settle"
  | "land_pay"
  | "land_track"
  | "land_refund";

/**
 * The task under which a row is woken. The name labels metrics and logs only: every task of a lift calls the same driver, which reads
 * the row again, and so do those of a land. A row that has ended is woken by nobody; it gets the name of its last task.
 */
export function lightningTaskOf(position: LightningPosition): LightningTaskName {
  return position.invoiceType === "lift" ? liftTaskOf(position) : landTaskOf(position);
}

function liftTaskOf({ status, errorCode }: LightningPosition): LightningTaskName {
  switch (status) {
    case "pending":
      return "lift_create";
    case "accepted":
      return "lift_deliver";
    case "delivering":
      // Why it shall not be delivered any more is written down before its kill tx is made.
      return errorCode === undefined ? "lift_deliver" : "lift_kill";
    default:
      return "lift_settle";
  }
}

function landTaskOf({ status }: LightningPosition): LightningTaskName {
  switch (status) {
    case "pending_payment":
    case "received":
      return "land_pay";
    case "failed":
    case "refunding":
    case "refunded":
      return "land_refund";
    default:
      return "land_track";
  }
}
