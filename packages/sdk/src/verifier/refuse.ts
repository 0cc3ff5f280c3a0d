import { VerificationError, type VerificationReason } from "../errors.js";

/** Ends the verification unless `condition` holds. */
export function must(condition: unknown, reason: VerificationReason, message: string): asserts condition {
  if (!condition) throw new VerificationError(reason, message);
}

/** Runs what may throw for its own reasons: a check that cannot run has failed. */
export function orRefuse<T>(reason: VerificationReason, message: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof VerificationError) throw cause;
    throw new VerificationError(reason, message, { cause });
  }
}
