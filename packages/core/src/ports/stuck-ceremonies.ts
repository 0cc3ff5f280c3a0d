/** A ceremony whose transaction arkd has accepted and that is not final. */
export interface StuckCeremony {
  readonly sessionId: string;
  readonly acceptedAt: Date;
  /** Of the inputs that are the gateway's, sats. */
  readonly gatewaySats: bigint;
  /** arkd refuses to finalise it for good: nothing is sent any more. */
  readonly isPoisoned: boolean;
}

/** Ceremonies that do not come to their end. They only go forward, so nothing here changes them. */
export interface StuckCeremonies {
  /** Accepted before this time and not final, and all that are poisoned; oldest first. */
  list(acceptedBefore: Date, limit: number): Promise<readonly StuckCeremony[]>;
  /** Accepted before this time and not final, and their inputs are not booked as frozen. */
  listUnfrozen(acceptedBefore: Date, limit: number): Promise<readonly StuckCeremony[]>;
}
