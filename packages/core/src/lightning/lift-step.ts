import { AppError } from "../errors";
import type { Tx } from "../ports/transactions";
import type { LightningDeps } from "./lightning-deps";
import type { LightningOperation } from "./lightning-operation";

/** What a step of a lift did: moved its row, or found nothing to do before `until`. */
export type LiftStep = { readonly kind: "moved" } | { readonly kind: "wait"; readonly until: Date };

export const MOVED: LiftStep = { kind: "moved" };

/** A lift in the hands of one attempt of a worker. */
export interface HeldLift {
  readonly operation: LightningOperation;
  /** Token of the worker's attempt: every write carries it. */
  readonly fence: string;
}

export function waitMs(deps: Pick<LightningDeps, "clock">, ms: number): LiftStep {
  return { kind: "wait", until: new Date(deps.clock.now().getTime() + ms) };
}

/** Locks the row for what follows in this transaction, and proves that the worker's attempt still has it. */
export async function lockHeld(
  deps: Pick<LightningDeps, "operations">,
  tx: Tx,
  { operation, fence }: HeldLift,
): Promise<LightningOperation> {
  const locked = await deps.operations.lock(tx, operation.operationId);
  if (locked === undefined) throw new AppError("internal_error", { internal: `lift ${operation.operationId} is gone` });
  return deps.operations.move(tx, locked, {}, fence);
}
