import type { AssetAmount } from "../ark/asset-types";

/** One batch of arkd that the treasury takes part in, and the claim about the outputs that were confirmed by then. */
export interface Settlement {
  readonly id: bigint;
  /** Ours; names it in 31342 and in locks. */
  readonly batchId: string;
  readonly status: SettlementStatus;
  /** Number of ark txs that bring VTXOs to the treasury's script first: `move` payouts `<batchId>.1` and so on. */
  readonly moves: number;
  /** What went into the batch, and what arkd kept of it. 0 before it is committed. */
  readonly inputSats: bigint;
  readonly feeSats: bigint;
  /** The commitment that our forfeits were signed for; written down before they left. */
  readonly candidateTxid: string | undefined;
  /** Script of its first output, hex, and a height below which it cannot be: for whoever looks it up on the chain. */
  readonly batchScript: string | undefined;
  readonly heightHint: number | undefined;
  readonly committingAt: Date | undefined;
  readonly l1Txid: string | undefined;
  readonly blockHeight: number | undefined;
  /** Undefined without leaves. */
  readonly merkleRoot: string | undefined;
  readonly vtxoCount: number;
  /** Sats on the leaves. */
  readonly totalValueSats: bigint;
  readonly eventId: string | undefined;
  readonly error: string | undefined;
  readonly version: number;
  readonly createdAt: Date;
  readonly confirmedAt: Date | undefined;
}

export type SettlementStatus =
  /** Inputs are chosen and on their way to the treasury's script. */
  | "collecting"
  /** All inputs are held; the intent is, or will be, in a batch. */
  | "registering"
  /** arkd has made the batch final; the leaves are fixed. */
  | "committed"
  /** The commitment has its confirmations and the claim is published. */
  | "confirmed"
  /** Committed without anything to claim. */
  | "renewed"
  /** No batch took it; its inputs are free and the leaves wait for the next one. */
  | "failed";

export const SETTLEMENT_TRANSITIONS: Readonly<Record<SettlementStatus, readonly SettlementStatus[]>> = {
  collecting: ["registering", "failed"],
  registering: ["committed", "renewed", "failed"],
  committed: ["confirmed"],
  confirmed: [],
  renewed: [],
  failed: [],
};

/** An output that a 31340 has confirmed. */
export interface SettlementLeaf {
  readonly vtxoId: string;
  readonly amountSats: bigint;
  /** By arkd's id, so that anybody can compare it with arkd's indexer. */
  readonly assets: readonly AssetAmount[];
}

/** What every publication of a settlement says about its worth. */
export const SETTLEMENT_CLAIM = "gateway claim, not proven by L1";

/** Who holds what is registered, until the batch ends. */
export function settlementLockOf({ batchId }: Pick<Settlement, "batchId">): string {
  return `settlement:${batchId}`;
}

/** Business id of one of the `move` payouts. */
export function moveIdOf({ batchId }: Pick<Settlement, "batchId">, move: number): string {
  return `${batchId}.${move}`;
}

/** The reverse. */
export function batchIdOfMove(moveId: string): string {
  return moveId.slice(0, moveId.lastIndexOf("."));
}
