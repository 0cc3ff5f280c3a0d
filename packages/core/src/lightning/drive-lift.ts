import type { DriveResult } from "../ceremony/drive-ceremony";
import { AppError } from "../errors";
import { createLift } from "./lift-create";
import { deliverLift, driveDelivery } from "./lift-deliver";
import { settleLift } from "./lift-settle";
import type { HeldLift, LiftStep } from "./lift-step";
import type { LightningDeps } from "./lightning-deps";
import { isLightningTerminal } from "./lightning-machine";

export interface DriveLiftInput {
  readonly operationId: string;
  /** Token of the worker's attempt: every write carries it, so a stalled worker cannot move the lift. */
  readonly fence: string;
  readonly signal?: AbortSignal;
}

/** A whole lift takes about 10 turns; more than this means that steps undo each other. */
const TURNS_MAX = 40;

/**
 * Drives one lift as far as it goes: each turn reads the persisted state and runs the one step that is due, so it can be killed
 * anywhere and run again. Throws the AppError of a step that should be tried again later.
 */
export async function driveLift(deps: LightningDeps, input: DriveLiftInput): Promise<DriveResult> {
  for (let turn = 0; turn < TURNS_MAX; turn++) {
    input.signal?.throwIfAborted();
    const operation = await deps.operations.find(input.operationId);
    if (operation === undefined || isLightningTerminal(operation)) return { nextAt: undefined };
    const step = await runTurn(deps, { operation, fence: input.fence });
    if (step.kind === "wait") return { nextAt: step.until };
  }
  throw new AppError("internal_error", { internal: `lift ${input.operationId} does not settle in ${TURNS_MAX} turns` });
}

async function runTurn(deps: LightningDeps, lift: HeldLift): Promise<LiftStep> {
  switch (lift.operation.status) {
    case "pending":
      return createLift(deps, lift);
    case "accepted":
      return deliverLift(deps, lift);
    case "delivering":
      return driveDelivery(deps, lift);
    case "delivered":
      return settleLift(deps, lift);
    default:
      throw new AppError("internal_error", {
        internal: `${lift.operation.operationId} is a ${lift.operation.status} row, not a lift's`,
      });
  }
}
