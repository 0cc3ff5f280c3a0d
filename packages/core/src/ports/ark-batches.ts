import type { ArkIntentProof } from "./ark-daemon";

/**
 * arkd's batches as a participant sees them. Implemented by packages/daemons over gRPC. Writes throw as those of `ArkDaemon`; a
 * refusal names what was wrong in details{daemon_name}.
 */
export interface ArkBatches {
  /** Throws `daemon_unavailable` while arkd shows other keys than the pinned ones. */
  getBatchInfo(): Promise<ArkBatchInfo>;
  /** Sats that an intent has to leave over; `proof` is over a message of the type estimate-intent-fee. */
  estimateIntentFee(intent: ArkIntentProof): Promise<bigint>;
  /** **write**: returns arkd's id of the intent. VTXO_ALREADY_REGISTERED when another intent holds an input. */
  registerIntent(intent: ArkIntentProof): Promise<string>;
  /** **write**, idempotent: takes back what waits for a batch over the proven VTXOs; false = there was nothing. */
  deleteIntent(intent: ArkIntentProof): Promise<boolean>;
  /** **write** */
  confirmRegistration(intentId: string): Promise<void>;
  /** **write**: nonces (hex) by txid. */
  submitTreeNonces(submission: TreeSubmission): Promise<void>;
  /** **write**: partial signatures (hex) by txid. */
  submitTreeSignatures(submission: TreeSubmission): Promise<void>;
  /** **write**: from here on the batch may be final whatever is heard of it. */
  submitForfeitTxs(psbts: readonly string[]): Promise<void>;
  /**
   * The events of batches that concern one of the topics (compressed cosigner keys, outpoints). Resolves once arkd has taken the
   * stream up, so that nothing is missed of an intent that is registered afterwards. The iteration ends cleanly when arkd ends it
   * or `timeoutMs` is over, and throws `daemon_unavailable` when the connection broke.
   */
  openEvents(
    topics: readonly string[],
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<AsyncIterable<ArkBatchEvent>>;
}

export interface ArkBatchInfo {
  /** x-only, 64 hex; the pinned one. */
  readonly forfeitPubkey: string;
  readonly forfeitAddress: string;
  /** What arkd gives a batch from its first registration to its end. */
  readonly sessionDurationMs: number;
}

export interface TreeSubmission {
  readonly batchId: string;
  /** Compressed, 66 hex. */
  readonly pubkey: string;
  /** By txid. */
  readonly values: Readonly<Record<string, string>>;
}

/** A transaction of a tree; PSBTs are base64. */
export interface TreeNode {
  readonly txid: string;
  readonly psbt: string;
  /** Child txid by output. Of the tree of others' outputs some may be missing. */
  readonly children: Readonly<Record<number, string>>;
}

export type ArkBatchEvent =
  | {
      readonly kind: "batch_started";
      readonly batchId: string;
      /** sha256 of the UTF-8 intent ids, hex. */
      readonly intentIdHashes: readonly string[];
      /** Below 512 blocks, else seconds: when arkd may sweep the tree. */
      readonly batchExpiry: number;
    }
  | {
      readonly kind: "tree_tx";
      readonly batchId: string;
      readonly tree: "vtxos" | "connectors";
      readonly node: TreeNode;
    }
  | {
      readonly kind: "tree_signing_started";
      readonly batchId: string;
      /** Compressed, 66 hex. */
      readonly cosignerPubkeys: readonly string[];
      readonly commitmentPsbt: string;
    }
  | {
      readonly kind: "tree_nonces";
      readonly batchId: string;
      readonly txid: string;
      /** Hex by x-only cosigner key. */
      readonly nonces: Readonly<Record<string, string>>;
    }
  | { readonly kind: "tree_signature"; readonly batchId: string; readonly txid: string; readonly signature: string }
  | { readonly kind: "batch_finalization"; readonly batchId: string; readonly commitmentPsbt: string }
  | { readonly kind: "batch_finalized"; readonly batchId: string; readonly commitmentTxid: string }
  | { readonly kind: "batch_failed"; readonly batchId: string; readonly reason: string };
