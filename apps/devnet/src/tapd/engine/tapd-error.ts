/** gRPC status names tapd answers with. Most refusals are plain Go errors, which gRPC reports as UNKNOWN; never FAILED_PRECONDITION. */
export type TapdStatus = "UNKNOWN" | "INVALID_ARGUMENT" | "UNAVAILABLE" | "UNIMPLEMENTED";

/** A refusal of tapd with its own text, on which clients have to rely. */
export class TapdError extends Error {
  constructor(
    message: string,
    readonly status: TapdStatus = "UNKNOWN",
  ) {
    super(message);
    this.name = "TapdError";
  }
}

/** Go's `fmt.Errorf("why: %w", err)`: what work throws as TapdError or LndError gets the outer text in front. */
export function wrapping<T>(why: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error) throw new TapdError(`${why}: ${error.message}`);
    throw error;
  }
}
