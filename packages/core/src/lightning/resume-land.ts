import { AppError } from "../errors";
import type { Clock } from "../ports/clock";
import type { LightningStore } from "../ports/lightning-stores";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import type { LandStatus, LightningOperation } from "./lightning-operation";

export interface OperatorDeskDeps {
  readonly clock: Clock;
  readonly operations: Pick<LightningStore, "findByHash" | "wake">;
}

export interface WokenOperation {
  readonly operation: LightningOperation;
  readonly wakes: readonly Wake[];
}

/** The land's VTXO is ours and its payment has no end yet. */
const RESUMABLE: readonly LandStatus[] = ["received", "in_flight"];

/**
 * Has a worker look at a land now: it tracks the payment first and pays only what was certainly never sent. Makes no land and no
 * payment of its own. Errors: `not_found`, `wrong_state`.
 */
export async function resumeLand(deps: OperatorDeskDeps, tx: Tx, paymentHash: string): Promise<WokenOperation> {
  const operation = await findResumableLand(deps, tx, paymentHash);
  return wakeNow(deps, tx, operation);
}

/** The land that `resumeLand` would wake. Errors as there. */
export async function findResumableLand(
  deps: Pick<OperatorDeskDeps, "operations">,
  tx: Tx,
  paymentHash: string,
): Promise<LightningOperation & { readonly status: LandStatus }> {
  const operation = await deps.operations.findByHash(tx, paymentHash);
  if (operation?.invoiceType !== "land") throw new AppError("not_found");
  const status = RESUMABLE.find((each) => each === operation.status);
  if (status === undefined)
    throw new AppError("wrong_state", { details: { status: operation.status, allowed: RESUMABLE } });
  return { ...operation, status };
}

/** Has a worker ask lnd again about an operation without a known outcome. Sends nothing. Errors: `not_found`. */
export async function recheckUnknown(deps: OperatorDeskDeps, tx: Tx, paymentHash: string): Promise<WokenOperation> {
  const operation = await deps.operations.findByHash(tx, paymentHash);
  if (operation?.unknownSince === undefined) throw new AppError("not_found");
  return wakeNow(deps, tx, operation);
}

async function wakeNow(deps: OperatorDeskDeps, tx: Tx, operation: LightningOperation): Promise<WokenOperation> {
  const wake = await deps.operations.wake(tx, operation.operationId, deps.clock.now());
  return { operation, wakes: wake === undefined ? [] : [wake] };
}
