import type { AssetAmount } from "../ark/asset-types";
import type { ArkParams, AskedSignature } from "../ark/types";
import type { ErrorCode } from "../errors";
import type { ChallengeContent } from "../nostr/challenge-content";
import type { Challenge, ChallengeStage, ChallengeStatus, CollectedSignature } from "../session/challenge";
import type {
  CeremonyState,
  Delivery,
  RenewalReserve,
  Session,
  SessionIntent,
  SessionStatus,
  SessionType,
  SessionWatch,
  SubmitState,
} from "../session/session";
import type { Tx } from "./transactions";

/** A new session row; the store fills in version, wake_seq and times. */
export interface NewSession {
  readonly sessionId: string;
  readonly userPubkey: string;
  readonly sessionType: SessionType;
  readonly intentId: bigint;
  readonly intent: SessionIntent;
  readonly intentEventId: string | undefined;
  readonly context: Readonly<Record<string, unknown>>;
  readonly createdBy: string;
  readonly ownerProven: boolean;
  readonly delivery: Delivery;
  readonly autoStart: boolean;
  readonly prepareSince: Date | undefined;
  readonly expiresAt: Date;
  readonly batchId?: string;
  /** Row id of the head of its ceremony; left out = itself. */
  readonly headId?: bigint;
}

/** Fields a transition may write beside the machines' positions. `null` empties a column, an absent key leaves it. */
export interface SessionChange {
  readonly status?: SessionStatus;
  readonly ceremonyState?: CeremonyState;
  readonly currentStep?: number;
  readonly completedSteps?: readonly string[];
  readonly autoStart?: boolean;
  readonly prepareSince?: Date | null;
  readonly arkParams?: ArkParams;
  readonly submitState?: SubmitState;
  readonly renewalReserve?: RenewalReserve | null;
  readonly signedTx?: string;
  readonly resultData?: Readonly<Record<string, unknown>>;
  readonly errorCode?: ErrorCode | null;
  readonly errorMessage?: string | null;
  readonly completedAt?: Date;
  readonly expiresAt?: Date;
  /** Releases the intent, which may open another session then. */
  readonly intentId?: null;
  /** Makes the row runnable at this time: wake_seq + 1, next_at. */
  readonly wakeAt?: Date;
}

export interface SessionFilter {
  readonly userPubkey?: string;
  readonly createdBy?: string;
  /** Rows of this owner or this creator, for a caller that is both. */
  readonly visibleTo?: { readonly pubkey: string | undefined; readonly principal: string };
  readonly status?: SessionStatus;
  readonly sessionType?: SessionType;
  /** Those that an event of a relay began and that are not ended. */
  readonly openByNostr?: boolean;
}

export interface SessionEvent {
  readonly seq: number;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly at: Date;
}

/** An event of a session as it is written: `seq` is a counter on the session row. */
export interface NewSessionEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface SessionStore {
  insert(tx: Tx, session: NewSession, events: readonly NewSessionEvent[]): Promise<Session>;
  find(sessionId: string): Promise<Session | undefined>;
  /** By the row id that other rows name it by. */
  findRow(id: bigint): Promise<Session | undefined>;
  findByIntent(tx: Tx, intentId: bigint): Promise<Session | undefined>;
  /** Locks the row (FOR UPDATE): the first statement of every transition that reads before it decides. */
  lock(tx: Tx, sessionId: string): Promise<Session | undefined>;
  /** Locks the head of a ceremony, which every transition of a member takes before the member's own row. */
  lockHead(tx: Tx, headId: bigint): Promise<Session>;
  /** Locks the members of a ceremony besides its head, in order. The head was moved or locked before. */
  lockFollowers(tx: Tx, headId: bigint): Promise<readonly Session[]>;
  /** The same, only read. */
  listFollowers(headId: bigint): Promise<readonly Session[]>;
  /**
   * The compare-and-set of a session, on (id, version) and, when given, the worker's attempt token, together with its
   * events. Throws `wrong_state` when somebody else moved it first. Go through `moveSession`, which checks the machines.
   */
  move(
    tx: Tx,
    session: Session,
    change: SessionChange,
    events: readonly NewSessionEvent[],
    fence: string | undefined,
  ): Promise<Session>;
  /**
   * Writes down who is to be told of changes; the last one asked counts. No transition: the version stays, and whoever moves the
   * session from now on gets the watch with the row that `move` returns, however old its own reading is.
   */
  watch(tx: Tx, session: Session, watch: SessionWatch): Promise<void>;
  /** Locks the user's script row, so that the quotas counted after it cannot be raced. Lifts are not among them. */
  countOpenOfUser(tx: Tx, userPubkey: string): Promise<{ readonly funded: number; readonly protocolOps: number }>;
  /** Locks a row of the creator's first, so that the quota counted after it cannot be raced. */
  countOpenUnproven(
    tx: Tx,
    createdBy: string,
    userPubkey: string,
  ): Promise<{ readonly ofCreator: number; readonly ofCreatorAndUser: number }>;
  /** Sessions older than this one that a worker drives this moment. */
  countDrivenBefore(sessionId: string): Promise<number>;
  /**
   * Other sessions whose transaction arkd has or may have and that are not final: of this key, and in all. With `tx` it locks the
   * user's script rows first, so that two hand-overs of a key cannot both find none. The total is of ceremonies.
   */
  countUnfinalised(
    tx: Tx | undefined,
    userPubkey: string,
    exceptSessionId: string,
  ): Promise<{ readonly ofUser: number; readonly total: number }>;
  /** Of sessions that moved something: a signature over a payload costs nobody anything. */
  hasCompleted(userPubkey: string): Promise<boolean>;
  /** Newest first by id. */
  list(filter: SessionFilter, limit: number, beforeId: bigint | undefined): Promise<readonly Session[]>;
  /** Sessions past expires_at that were not handed over, oldest first. */
  listExpired(now: Date, limit: number): Promise<readonly Session[]>;
  listEvents(sessionRowId: bigint, afterSeq: number, limit: number): Promise<readonly SessionEvent[]>;
}

export interface NewChallenge {
  readonly challengeId: string;
  readonly sessionRowId: bigint;
  readonly signerPubkey: string;
  readonly stage: ChallengeStage | null;
  readonly stepIndex: number;
  readonly items: readonly AskedSignature[];
  readonly content: ChallengeContent;
  readonly expiresAt: Date;
  readonly challengeEventId: string | undefined;
}

/** How far a challenge is answered. */
export interface ChallengeProgress {
  readonly challengeId: string;
  readonly signerPubkey: string;
  readonly status: ChallengeStatus;
  /** Signatures asked for, and collected so far. */
  readonly need: number;
  readonly have: number;
}

export interface ChallengeStore {
  /** Refused by the unique open_key when one of this session, signer and stage is open (`conflict`). */
  insert(tx: Tx, challenge: NewChallenge): Promise<Challenge>;
  findById(challengeId: string): Promise<Challenge | undefined>;
  findOpen(tx: Tx | undefined, sessionRowId: bigint): Promise<Challenge | undefined>;
  /** The newest answered challenge of a stage, or (null) of those over a payload. */
  findAnswered(sessionRowId: bigint, stage: ChallengeStage | null): Promise<Challenge | undefined>;
  /** What a status shows, without the contents, which are long. Oldest first. */
  listProgress(sessionRowId: bigint): Promise<readonly ChallengeProgress[]>;
  /** Compare-and-set issued -> used; false when it was not open any more. */
  markUsed(tx: Tx, challenge: Challenge, responseEventId: string | undefined): Promise<boolean>;
  /** Compare-and-set issued -> expired | superseded; false when it was not open any more. */
  close(tx: Tx, challenge: Challenge, to: "expired" | "superseded"): Promise<boolean>;
  /** The same challenge sent again: new advice time, new event. */
  renew(
    tx: Tx,
    challenge: Challenge,
    content: ChallengeContent,
    expiresAt: Date,
    eventId: string | undefined,
  ): Promise<void>;
  /** Returns the new count. */
  countWrongAnswer(tx: Tx, challenge: Challenge): Promise<number>;
  /** Issued challenges past their expiry, with their sessions; those of stage checkpoint_txs have none. */
  listExpired(
    now: Date,
    limit: number,
  ): Promise<readonly { readonly challenge: Challenge; readonly sessionId: string }[]>;
  insertSignatures(tx: Tx, challenge: Challenge, signatures: readonly CollectedSignature[]): Promise<void>;
  listSignatures(tx: Tx | undefined, challengeRowId: bigint): Promise<readonly CollectedSignature[]>;
}

/** One ark tx and its checkpoints, as far as they are signed. PSBTs base64. */
export interface SessionTxs {
  readonly ark: SessionTx;
  readonly checkpoints: readonly SessionTx[];
}

export interface SessionTx {
  readonly txid: string;
  readonly seq: number;
  readonly unsignedPsbt: string;
  readonly signedPsbt: string | undefined;
  /** As arkd returned it, with arkd's signatures. */
  readonly serverPsbt: string | undefined;
  readonly finalPsbt: string | undefined;
}

/** An output of the planned ark tx; it becomes a VTXO row only when FinalizeTx is known to have succeeded. */
export interface PlannedOutput {
  readonly vout: number;
  readonly role: "recipient" | "change" | "fee_return";
  readonly ownerPubkey: string;
  readonly script: string;
  readonly amountSats: bigint;
  /** As the packet of the ark tx assigns them; none when left out. */
  readonly assets?: readonly AssetAmount[];
}

export interface SessionInput {
  readonly vtxoId: string;
  readonly role: "user" | "fee";
  readonly inputIndex: number;
}

export interface NewSessionPlan {
  readonly txs: SessionTxs;
  readonly outputs: readonly PlannedOutput[];
  readonly inputs: readonly SessionInput[];
  /** Whether an earlier challenge 1 of this session had a plan, which goes. */
  readonly replaces: boolean;
}

export interface SessionTxStore {
  storePlan(tx: Tx, session: Session, plan: NewSessionPlan): Promise<void>;
  find(
    tx: Tx | undefined,
    sessionRowId: bigint,
  ): Promise<{ readonly txs: SessionTxs; readonly outputs: readonly PlannedOutput[] } | undefined>;
  /** The txids of a plan without its PSBTs: the ark tx, then the checkpoints in input order. Undefined without a plan. */
  findTxids(
    sessionRowId: bigint,
  ): Promise<{ readonly ark: string; readonly checkpoints: readonly string[] } | undefined>;
  listInputs(sessionRowId: bigint): Promise<readonly SessionInput[]>;
  /** Ids (`txid:vout`) of the outputs that were planned as change, of the ark txs with these txids. */
  findChangeOutputs(tx: Tx | undefined, txids: readonly string[]): Promise<ReadonlySet<string>>;
  setSigned(tx: Tx, sessionRowId: bigint, psbts: ReadonlyMap<string, string>): Promise<void>;
  setServer(tx: Tx, sessionRowId: bigint, psbts: ReadonlyMap<string, string>): Promise<void>;
  setFinal(tx: Tx, sessionRowId: bigint, psbts: ReadonlyMap<string, string>): Promise<void>;
}

export interface StoredIntent {
  readonly intentId: bigint;
  readonly contentHash: string;
  readonly eventId: string | undefined;
}

export interface NewIntent {
  readonly pubkey: string;
  readonly namespace: string;
  readonly actionId: string;
  readonly eventId: string | undefined;
  readonly type: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly contentHash: string;
  readonly network: string;
  readonly expiresAt: Date;
  readonly feeAssetId: string | undefined;
  /** Base units of the fee asset. */
  readonly feeAmount: bigint | undefined;
  readonly rawEvent: string | undefined;
  readonly legacy: boolean;
  /**
   * `accepted` has a session; `stored` is one side of a swap, or a solver's own, that nobody has opened one for; `rejected` is kept so that its action_id cannot be
   * used again for something else.
   */
  readonly status: IntentStatus;
}

export type IntentStatus = "accepted" | "rejected" | "stored";

export interface IntentStore {
  find(pubkey: string, namespace: string, actionId: string): Promise<StoredIntent | undefined>;
  /**
   * Insert-first on (pubkey, namespace, action_id). `replay` = same content was there before, `duplicate` = the action_id
   * was used with other content.
   */
  insert(
    tx: Tx,
    intent: NewIntent,
  ): Promise<{ readonly outcome: "inserted" | "replay" | "duplicate"; readonly intentId: bigint }>;
  /** Compare-and-set stored -> accepted, for the one session that is opened for it; false when it was not stored (any more). */
  acceptStored(tx: Tx, intentId: bigint): Promise<boolean>;
  /** The way back, for the batch that failed: another one may take the intent up. */
  release(tx: Tx, intentId: bigint): Promise<void>;
}

/** One row per (author, ref): a 31340 excludes a 31341 and the other way round, for ever. */
export interface ResultStore {
  /** false when the pair has a result already; the caller then publishes nothing. */
  insert(
    tx: Tx,
    result: {
      readonly authorPubkey: string;
      readonly refId: string;
      readonly kind: number;
      readonly eventId: string | undefined;
    },
  ): Promise<boolean>;
  find(
    authorPubkey: string,
    refId: string,
  ): Promise<{ readonly kind: number; readonly eventId: string | undefined } | undefined>;
  /**
   * Published results of a kind in the last minute, by the database's clock, and the events that were answered otherwise: with a
   * notice (1004, 1009), or as service requests; counts up to `limit` of each.
   */
  countLastMinute(kind: number, limit: number): Promise<number>;
}
