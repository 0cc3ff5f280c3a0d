import type { AppError } from "../errors";
import type { Tx } from "../ports/transactions";
import type { SessionType } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";
import type { Vtxo } from "../vtxo/vtxo";
import type { PayoutAttempt } from "./payout";

/** What payouts need: arkd, the gateway's keys, and the rows they write. */
export interface PayoutDeps extends Pick<
  CeremonyDeps,
  | "clock"
  | "random"
  | "config"
  | "transactions"
  | "sessions"
  | "sessionTxs"
  | "vtxos"
  | "assets"
  | "txs"
  | "webhooks"
  | "arkd"
  | "arkInfo"
  | "wallet"
  | "payouts"
> {}

/** How the owner of a payout (a lift, the refund of a land) takes part in it. */
export interface PayoutRun {
  /**
   * Session and type under which a paying attempt stands in `transactions`; without a session the job or asset it belongs to. A kill is
   * nobody's transaction.
   */
  readonly sessionId: string;
  readonly txType: SessionType | "asset_issue" | "asset_mint" | "vtxo_replenishment" | "vtxo_assign" | "vtxo_move";
  /** First statement of every transaction: throws when the worker's attempt no longer has the row. */
  readonly guard: (tx: Tx) => Promise<void>;
  /** Asked right before every send of a paying attempt, resubmissions too; false = it must not be sent. Absent = always may. */
  readonly mayPay?: () => Promise<boolean>;
  /** Last statements of the transaction that writes a send down. */
  readonly onSending?: (tx: Tx, attempt: PayoutAttempt) => Promise<void>;
  /** Last statements of the transaction in which arkd's acceptance is noted. */
  readonly onAccepted?: (tx: Tx, attempt: PayoutAttempt) => Promise<void>;
  /** arkd refuses for good to finalise what it accepted: told at every look, for the owner to be seen by an operator. */
  readonly onPoisoned?: () => Promise<void>;
  /** Last statements of the transaction that books the final tx: what follows from it for the owner. */
  readonly onFinal: (tx: Tx, final: FinalPayout) => Promise<void>;
}

/** An attempt that is final at arkd. */
export interface FinalPayout {
  readonly attempt: PayoutAttempt;
  readonly txid: string;
  readonly inputs: readonly Vtxo[];
  /** Of its outputs: the earliest of the inputs'. */
  readonly expiresAt: Date | null;
  /** With every signature, base64 PSBT. */
  readonly arkPsbt: string;
}

export type PayoutStep =
  /** Something was persisted: read the payout again. */
  | { readonly kind: "moved" }
  | { readonly kind: "wait"; readonly until: Date }
  /** `mayPay` said no, and nothing was sent. When an attempt was sent before, it is to be killed (`planKill`). */
  | { readonly kind: "held" }
  /**
   * The newest attempt was proven dead. Status `planned`: no attempt is open, so the next one is to be planned (`planNextAttempt`) or
   * the payout cancelled (`cancelPayout`). Status `submitting`: an older one is still open (the newest was a kill).
   */
  | { readonly kind: "refused"; readonly error: AppError }
  | { readonly kind: "final" };

export const MOVED: PayoutStep = { kind: "moved" };
