export type InvoiceState = "open" | "accepted" | "settled" | "canceled";

export interface HopHint {
  /** 66 hex. */
  readonly nodeId: string;
  readonly chanId: bigint;
  readonly feeBaseMsat: number;
  readonly feeProportionalMillionths: number;
  readonly cltvExpiryDelta: number;
}

export interface InvoiceHtlc {
  /** Which payment of which party holds it. */
  readonly paymentKey: string;
  readonly attemptId: bigint;
  readonly chanId: bigint;
  readonly htlcIndex: bigint;
  readonly amountMsat: bigint;
  readonly mppTotalMsat: bigint;
  readonly acceptHeight: number;
  /** Unix seconds. */
  readonly acceptTime: number;
  readonly resolveTime: number;
  readonly expiryHeight: number;
  readonly state: "accepted" | "settled" | "canceled";
  /** Hex; "" for plain sats. */
  readonly customChannelData: string;
}

export interface Invoice {
  readonly paymentHash: string;
  /** "" while a hold invoice is unsettled. */
  readonly preimage: string;
  readonly isHold: boolean;
  /** Of a hold invoice of the outside wallet, which settles it by itself when told so; "" otherwise. */
  readonly keptPreimage: string;
  readonly memo: string;
  /** "" when the description is the memo. */
  readonly descriptionHash: string;
  /** 0 = the payer chooses. */
  readonly valueMsat: bigint;
  readonly paymentRequest: string;
  readonly paymentAddr: string;
  readonly fallbackAddr: string;
  readonly routeHints: readonly (readonly HopHint[])[];
  readonly isPrivate: boolean;
  /** Unix seconds. */
  readonly createdAt: number;
  readonly expirySeconds: number;
  readonly cltvExpiry: number;
  readonly addIndex: bigint;
  /** 0 until settled. */
  readonly settleIndex: bigint;
  readonly settledAt: number;
  readonly amountPaidMsat: bigint;
  readonly state: InvoiceState;
  readonly htlcs: readonly InvoiceHtlc[];
}

export interface NewInvoice {
  readonly valueMsat: bigint;
  readonly memo?: string;
  /** Hex; drawn from the seed when neither this nor `paymentHash` is given. */
  readonly preimage?: string;
  /** Makes it a hold invoice. */
  readonly paymentHash?: string;
  /** A hold invoice too, with a preimage that its owner keeps. */
  readonly isKept?: boolean;
  readonly descriptionHash?: string;
  readonly fallbackAddr?: string;
  /** 86 400 when absent. */
  readonly expirySeconds?: number;
  /** 80 when absent. */
  readonly cltvExpiry?: number;
  readonly isPrivate?: boolean;
  readonly routeHints?: readonly (readonly HopHint[])[];
}
