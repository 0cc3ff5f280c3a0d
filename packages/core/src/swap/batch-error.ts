import { AppError, nostrCode } from "../errors";

/** Why a batch cannot be, as its submitter is told (3001). `action_id` is the member's, when one is at fault. */
export function batchInvalid(reason: string, details: Readonly<Record<string, unknown>> = {}): AppError {
  return new AppError("batch_invalid", { details: { ...details, reason } });
}

/** Details of a cancellation that is not the member's own. */
export const CALLED_OFF = { reason: "called_off" } as const;

/**
 * What one member's intent or funds were refused with, as an error of its batch. Short funds keep their own code (2001), and what says
 * nothing about the member stays as it is.
 */
export function asBatchError(error: AppError, actionId: string): AppError {
  const details = { ...error.details, action_id: actionId };
  if (error.code === "insufficient_balance") return new AppError(error.code, { details });
  if (error.retry !== "never" && error.code !== "vtxo_locked") return error;
  if (error.code === "batch_invalid" || error.code === "internal_error") return error;
  return new AppError("batch_invalid", {
    details: { ...details, reason: error.code, reason_code: nostrCode(error.code) },
    errors: error.errors,
    cause: error,
  });
}
