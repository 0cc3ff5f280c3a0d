import { AppError } from "../errors";

/** What happens to one call: it never arrives, its answer is lost, or (a payment) it is carried out after its caller gave up. */
export type LightningFault = "unavailable" | "lose_reply" | "late";

/** What an HTLC carries when units of an asset travel: less sats than it is worth. */
export interface CarriedUnits {
  readonly units: ReadonlyMap<string, bigint>;
  readonly carrierMsat: bigint;
}

export function away(): AppError {
  return new AppError("daemon_unavailable", { details: { service: "lnd" } });
}

export function unknownOutcome(): AppError {
  return new AppError("outcome_unknown", { details: { service: "lnd" } });
}

export function refusal(name: string): AppError {
  return new AppError("daemon_rejected", { details: { service: "lnd", daemon_name: name, daemon_message: name } });
}
