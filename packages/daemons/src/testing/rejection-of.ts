import { AppError } from "@arkrelay/core/errors";

/** The AppError that `work` ends with. */
export async function rejectionOf(work: Promise<unknown>): Promise<AppError> {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown;
    throw thrown;
  }
  throw new Error("expected an AppError, nothing was thrown");
}
