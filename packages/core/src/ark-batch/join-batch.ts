import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { hex } from "@scure/base";

import type { GatewayKey } from "../ark/wallet-keys";
import { AppError, toAppError, unreachable } from "../errors";
import type { ArkBatches, ArkBatchEvent, TreeNode } from "../ports/ark-batches";
import type { ArkIntentProof } from "../ports/ark-daemon";
import type { Random } from "../ports/random";
import type { BatchIntent } from "./batch-intent";
import { buildForfeits } from "./build-forfeits";
import { type CosignerKey, TreeCosigner } from "./tree-cosigner";
import { type CheckedTree, checkVtxoTree, isTreeSigned } from "./vtxo-tree";

export interface JoinBatchDeps {
  readonly batches: ArkBatches;
  readonly random: Pick<Random, "bytes">;
}

export interface JoinBatch {
  readonly intent: BatchIntent;
  /** Registers the intent. */
  readonly proof: ArkIntentProof;
  readonly cosigner: CosignerKey;
  /** Those that own the inputs. */
  readonly keys: readonly GatewayKey[];
  /** x-only, pinned: no tree may be swept by another key. */
  readonly forfeitPubkey: string;
  readonly forfeitScript: Uint8Array;
  /** Before which no tree may be swept. */
  readonly minExpirySeconds: number;
  /** How long all of it may take, the wait for a batch included. */
  readonly timeoutMs: number;
}

/** What must be written down before arkd can make the batch final without us. */
export interface BatchCommitment {
  readonly commitmentTxid: string;
  /** Script of its first output, hex: what a light client finds the transaction by. */
  readonly batchScript: string;
  /** Where our outputs will be, in their order. */
  readonly vtxoIds: readonly string[];
}

export interface JoinBatchHooks {
  readonly onRegistered: (intentId: string) => Promise<void>;
  /** Right before the last thing that arkd needs of us. Throws to stop. */
  readonly onCommitting: (commitment: BatchCommitment) => Promise<void>;
}

export type BatchOutcome =
  | { readonly kind: "finalized"; readonly commitmentTxid: string }
  /** arkd gave the batch up, or took another one than ours. */
  | { readonly kind: "failed"; readonly reason: string }
  /** The stream ended before the batch did: look at the inputs. */
  | { readonly kind: "lost" };

/**
 * Takes part in one batch of arkd: opens the event stream, registers the intent, and answers each phase. Whatever arkd shows is checked
 * before it is signed, and a forfeit leaves only when the whole tree is signed. Throws AppErrors of the daemon, and
 * `payload_mismatch` when arkd's batch is not what was asked for. Whether it became final is said by the inputs alone.
 */
export async function joinBatch(
  deps: JoinBatchDeps,
  join: JoinBatch,
  hooks: JoinBatchHooks,
  signal: AbortSignal,
): Promise<BatchOutcome> {
  const topics = [join.intent.cosignerPubkey, ...join.intent.inputs.map(({ vtxoId }) => vtxoId)];
  const events = await deps.batches.openEvents(topics, { signal, timeoutMs: join.timeoutMs });
  const intentId = await deps.batches.registerIntent(join.proof);
  await hooks.onRegistered(intentId);
  const participant = new Participant(deps, join, hooks, intentId);
  for await (const event of events) {
    const outcome = await participant.take(event);
    if (outcome !== undefined) return outcome;
  }
  return { kind: "lost" };
}

/** The batch that holds our intent, as far as it has come. */
class Participant {
  private batchId: string | undefined;
  private batchExpiry = 0;
  private readonly vtxoNodes: TreeNode[] = [];
  private readonly connectorNodes: TreeNode[] = [];
  private readonly signatures = new Map<string, string>();
  private tree: CheckedTree | undefined;
  private cosigner: TreeCosigner | undefined;
  private hasSigned = false;

  constructor(
    private readonly deps: JoinBatchDeps,
    private readonly join: JoinBatch,
    private readonly hooks: JoinBatchHooks,
    private readonly intentId: string,
  ) {}

  async take(event: ArkBatchEvent): Promise<BatchOutcome | undefined> {
    if (event.kind === "batch_started") return this.confirm(event);
    if (event.batchId !== this.batchId) return undefined;
    switch (event.kind) {
      case "tree_tx":
        (event.tree === "vtxos" ? this.vtxoNodes : this.connectorNodes).push(event.node);
        return undefined;
      case "tree_signing_started":
        return this.sendNonces(event.commitmentPsbt);
      case "tree_nonces":
        return this.sendSignatures(event.txid, event.nonces);
      case "tree_signature":
        this.signatures.set(event.txid, event.signature);
        return undefined;
      case "batch_finalization":
        return this.sendForfeits(event.commitmentPsbt);
      case "batch_finalized":
        return this.end(event.commitmentTxid);
      case "batch_failed":
        return { kind: "failed", reason: event.reason };
      default:
        return unreachable(event);
    }
  }

  private async confirm(event: Extract<ArkBatchEvent, { kind: "batch_started" }>): Promise<BatchOutcome | undefined> {
    if (!event.intentIdHashes.includes(hex.encode(sha256(utf8ToBytes(this.intentId))))) return undefined;
    this.batchId = event.batchId;
    this.batchExpiry = event.batchExpiry;
    return this.answer(() => this.deps.batches.confirmRegistration(this.intentId));
  }

  private async sendNonces(commitmentPsbt: string): Promise<BatchOutcome | undefined> {
    const { intent, forfeitPubkey, minExpirySeconds, cosigner } = this.join;
    this.tree = checkVtxoTree(this.vtxoNodes, {
      commitmentPsbt,
      batchExpiry: this.batchExpiry,
      minExpirySeconds,
      forfeitPubkey,
      cosignerPubkey: intent.cosignerPubkey,
      outputs: intent.outputs,
    });
    this.cosigner = new TreeCosigner(this.tree, cosigner, this.deps.random);
    const values = this.cosigner.nonces;
    return this.answer(() => this.deps.batches.submitTreeNonces(this.submissionOf(values)));
  }

  private async sendSignatures(
    txid: string,
    nonces: Readonly<Record<string, string>>,
  ): Promise<BatchOutcome | undefined> {
    const { cosigner } = this;
    if (cosigner === undefined || this.hasSigned || !cosigner.addNonces(txid, nonces)) return undefined;
    this.hasSigned = true;
    const values = cosigner.sign();
    return this.answer(() => this.deps.batches.submitTreeSignatures(this.submissionOf(values)));
  }

  private async sendForfeits(commitmentPsbt: string): Promise<BatchOutcome | undefined> {
    const { tree, join } = this;
    if (tree === undefined || !isTreeSigned(tree, this.signatures)) {
      // Without these signatures nobody could ever take the new VTXOs to the chain.
      throw new AppError("payload_mismatch", { message: "arkd asks for forfeits before the tree is signed" });
    }
    const forfeits = buildForfeits(join.intent.inputs, this.connectorNodes, {
      commitmentPsbt,
      commitmentTxid: tree.commitmentTxid,
      forfeitScript: join.forfeitScript,
      keys: join.keys,
      random: this.deps.random,
    });
    const { commitmentTxid, batchScript, vtxoIds } = tree;
    await this.hooks.onCommitting({ commitmentTxid, batchScript, vtxoIds });
    if (forfeits.length === 0) return undefined;
    return this.answer(() => this.deps.batches.submitForfeitTxs(forfeits));
  }

  private end(commitmentTxid: string): BatchOutcome {
    if (commitmentTxid === this.tree?.commitmentTxid) return { kind: "finalized", commitmentTxid };
    return { kind: "failed", reason: `another commitment became final: ${commitmentTxid}` };
  }

  /** What arkd may have heard although its reply was lost is told by the events that follow. */
  private async answer(call: () => Promise<void>): Promise<BatchOutcome | undefined> {
    try {
      await call();
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.code === "daemon_rejected") return { kind: "failed", reason: describe(error) };
      if (error.code !== "outcome_unknown") throw error;
    }
    return undefined;
  }

  private submissionOf(values: Readonly<Record<string, string>>) {
    return { batchId: this.batchId ?? "", pubkey: this.join.intent.cosignerPubkey, values };
  }
}

function describe({ details, internal }: AppError): string {
  const name = details?.["daemon_name"];
  return `${typeof name === "string" ? name : "refused"}: ${internal ?? ""}`.slice(0, 500);
}
