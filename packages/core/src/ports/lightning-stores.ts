import type { ErrorCode } from "../errors";
import type { LandStatus, LiftStatus, LightningAttempt, LightningOperation } from "../lightning/lightning-operation";
import type { Payout, PayoutAttempt, PayoutKind, PayoutOutcome, PayoutPart, PayoutStatus } from "../payout/payout";
import type { SubmitState } from "../session/session";
import type { Tx } from "./transactions";
import type { Wake } from "./waker";

export interface NewLightningOperation {
  readonly operationId: string;
  readonly invoiceType: "lift" | "land";
  readonly status: "pending" | "pending_payment";
  readonly paymentHash: string;
  /** A lift claims its hash from the start. */
  readonly claimsHash: boolean;
  readonly bolt11: string | undefined;
  readonly userPubkey: string;
  readonly sessionId: string;
  readonly assetId: string;
  readonly amount: bigint;
  readonly amountSats: bigint;
  readonly fee: bigint;
  readonly carrierUnits?: bigint;
  readonly quotedUnits?: bigint;
  readonly userScript: string;
  readonly memo: string;
  /** Node key of the payee, 66 hex; a land only. */
  readonly payeePubkey?: string;
  /** 64 hex, sealed by the store; a lift only. */
  readonly preimage: string | undefined;
  /** Whom the limit of unpaid lifts per caller counts it for; a lift only. */
  readonly countedAs?: string;
  readonly expiresAt: Date;
  /** Makes the row runnable at this time. */
  readonly wakeAt: Date | undefined;
}

/** Fields a transition may write beside the status. `null` empties a column, an absent key leaves it. */
export interface LightningChange {
  readonly status?: LiftStatus | LandStatus;
  readonly claimedHash?: string | null;
  readonly bolt11?: string;
  readonly preimage?: string;
  readonly carrierMsat?: bigint;
  readonly quotedUnits?: bigint;
  readonly rfqId?: string;
  readonly debitedUnits?: bigint;
  readonly feeLimitMsat?: bigint;
  readonly subsidySats?: bigint;
  readonly subsidyDay?: string | null;
  readonly routingFeeMsat?: bigint;
  readonly htlcExpiryHeight?: number;
  readonly addIndex?: bigint;
  readonly settleIndex?: bigint;
  readonly paidMsat?: bigint;
  readonly receivedVtxoId?: string;
  readonly refundTxid?: string;
  readonly attempts?: number;
  readonly errorCode?: ErrorCode | null;
  readonly lastError?: string | null;
  readonly unknownSince?: Date | null;
  readonly expiresAt?: Date;
  readonly acceptedAt?: Date;
  readonly paidAt?: Date;
  /** Makes the row runnable at this time: wake_seq + 1, next_at. */
  readonly wakeAt?: Date;
}

export interface LightningFilter {
  readonly invoiceType?: "lift" | "land";
  readonly userPubkey?: string;
  /** Only rows that have not ended. */
  readonly pendingOnly?: boolean;
  /** Only rows whose outcome at lnd is not known since before this time. */
  readonly unknownBefore?: Date;
  /** Only lands of which a payment was written down. */
  readonly attemptedOnly?: boolean;
}

/** Whoever an operation is about: its user, or the solver that made its session. */
export interface InvoiceParty {
  readonly userPubkey: string | undefined;
  /** `created_by` of the session. */
  readonly createdBy: string | undefined;
}

export interface LightningStore {
  /** `invoice_used` when another row claims the hash. */
  insert(tx: Tx, operation: NewLightningOperation): Promise<LightningOperation>;
  find(operationId: string): Promise<LightningOperation | undefined>;
  findBySession(tx: Tx | undefined, sessionId: string): Promise<LightningOperation | undefined>;
  /** The claimed row, else the newest of those this caller is a party to (or of all without `party`). */
  findByHash(tx: Tx | undefined, paymentHash: string, party?: InvoiceParty): Promise<LightningOperation | undefined>;
  /** Locks the row: first statement of a transition that reads before it decides. */
  lock(tx: Tx, operationId: string): Promise<LightningOperation | undefined>;
  /**
   * Compare-and-set on (id, status, version) and, when given, the worker's attempt token. Checks the machine; throws `wrong_state`
   * when somebody else moved it first, `invoice_used` when a claim is taken.
   */
  move(
    tx: Tx,
    operation: LightningOperation,
    change: LightningChange,
    fence: string | undefined,
  ): Promise<LightningOperation>;
  /**
   * Has the worker look at a row that is not ended, because something was heard of it; raises wake_seq and not the version, so that
   * it disturbs nobody who moves the row at the same time. undefined = it has ended.
   */
  wake(tx: Tx, operationId: string, at: Date): Promise<Wake | undefined>;
  /** Rows whose outcome at lnd is not known. */
  countUnknown(): Promise<number>;
  /** The sealed preimage, opened; undefined while there is none. */
  openPreimage(operationId: string): Promise<string | undefined>;
  /** Newest first by id. */
  list(filter: LightningFilter, limit: number, beforeId: bigint | undefined): Promise<readonly LightningOperation[]>;
  /** Lifts that lnd may hold or settle (pending, accepted, delivering, delivered): for the per-invoice subscriptions and the poll. */
  listOpenLifts(afterId: bigint, limit: number): Promise<readonly LightningOperation[]>;
  /** Lands in_flight, for re-attaching after a start. */
  listInFlightLands(afterId: bigint, limit: number): Promise<readonly LightningOperation[]>;

  /** Locks the user's script row first, so that the counts cannot be raced. Unpaid = pending. */
  countUnpaidLifts(
    tx: Tx,
    of: { readonly userPubkey: string; readonly countedAs: string; readonly assetId: string },
  ): Promise<{
    readonly ofUser: number;
    readonly ofCaller: number;
    /** Of the asset over all users, base units. */
    readonly totalAmount: bigint;
  }>;
  /** Lands of a user past `pending_payment` that are not ended. */
  countOpenLands(tx: Tx | undefined, userPubkey: string): Promise<number>;
  /** What lands of an asset take of the channels. */
  sumOpenLands(
    tx: Tx | undefined,
    of: { readonly payeePubkey: string; readonly assetId: string },
  ): Promise<OpenLandSums>;

  insertAttempt(
    tx: Tx,
    attempt: Pick<LightningAttempt, "operationId" | "attempt" | "paymentHash" | "lndPubkey" | "topIndex">,
  ): Promise<void>;
  listAttempts(operationId: string): Promise<readonly LightningAttempt[]>;
  /** Before every send: created -> sent, or sent once more. false when the attempt has ended. */
  markAttemptSent(tx: Tx, operationId: string, attempt: number, at: Date): Promise<boolean>;
  /** The node has forgotten payments; the first time counts, and it is never taken back. */
  markAttemptForgotten(tx: Tx, operationId: string, attempt: number, at: Date): Promise<void>;
  /** Compare-and-set on an attempt without a terminal state; from then on it is never sent again. */
  endAttempt(
    tx: Tx,
    operationId: string,
    attempt: number,
    end: {
      readonly status: "succeeded" | "failed" | "refused";
      readonly terminal: string;
      readonly paymentIndex: bigint | undefined;
    },
  ): Promise<boolean>;

  /** Of rows made at or after `since`. */
  readStatistics(since: Date): Promise<LightningStatistics>;
}

/** Base units of one asset. */
export interface OpenLandSums {
  /** Paid for by their users and not sent. */
  readonly received: bigint;
  /** Sent and not ended. */
  readonly inFlight: bigint;
  /** Both to one payee. */
  readonly toPayee: bigint;
}

export interface LightningStatistics {
  readonly total: number;
  readonly paid: number;
  /** Not ended. */
  readonly pending: number;
  readonly expired: number;
  readonly lifts: number;
  readonly lands: number;
  /** Of paid ones. */
  readonly volumeSats: bigint;
}

export interface NewPayout {
  readonly kind: PayoutKind;
  readonly businessId: string;
  readonly pivotVtxoId: string;
  readonly script: string;
  readonly ownerPubkey: string;
  readonly assetId: string;
  readonly amount: bigint;
  readonly amountSats: bigint;
  /** One when left out. */
  readonly outputCount?: number;
  readonly parts?: readonly PayoutPart[] | undefined;
  /** Makes it work of its own (`payout_drive`) from this time on. */
  readonly wakeAt?: Date;
}

export interface PayoutStore {
  /** Unique per (kind, businessId): a second insert returns the row that is there. */
  insert(tx: Tx, payout: NewPayout): Promise<Payout>;
  find(kind: PayoutKind, businessId: string): Promise<Payout | undefined>;
  lock(tx: Tx, kind: PayoutKind, businessId: string): Promise<Payout | undefined>;
  /** Compare-and-set on (id, status, version). */
  move(
    tx: Tx,
    payout: Payout,
    change: { readonly status?: PayoutStatus; readonly txid?: string; readonly pivotVtxoId?: string },
  ): Promise<Payout>;
  /** arkd refuses for good to finalise it; the first time counts, and it stands until the payout is final. Not a move of the row. */
  notePoisoned(tx: Tx, payout: Pick<Payout, "id">, at: Date): Promise<void>;
  /**
   * A txid is a pure function of inputs and outputs, so the same stock may make the same transaction for another payout of the same
   * amount later: a dead attempt with this txid is taken over by compare-and-set, any other is `wrong_state`.
   */
  insertAttempt(tx: Tx, attempt: Omit<PayoutAttempt, "lastSentAt" | "submitState" | "outcome">): Promise<void>;
  /** Oldest first. */
  listAttempts(payoutId: bigint): Promise<readonly PayoutAttempt[]>;
  findAttempt(txid: string): Promise<PayoutAttempt | undefined>;
  changeAttempt(
    tx: Tx,
    payoutId: bigint,
    attempt: number,
    change: {
      readonly signedPsbt?: string;
      readonly lastSentAt?: Date;
      readonly submitState?: SubmitState;
      readonly outcome?: PayoutOutcome;
      /** By checkpoint txid. */
      readonly finalCheckpoints?: ReadonlyMap<string, string>;
    },
  ): Promise<void>;
}

/** Daily limits on what the gateway gives away: one locked row per (name, day). */
export interface BudgetStore {
  /**
   * Locks the row of the day and takes as much of `wanted` as the limit leaves; returns what was taken (0 when it is used up).
   * `day` is the UTC date, `YYYY-MM-DD`.
   */
  reserve(
    tx: Tx,
    budget: { readonly name: string; readonly day: string; readonly limit: bigint; readonly wanted: bigint },
  ): Promise<bigint>;
  giveBack(tx: Tx, budget: { readonly name: string; readonly day: string; readonly amount: bigint }): Promise<void>;
}
