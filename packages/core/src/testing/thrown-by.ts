import { AppError } from "../errors";

/** What `act` throws, for tests that look at code and details. Fails when it throws nothing or something foreign. */
export function thrownBy(act: () => unknown): AppError {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown;
    throw thrown;
  }
  throw new Error("expected an AppError, nothing was thrown");
}
