import { VerificationError, type VerificationReason } from "../errors.js";

/** Ends the verification unless `condition` holds. */
export function must(condition: unknown, reason: VerificationReason, message: string): asserts condition {
  if (!condition) throw new VerificationError(reason, message);
}

/** Runs a parser whose failure means the challenge is malformed. */
export function parseOrRefuse<T>(reason: VerificationReason, message: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (cause instanceof VerificationError) throw cause;
    throw new VerificationError(reason, message, { cause });
  }
}
