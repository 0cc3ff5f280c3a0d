import type { LiftStatus } from "../lightning/lightning-operation";
import type { PayoutKind } from "../payout/payout";

export interface HeldLiftFact {
  readonly operationId: string;
  readonly paymentHash: string;
  readonly status: LiftStatus;
  readonly htlcExpiryHeight: number;
}

export interface LostLiftFact {
  readonly operationId: string;
  readonly paymentHash: string;
  readonly assetId: string;
  readonly amount: bigint;
  readonly lostAt: Date;
}

export interface UnknownPaymentFact {
  readonly operationId: string;
  readonly paymentHash: string;
  readonly invoiceType: "lift" | "land";
  readonly status: string;
  readonly unknownSince: Date;
  readonly lastError: string | undefined;
}

export interface AcceptedPayoutFact {
  readonly kind: PayoutKind;
  readonly businessId: string;
  readonly txid: string;
  readonly acceptedAt: Date;
  /** arkd refuses to finalise it for good, as its owner's row says. */
  readonly isPoisoned: boolean;
}

/** What alerts are judged by. Lists are bounded and begin with what has waited longest. */
export interface AlertFacts {
  /** Lifts whose payment lnd holds and that are not settled, the first to run out first. */
  listHeldLifts(limit: number): Promise<readonly HeldLiftFact[]>;
  listLostLifts(since: Date, limit: number): Promise<readonly LostLiftFact[]>;
  listUnknownPayments(unknownBefore: Date, limit: number): Promise<readonly UnknownPaymentFact[]>;
  /** Payouts that arkd has accepted and that are not final: those from before this time, and all that are poisoned. */
  listAcceptedPayouts(acceptedBefore: Date, limit: number): Promise<readonly AcceptedPayoutFact[]>;
}
