import type { AssetAmount } from "../ark/asset-types";
import type { BitcoinNetwork } from "../ark/network";

/** arkd as core sees it. Implemented by packages/daemons over gRPC; every method throws AppError. Sats are bigint. */

export interface ArkServerInfo {
  readonly version: string;
  /** x-only, 64 hex. */
  readonly signerPubkey: string;
  /** x-only, 64 hex. */
  readonly forfeitPubkey: string;
  readonly checkpointTapscript: string;
  /** Our name of arkd's chain: "bitcoin" is mainnet, "mutinynet" signet. */
  readonly network: BitcoinNetwork;
  /** Raw GetInfo value: below 512 blocks, from 512 on seconds. */
  readonly unilateralExitDelay: number;
  readonly dustSats: bigint;
  /** Smallest VTXO; -1 at arkd means dust. */
  readonly vtxoMinSats: bigint;
  /** Largest VTXO; undefined = no limit. */
  readonly vtxoMaxSats: bigint | undefined;
  /** Weight units a finalised ark tx may have. */
  readonly maxTxWeight: number;
  readonly maxOpReturnOutputs: number;
  /** Changes with every settings change of arkd; sent back with each call as x-digest. */
  readonly digest: string;
  readonly deprecatedSigners: readonly { readonly pubkey: string; readonly cutoffAt: Date }[];
}

export interface ArkVtxo {
  /** `txid:vout` */
  readonly vtxoId: string;
  readonly txid: string;
  readonly vout: number;
  /** Output script, hex (5120…). */
  readonly script: string;
  readonly amountSats: bigint;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly isPreconfirmed: boolean;
  readonly isSwept: boolean;
  readonly isUnrolled: boolean;
  readonly isSpent: boolean;
  /** txid of the checkpoint that spends it, "" when none. */
  readonly spentBy: string;
  /** Commitment txid when it was spent in a batch, "" when not. */
  readonly settledBy: string;
  /** txid of the ark tx that spends it, "" when none. */
  readonly arkTxid: string;
  readonly commitmentTxids: readonly string[];
  readonly assets: readonly AssetAmount[];
}

/** An accepted, not yet finalised ark tx with arkd's signatures; PSBTs are base64. */
export interface PendingArkTx {
  readonly arkTxid: string;
  readonly finalArkTx: string;
  /** In no particular order: match by txid. */
  readonly signedCheckpointTxs: readonly string[];
}

export interface ListVtxosFilter {
  readonly spendableOnly?: boolean;
  readonly pendingOnly?: boolean;
  /** Only rows changed after this unix time in milliseconds. */
  readonly afterMs?: number;
}

/** A BIP-322 style ownership proof: base64 PSBT and the exact message string it commits to. */
export interface ArkIntentProof {
  readonly proof: string;
  readonly message: string;
}

/**
 * Writes: `outcome_unknown` when no definite answer came (UNAVAILABLE, DEADLINE, CANCELLED, unmatched UNKNOWN after
 * sending), `daemon_unavailable` when nothing was sent (breaker open), `daemon_rejected` with
 * details{service, daemon_code, daemon_name} for a structured refusal. A refusal of submitTx is **not** proof that the tx was
 * not accepted before: look at the inputs.
 */
export interface ArkDaemon {
  /** From arkd, at most `maxAgeMs` old (default 60 s); re-read at once after a DIGEST_MISMATCH. */
  getInfo(options?: { readonly maxAgeMs?: number }): Promise<ArkServerInfo>;
  submitTx(input: { readonly signedArkTx: string; readonly checkpointTxs: readonly string[] }): Promise<PendingArkTx>;
  finalizeTx(input: { readonly arkTxid: string; readonly finalCheckpointTxs: readonly string[] }): Promise<void>;
  getPendingTxs(intent: ArkIntentProof): Promise<readonly PendingArkTx[]>;
  /** All pages. */
  listVtxosByScripts(scripts: readonly string[], filter?: ListVtxosFilter): Promise<readonly ArkVtxo[]>;
  /** Unknown outpoints are absent from the answer. */
  listVtxosByOutpoints(vtxoIds: readonly string[]): Promise<readonly ArkVtxo[]>;
  /** Units of an asset that are not burnt, by arkd's id. arkd has no answer of its own for an asset it does not know: `internal_error`. */
  getAssetSupply(arkAssetId: string): Promise<bigint>;
}
