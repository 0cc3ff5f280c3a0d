import type { ErrorCode } from "../errors";
import type { Tx } from "./transactions";

export type TransactionStatus = "pending" | "broadcast" | "confirmed" | "failed";

export interface TransactionRow {
  readonly id: bigint;
  readonly txid: string;
  readonly sessionId: string;
  readonly txType: string;
  readonly status: TransactionStatus;
  /** Our name of the asset that it is about. */
  readonly assetId: string;
  /** Base units of it. */
  readonly assetAmount: bigint;
  /** Sats that left the sender besides the fee: of another asset than gBTC those under its units. */
  readonly amountSats: bigint;
  readonly feeSats: bigint;
  readonly senderPubkey: string;
  readonly recipientPubkey: string;
  readonly commitmentTxid: string | undefined;
  readonly blockHeight: number | undefined;
  readonly createdAt: Date;
  readonly confirmedAt: Date | undefined;
  readonly acknowledgedAt: Date | undefined;
  readonly errorCode: ErrorCode | undefined;
  readonly errorMessage: string | undefined;
}

export interface TransactionParty {
  readonly pubkey: string;
  readonly direction: "in" | "out";
  readonly assetId: string;
  readonly amount: bigint;
}

export interface PlannedTransaction {
  readonly txid: string;
  readonly sessionId: string;
  readonly txType: string;
  readonly assetId: string;
  readonly assetAmount: bigint;
  readonly amountSats: bigint;
  readonly feeSats: bigint;
  readonly senderPubkey: string;
  readonly recipientPubkey: string;
  readonly parties: readonly TransactionParty[];
}

export interface UserTransactionFilter {
  readonly direction?: "in" | "out";
  /** What it is about, by our name. */
  readonly assetId?: string;
  /** Only what sessions of this creator made. */
  readonly createdBy?: string;
}

export interface TransactionStore {
  /** A settlement claims outputs of these: what its commitment is and which block holds it. */
  noteCommitment(
    tx: Tx,
    txids: readonly string[],
    commitment: { readonly commitmentTxid: string; readonly blockHeight: number },
  ): Promise<void>;
  /**
   * Plans a txid for a session. A txid is a pure function of inputs and outputs: a failed row is taken over by
   * compare-and-set, one that is pending, broadcast or confirmed is `wrong_state` with its session_id.
   */
  plan(tx: Tx, planned: PlannedTransaction): Promise<void>;
  /** pending -> failed of this session's row; a row that is further, or another session's, is left alone. */
  fail(
    tx: Tx,
    txid: string,
    sessionId: string,
    error: { readonly txType: string; readonly errorCode: ErrorCode; readonly errorMessage: string },
  ): Promise<void>;
  /** pending -> broadcast: arkd has accepted it. Also from failed: arkd may take what was given up after its refusals. */
  markBroadcast(tx: Tx, txid: string, sessionId: string): Promise<void>;
  /** pending | broadcast -> confirmed: it is final at arkd. */
  confirm(
    tx: Tx,
    txid: string,
    sessionId: string,
    final: { readonly txType: string; readonly confirmedAt: Date; readonly rawTx: string },
  ): Promise<void>;
  find(txid: string): Promise<TransactionRow | undefined>;
  isParty(transactionId: bigint, pubkey: string): Promise<boolean>;
  listOfUser(
    pubkey: string,
    filter: UserTransactionFilter,
    limit: number,
    beforeId: bigint | undefined,
  ): Promise<readonly (TransactionRow & { readonly direction: "in" | "out" })[]>;
  /** Idempotent: keeps the first time. */
  acknowledge(tx: Tx, txid: string, at: Date): Promise<Date>;
}
