import type { AssetAmount } from "../ark/asset-types";
import type { SubmitState } from "../session/session";

/** What the gateway owes somebody in VTXOs. Every attempt spends the same pivot input, so at most one can win. */
export interface Payout {
  readonly id: bigint;
  readonly kind: PayoutKind;
  /**
   * operation_id of a lift or land, session_id of a renewal, job_id of a mint or an assignment, job_id.part of a fan-out, batch_id.number
   * of a move, name of the asset of an issuance.
   */
  readonly businessId: string;
  readonly pivotVtxoId: string;
  /** Output script it pays to. */
  readonly script: string;
  readonly ownerPubkey: string;
  /** Name in the registry of what is paid. */
  readonly assetId: string;
  /** Base units of it; sats for gBTC. */
  readonly amount: bigint;
  /** What the recipient's output carries: gBTC itself, or the sats under the units of an asset. */
  readonly amountSats: bigint;
  /** How many outputs of these amounts the recipient gets: one, but for a fan-out. */
  readonly outputCount: number;
  /** What each output carries, when they differ (a renewal); the amounts are the sums of their sats then. */
  readonly parts: readonly PayoutPart[] | undefined;
  readonly status: PayoutStatus;
  /** txid of the attempt that won. */
  readonly txid: string | undefined;
  readonly version: number;
}

/** Sats and units, by arkd's ids, of one output to the recipient. */
export interface PayoutPart {
  readonly amountSats: bigint;
  readonly assets: readonly AssetAmount[];
}

/**
 * `issue` makes all units of a new asset and pays them to the treasury; `mint` hands some of them to a user, `fanout` makes stock of
 * the treasury's units and sats, `assign` gives a user some of the stock, `renew` gives one fresh VTXOs for old ones,
 * `move` brings VTXOs of the gateway's to the treasury whole.
 */
export type PayoutKind = "lift" | "refund" | "renew" | "issue" | "mint" | "fanout" | "assign" | "move";

export type PayoutStatus = "planned" | "submitting" | "accepted" | "final" | "cancelled";

/** `pay` pays the user, `kill` spends the pivot back to the gateway so that no earlier attempt can win any more. */
export interface PayoutAttempt {
  readonly payoutId: bigint;
  readonly attempt: number;
  readonly pivotVtxoId: string;
  readonly txid: string;
  readonly role: "pay" | "kill";
  readonly unsignedPsbt: string;
  readonly signedPsbt: string | undefined;
  readonly checkpoints: readonly PayoutCheckpoint[];
  readonly outputs: readonly PayoutOutput[];
  readonly inputVtxoIds: readonly string[];
  readonly lastSentAt: Date | undefined;
  /** What was sent to arkd and what came back, for the proofs of ceremony/submit-proof.ts. */
  readonly submitState: SubmitState;
  readonly outcome: PayoutOutcome;
}

export interface PayoutCheckpoint {
  readonly txid: string;
  readonly unsignedPsbt: string;
  /** With every signature; set before FinalizeTx. */
  readonly finalPsbt: string | undefined;
}

export interface PayoutOutput {
  readonly vout: number;
  readonly role: "recipient" | "change" | "fee_return";
  readonly ownerPubkey: string;
  readonly script: string;
  readonly amountSats: bigint;
  /** Units that ride on it; none when left out. */
  readonly assets?: readonly AssetAmount[];
}

/** `open` = arkd may still accept it. */
export type PayoutOutcome = "open" | "accepted" | "final" | "dead";

export const PAYOUT_TRANSITIONS: Readonly<Record<PayoutStatus, readonly PayoutStatus[]>> = {
  planned: ["submitting", "cancelled"],
  // Back to planned: a definite refusal; the next attempt spends the same pivot.
  submitting: ["planned", "accepted"],
  accepted: ["final"],
  final: [],
  cancelled: [],
};

/** Whose lock the inputs of a payout carry: a refund spends what its land holds already. */
export function lockOwnerOf({ kind, businessId }: Pick<Payout, "kind" | "businessId">): string {
  switch (kind) {
    case "refund":
      return `land:${businessId}`;
    // An asset may be named like somebody's operation.
    case "issue":
      return `payout:issue.${businessId}`;
    case "lift":
    case "renew":
    case "mint":
    case "fanout":
    case "move":
    case "assign":
      return `payout:${businessId}`;
  }
}

/** Row key of a payout that is driven as work of its own. */
export function payoutKeyOf({ kind, businessId }: Pick<Payout, "kind" | "businessId">): string {
  return `${kind}.${businessId}`;
}

/** The reverse; undefined for what is no such key. */
export function parsePayoutKey(key: string): Pick<Payout, "kind" | "businessId"> | undefined {
  const dot = key.indexOf(".");
  const kind = PAYOUT_KINDS.find((each) => each === key.slice(0, dot));
  return kind && { kind, businessId: key.slice(dot + 1) };
}

export const PAYOUT_KINDS: readonly PayoutKind[] = [
  "lift",
  "refund",
  "renew",
  "issue",
  "mint",
  "fanout",
  "assign",
  "move",
];

/** The attempts that arkd may still accept, oldest first: when there is a kill, it is the newest. */
export function openAttempts(attempts: readonly PayoutAttempt[]): readonly PayoutAttempt[] {
  const open = attempts.filter((each) => each.outcome === "open");
  return [...open.filter((each) => each.role === "pay"), ...open.filter((each) => each.role === "kill")];
}

/** The attempt that arkd has accepted. */
export function winnerOf(attempts: readonly PayoutAttempt[]): PayoutAttempt | undefined {
  return attempts.find((each) => each.outcome === "accepted" || each.outcome === "final");
}
