import { AppError } from "@arkrelay/core/errors";

import { isCrash } from "./crash";

/** Refusals and deaths are what a random run is made of; anything else is a bug. */
export async function quietly(run: () => Promise<unknown>): Promise<unknown> {
  try {
    return await run();
  } catch (thrown) {
    if (isCrash(thrown)) return undefined;
    if (thrown instanceof AppError && thrown.code !== "internal_error") return undefined;
    throw thrown;
  }
}
