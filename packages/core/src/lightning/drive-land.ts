import type { DriveResult } from "../ceremony/drive-ceremony";
import { AppError } from "../errors";
import { beginPayment } from "./land-pay";
import { beginRefund, driveRefund } from "./land-refund";
import type { HeldLand } from "./land-step";
import { type DriveMemory, newDriveMemory, trackLand } from "./land-track";
import type { LiftStep } from "./lift-step";
import type { LightningDeps } from "./lightning-deps";
import { isLightningTerminal } from "./lightning-machine";

export interface DriveLandInput {
  readonly operationId: string;
  /** Token of the worker's attempt: every write carries it, so a stalled worker cannot move the land. */
  readonly fence: string;
  readonly signal?: AbortSignal;
}

/** A land that is paid takes 3 turns, one that is refunded after three payments about 15; more means that steps undo each other. */
const TURNS_MAX = 40;

/**
 * Drives one land as far as it goes, from the VTXO received to paid or refunded: each turn reads the persisted state and runs the one
 * step that is due, so it can be killed anywhere and run again. Throws the AppError of a step that should be tried again later.
 */
export async function driveLand(deps: LightningDeps, input: DriveLandInput): Promise<DriveResult> {
  const memory = newDriveMemory();
  for (let turn = 0; turn < TURNS_MAX; turn++) {
    input.signal?.throwIfAborted();
    const operation = await deps.operations.find(input.operationId);
    if (operation === undefined || isLightningTerminal(operation)) return { nextAt: undefined };
    // Its session's ceremony moves it until its VTXO is received.
    if (operation.status === "pending_payment") return { nextAt: undefined };
    const step = await runTurn(deps, { operation, fence: input.fence, signal: input.signal }, memory);
    if (step.kind === "wait") return { nextAt: step.until };
  }
  throw new AppError("internal_error", { internal: `land ${input.operationId} does not settle in ${TURNS_MAX} turns` });
}

function runTurn(deps: LightningDeps, land: HeldLand, memory: DriveMemory): Promise<LiftStep> {
  switch (land.operation.status) {
    case "received":
      return beginPayment(deps, land);
    case "in_flight":
      return trackLand(deps, land, memory);
    case "failed":
      return beginRefund(deps, land);
    case "refunding":
      return driveRefund(deps, land);
    default:
      throw new AppError("internal_error", {
        internal: `${land.operation.operationId} is a ${land.operation.status} row, not a land's`,
      });
  }
}
