import type { ArkParams } from "../ark/types";
import { assert, type ErrorCode } from "../errors";
import type { JsonObject } from "../nostr/integer-json";
import type { CoinChoice } from "../vtxo/select-by-strategy";

/** Kinds of session this gateway executes. Other kinds of the protocol are refused with `unsupported_type`. */
export const SESSION_TYPES = [
  "p2p_transfer",
  "vtxo_split",
  "vtxo_multi_transfer",
  "optimal_change",
  "lightning_lift",
  "lightning_land",
  "protocol_op",
  "atomic_swap",
] as const;
export type SessionType = (typeof SESSION_TYPES)[number];

/** Where answers and challenges travel. Confirmations (31340) are public and always published. */
export type Delivery = "nostr" | "http" | "both";

export type SessionStatus =
  | "initiated"
  | "challenge_sent"
  /** All answers to the open challenge 1 are in; the ceremony has not used them yet. */
  | "awaiting_signature"
  | "signing"
  | "completed"
  | "failed"
  | "expired";

export type CeremonyState =
  | "intent_received"
  | "ark_tx_prepared"
  | "ark_sigs_collected"
  | "submitting"
  | "accepted"
  | "checkpoint_sigs_collected"
  | "finalizing"
  | "finalized"
  | "published"
  | "failed"
  | "expired_before_submit";

/** What every intent says after validation: aliases resolved, the fee filled in. */
interface IntentBase {
  readonly actionId: string;
  /** gBTC; of a land the landed asset. */
  readonly feeAssetId: string;
  /**
   * Base units of the fee asset. A transfer's is added to the co-input; a land's is part of the output to the gateway; a lift and a
   * protocol_op have none.
   */
  readonly feeAmount: bigint;
  readonly expiresAt: Date;
  /** The content as it was signed or sent, normalised: what challenges show and `intent_data` returns. */
  readonly content: JsonObject;
}

/** What every intent says that moves one asset from its user to one key. */
interface MovingBase extends IntentBase {
  /** Our name of what moves: gBTC, gUSD. */
  readonly assetId: string;
  /** arkd's id of it, 68 hex, which VTXOs and packets know it by; undefined for gBTC, whose units are the sats themselves. */
  readonly arkAssetId: string | undefined;
  /** Base units of the asset; sats of gBTC. */
  readonly amount: bigint;
  /** Sats under the recipient's units: of gBTC the amount itself, of another asset its carrier. */
  readonly amountSats: bigint;
  readonly recipientPubkey: string;
  /** Used exactly when given. */
  readonly sourceVtxos: readonly string[] | undefined;
  /** What to do with a change of 1 sat up to dust: refuse, or add it to the recipient's (first) output. */
  readonly dustPolicy: "reject" | "to_recipient";
}

export interface TransferIntent extends MovingBase {
  readonly type: "p2p_transfer";
}

/** One VTXO (`sourceVtxos`) into several of the same owner, who is the recipient; `amount` and `amountSats` are sums over the parts. */
export interface SplitIntent extends MovingBase {
  readonly type: "vtxo_split";
  /** Base units of each part, in the order of the outputs. */
  readonly partAmounts: readonly bigint[];
}

/** A transfer whose coins are chosen as the intent says. */
export interface MultiTransferIntent extends MovingBase {
  readonly type: "vtxo_multi_transfer";
  readonly choice: CoinChoice;
}

/** A transfer that looks after the change it leaves. */
export interface OptimalChangeIntent extends MovingBase {
  readonly type: "optimal_change";
  readonly choice: CoinChoice;
}

/** VTXO out, Lightning payment: amount + fee go to the gateway's land script (`recipientPubkey`), then the invoice is paid. */
export interface LandIntent extends MovingBase {
  readonly type: "lightning_land";
  /** BOLT11, lower case. */
  readonly lightningInvoice: string;
  readonly paymentHash: string;
}

/** Lightning payment in, VTXO to the user (`recipientPubkey`): nothing of the user's is spent or signed. */
export interface LiftIntent extends MovingBase {
  readonly type: "lightning_lift";
  readonly memo: string;
  /** Names a lift that was started before; undefined = starts one. */
  readonly claimsHash?: string;
}

/** What a member of a swap gives up or gets, in one asset; base units. */
export interface SwapLeg {
  readonly assetId: string;
  /** undefined for gBTC. */
  readonly arkAssetId: string | undefined;
  readonly amount: bigint;
}

/**
 * One side of a swap, with what it gets as the batch allocates it; of one that is stored, with its minimums.
 */
export interface SwapIntent extends IntentBase {
  readonly type: "atomic_swap";
  readonly give: readonly SwapLeg[];
  readonly receive: readonly SwapLeg[];
  /** Life that its inputs must have left when it asks for less than usual. */
  readonly minLifeMs: number | undefined;
}

/**
 * `transfer`: VTXOs that live go to the gateway's land script, and fresh ones of the same sats and units come back. `recover`: swept
 * ones move in no ark tx; a batch of arkd gives them back for a proof that their owner signs.
 */
export type RenewalWay = "transfer" | "recover";

/**
 * Old VTXOs for fresh ones, whole and without a fee: `sourceVtxos` names them. The session is of type p2p_transfer. `amount` is the sum of
 * their sats, as far as they were known when the session opened; what is on them says what moves.
 */
export interface RenewIntent extends MovingBase {
  readonly type: "vtxo_renew";
  readonly way: RenewalWay;
  readonly sourceVtxos: readonly string[];
}

/** Intents over which an ark tx is made. */
export type MovingIntent =
  | TransferIntent
  | SplitIntent
  | MultiTransferIntent
  | OptimalChangeIntent
  | LandIntent
  | LiftIntent
  | RenewIntent;

/** A solver's own operation: the user signs what it says, and nothing moves by that. */
export interface ProtocolOpIntent extends IntentBase {
  readonly type: "protocol_op";
  /** `ns:verb`, as the content names it. */
  readonly operation: string;
}

export type SessionIntent = MovingIntent | SwapIntent | ProtocolOpIntent;

/** The intent of a session over which an ark tx of its own is made. */
export function movingIntentOf({ intent }: Pick<Session, "intent">): MovingIntent {
  assert(intent.type !== "protocol_op", "a signature over a payload moves nothing");
  assert(intent.type !== "atomic_swap", "a side of a swap is planned with the others of its batch");
  return intent;
}

/** The type of the session in which an intent is carried out. */
export function sessionTypeOf({ type }: Pick<SessionIntent, "type">): SessionType {
  return type === "vtxo_renew" ? "p2p_transfer" : type;
}

/**
 * What the gateway has sent to arkd for this session and what came back, kept so that a refusal is only believed when it
 * is proven (ceremony/reconcile-submit.ts).
 */
export interface SubmitState {
  readonly sends: number;
  /** Newest send without an answer: until long after it arkd may still accept. ISO-8601; null when every send was answered. */
  readonly lastUnansweredAt: string | null;
  /** arkd's newest structured refusal of SubmitTx. */
  readonly refusal: { readonly code: string; readonly name: string } | null;
  /** First look at the inputs that showed all of them unspent after a refusal. */
  readonly cleanReadAt: string | null;
  /** When arkd said that FinalizeTx came in no valid stage: from then on outputs are only looked for, nothing is sent. */
  readonly finalizeRefusedAt: string | null;
  /** When arkd first showed neither the outputs nor a pending transaction. */
  readonly outputsMissingSince: string | null;
  /** The transaction was built anew after arkd changed its parameters; it is not built a third time. */
  readonly rebuilt: boolean;
}

export const NEVER_SENT: SubmitState = {
  sends: 0,
  lastUnansweredAt: null,
  refusal: null,
  cleanReadAt: null,
  finalizeRefusedAt: null,
  outputsMissingSince: null,
  rebuilt: false,
};

/** What the gateway holds for a renewal from its challenge 1 on, until it is paid out or ends. */
export interface RenewalReserve {
  /** Stock locked for the payout; the first is its pivot. */
  readonly vtxoIds: readonly string[];
  /** Of the key's daily limit, taken on this UTC day (`YYYY-MM-DD`). */
  readonly day: string;
  readonly sats: bigint;
}

/** Its user asked to be told of every change (31500 `monitor_status`). */
export interface SessionWatch {
  /** Of the newest such request. */
  readonly requestId: string;
  readonly eventId: string;
  readonly until: Date;
}

export interface Session {
  readonly id: bigint;
  readonly sessionId: string;
  readonly userPubkey: string;
  readonly sessionType: SessionType;
  readonly status: SessionStatus;
  readonly ceremonyState: CeremonyState;
  /** Public step 1..6 that is due or done last. */
  readonly currentStep: number;
  /** undefined again once a batch released its intent. */
  readonly intentId: bigint | undefined;
  readonly intent: SessionIntent;
  /** id of the signed 31510, when the session came with one. */
  readonly intentEventId: string | undefined;
  readonly context: Readonly<Record<string, unknown>>;
  /** Of the batch that it is a member of; unique per submitter. */
  readonly batchId: string | undefined;
  /** Row id of the session that drives the ceremony this one takes part in; undefined = it drives its own. */
  readonly headId: bigint | undefined;
  /** Principal that opened it; `nostr:<pubkey>` for events. */
  readonly createdBy: string;
  /** It came with a signed intent or the owner's own NIP-98. */
  readonly ownerProven: boolean;
  readonly delivery: Delivery;
  /** The worker drives it by itself; false until `POST /signing/ceremony/start` for sessions opened without auto_start. */
  readonly autoStart: boolean;
  /**
   * Since when steps 1-3 are to be run by the worker; undefined when they are not due. After challenge 1 expired it stays
   * undefined until somebody asks for a new one.
   */
  readonly prepareSince: Date | undefined;
  /** arkd's parameters the ark tx was built with. */
  readonly arkParams: ArkParams | undefined;
  readonly submitState: SubmitState | undefined;
  /** Of a renewal. */
  readonly renewalReserve: RenewalReserve | undefined;
  /** Final ark tx, base64 PSBT with every signature. */
  readonly signedTx: string | undefined;
  readonly resultData: Readonly<Record<string, unknown>> | undefined;
  readonly errorCode: ErrorCode | undefined;
  readonly errorMessage: string | undefined;
  readonly expiresAt: Date;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly completedAt: Date | undefined;
  /** Raised by every transition; the compare part of every compare-and-set. */
  readonly version: number;
  /** Raised whenever the row became runnable; part of the wake's id. */
  readonly wakeSeq: number;
  /** Number of the newest session event. */
  readonly eventSeq: number;
  /** undefined = nobody ever asked. */
  readonly watch: SessionWatch | undefined;
}

export const TERMINAL_STATUSES: ReadonlySet<SessionStatus> = new Set(["completed", "failed", "expired"]);

/** From here on arkd may have the transaction: no timer, cancel, error or operator takes the session back. */
const HANDED_OVER: ReadonlySet<CeremonyState> = new Set([
  "submitting",
  "accepted",
  "checkpoint_sigs_collected",
  "finalizing",
  "finalized",
  "published",
]);

/** arkd has accepted the transaction, and it is not final. */
const UNFINALISED: ReadonlySet<CeremonyState> = new Set(["accepted", "checkpoint_sigs_collected", "finalizing"]);

export function isUnfinalised(session: Pick<Session, "ceremonyState">): boolean {
  return UNFINALISED.has(session.ceremonyState);
}

export function isTerminal(session: Pick<Session, "status">): boolean {
  return TERMINAL_STATUSES.has(session.status);
}

export function isHandedOver(session: Pick<Session, "ceremonyState" | "intent">): boolean {
  return HANDED_OVER.has(session.ceremonyState) || isAwaitingBatch(session);
}

/** A batch gives back its VTXOs, which are swept. */
export function isRecovery({ intent }: Pick<Session, "intent">): boolean {
  return intent.type === "vtxo_renew" && intent.way === "recover";
}

/** Its owner has signed the proof that registers its VTXOs: until that has run out arkd may settle them in any batch. */
export function isAwaitingBatch(session: Pick<Session, "ceremonyState" | "intent">): boolean {
  return isRecovery(session) && session.ceremonyState === "ark_sigs_collected";
}
