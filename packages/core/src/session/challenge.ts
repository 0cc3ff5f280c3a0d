import type { AskedSignature } from "../ark/types";
import type { ChallengeContent } from "../nostr/challenge-content";

export type ChallengeStage = "ark_tx" | "checkpoint_txs";

export type ChallengeStatus = "issued" | "used" | "expired" | "superseded";

/** What is not listed is refused. `docs/states/challenge.md` draws it. */
export const CHALLENGE_TRANSITIONS: Readonly<Record<ChallengeStatus, readonly ChallengeStatus[]>> = {
  issued: ["used", "expired", "superseded"],
  used: [],
  expired: [],
  superseded: [],
};

export interface Challenge {
  readonly id: bigint;
  readonly challengeId: string;
  readonly sessionRowId: bigint;
  readonly signerPubkey: string;
  /** Null: it is about a payload, not a transaction. */
  readonly stage: ChallengeStage | null;
  readonly stepIndex: number;
  readonly payloadRef: string;
  readonly items: readonly AskedSignature[];
  readonly content: ChallengeContent;
  readonly status: ChallengeStatus;
  readonly expiresAt: Date;
  readonly createdAt: Date;
  readonly answeredAt: Date | undefined;
  readonly wrongAnswers: number;
  /** How often it was sent; stage checkpoint_txs is sent again until it is answered. */
  readonly challengeEventId: string | undefined;
}

/** A signature that verified against our own sighash, kept until the transaction it belongs to is complete. */
export interface CollectedSignature {
  readonly txid: string;
  readonly input: number;
  readonly pubkey: string;
  readonly sig: string;
}
