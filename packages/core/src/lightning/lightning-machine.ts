import { AppError } from "../errors";
import type { LandStatus, LiftStatus } from "./lightning-operation";

/** Both machines as tables: what is not listed is refused. Drawn in `docs/states/`, and a test keeps drawing and table equal. */
export const LIFT_TRANSITIONS: Readonly<Record<LiftStatus, readonly LiftStatus[]>> = {
  pending: ["accepted", "expired", "cancelled"],
  accepted: ["delivering", "cancelled"],
  // Back to accepted: arkd refused the delivery for good and it is built anew. Cancelled: the delivery is proven dead.
  delivering: ["delivered", "accepted", "cancelled"],
  delivered: ["paid", "lost"],
  paid: [],
  lost: [],
  expired: [],
  cancelled: [],
};

export const LAND_TRANSITIONS: Readonly<Record<LandStatus, readonly LandStatus[]>> = {
  pending_payment: ["received", "failed", "cancelled", "expired"],
  received: ["in_flight", "failed"],
  in_flight: ["paid", "failed"],
  failed: ["refunding"],
  refunding: ["refunded"],
  paid: [],
  refunded: [],
  cancelled: [],
  expired: [],
};

/** Throws `wrong_state` with what would have been allowed. Same to same is a no-op, not a transition. */
export function assertLightningMove(
  type: "lift" | "land",
  from: LiftStatus | LandStatus,
  to: LiftStatus | LandStatus,
): void {
  if (from === to) return;
  const table: Readonly<Record<string, readonly string[]>> = type === "lift" ? LIFT_TRANSITIONS : LAND_TRANSITIONS;
  const allowed = table[from] ?? [];
  if (allowed.includes(to)) return;
  throw new AppError("wrong_state", { details: { status: from, allowed } });
}

/** A land that failed with its VTXO here is not through: the refund follows. */
export function isLightningTerminal(operation: {
  readonly status: LiftStatus | LandStatus;
  readonly receivedVtxoId: string | undefined;
}): boolean {
  switch (operation.status) {
    case "paid":
    case "lost":
    case "expired":
    case "cancelled":
    case "refunded":
      return true;
    case "failed":
      return operation.receivedVtxoId === undefined;
    default:
      return false;
  }
}
