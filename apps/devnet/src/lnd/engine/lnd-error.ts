/** gRPC status names lnd answers with. Most refusals are plain Go errors, which gRPC reports as UNKNOWN. */
export type LndStatus =
  | "UNKNOWN"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "INVALID_ARGUMENT"
  | "UNAVAILABLE"
  | "UNIMPLEMENTED"
  | "RESOURCE_EXHAUSTED";

/** A refusal of lnd with its own text, on which clients have to rely. */
export class LndError extends Error {
  constructor(
    message: string,
    readonly status: LndStatus = "UNKNOWN",
  ) {
    super(message);
    this.name = "LndError";
  }
}
