import type { BatchOutcome, JoinBatch, JoinBatchHooks } from "../ark-batch/join-batch";
import { outpointOf, parsePsbt } from "../ark/psbt";
import { AppError } from "../errors";
import type { ArkBatches, ArkBatchInfo } from "../ports/ark-batches";
import type { ArkIntentProof } from "../ports/ark-daemon";
import { ARKD_FORFEIT, testKey } from "./ark-transfer";
import type { InMemoryArkd } from "./in-memory-arkd";

/**
 * What becomes of one batch: given up by arkd before or after our forfeits were out, or final without us hearing of it, or not final
 * and nothing heard.
 */
export type BatchFate = "finalized" | "refused" | "failed" | "failed_late" | "lost" | "lost_late" | "final_unheard";

export const TEST_SESSION_MS = 30_000;

/**
 * The batches of `InMemoryArkd` as a settlement sees them: intents hold their VTXOs until a batch ends or they are taken back, and each
 * batch ends as `fate` says. The protocol of the tree is not here: the simulated arkd of devnet has it.
 */
export class InMemoryBatches implements Pick<ArkBatches, "getBatchInfo" | "estimateIntentFee" | "deleteIntent"> {
  feeSatsPerInput = 0n;
  /** Asked once per batch. */
  fate: () => BatchFate = () => "finalized";
  /** Whether intents of a batch that failed wait for the next one, as arkd lets some of them. */
  requeues = false;
  /** Commitments that became final. */
  readonly commitments: string[] = [];
  private readonly registered = new Set<string>();
  private count = 0;

  constructor(private readonly arkd: InMemoryArkd) {}

  async getBatchInfo(): Promise<ArkBatchInfo> {
    return {
      forfeitPubkey: ARKD_FORFEIT.pubkey,
      forfeitAddress: "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080",
      sessionDurationMs: TEST_SESSION_MS,
    };
  }

  async estimateIntentFee({ proof }: ArkIntentProof): Promise<bigint> {
    return this.feeSatsPerInput * BigInt(outpointsOf(proof).length);
  }

  async deleteIntent({ proof }: ArkIntentProof): Promise<boolean> {
    const found = outpointsOf(proof).filter((vtxoId) => this.registered.delete(vtxoId));
    return found.length > 0;
  }

  readonly joinBatch = async (
    { intent, proof }: JoinBatch,
    { onRegistered, onCommitting }: JoinBatchHooks,
  ): Promise<BatchOutcome> => {
    const inputs = outpointsOf(proof.proof);
    if (inputs.some((vtxoId) => this.registered.has(vtxoId))) throw refusal(4, "VTXO_ALREADY_REGISTERED");
    for (const vtxoId of inputs)
      if (this.arkd.vtxos.get(vtxoId)?.isSpent !== false) throw refusal(6, "VTXO_ALREADY_SPENT");
    const fate = this.fate();
    if (fate === "refused") throw refusal(31, "INTENT_INSUFFICIENT_FEE");
    for (const vtxoId of inputs) this.registered.add(vtxoId);
    this.count += 1;
    await onRegistered(`intent ${this.count}`);
    if (fate === "failed") return this.end(inputs, { kind: "failed", reason: "missing tree nonces" });
    if (fate === "lost") return this.end(inputs, { kind: "lost" });
    const commitmentTxid = testKey(`commitment ${this.count}`).pubkey;
    const outputs = intent.outputs.map((output, index) => ({
      vtxoId: `${testKey(`leaf ${this.count} ${index}`).pubkey}:0`,
      output,
    }));
    const vtxoIds = outputs.map(({ vtxoId }) => vtxoId);
    await onCommitting({ commitmentTxid, batchScript: `5120${"ab".repeat(32)}`, vtxoIds });
    if (fate === "failed_late") return this.end(inputs, { kind: "failed", reason: "missing forfeit txs" });
    if (fate === "lost_late") return this.end(inputs, { kind: "lost" });
    this.arkd.settle(commitmentTxid, inputs, outputs);
    this.commitments.push(commitmentTxid);
    return this.end(inputs, fate === "final_unheard" ? { kind: "lost" } : { kind: "finalized", commitmentTxid });
  };

  /** A batch began and whoever registered did not confirm, because it died: arkd drops what waited. */
  dropUnconfirmed(): void {
    this.registered.clear();
  }

  /** Whether an intent at arkd still holds the VTXO. */
  isRegistered(vtxoId: string): boolean {
    return this.registered.has(vtxoId);
  }

  private end(inputs: readonly string[], outcome: BatchOutcome): BatchOutcome {
    if (this.requeues && outcome.kind === "failed") return outcome;
    for (const vtxoId of inputs) this.registered.delete(vtxoId);
    return outcome;
  }
}

/** What a proof is about: its first input is the message. */
function outpointsOf(proof: string): readonly string[] {
  const tx = parsePsbt(proof);
  return Array.from({ length: tx.inputsLength - 1 }, (_, index) => outpointOf(tx, index + 1));
}

function refusal(code: number, name: string): AppError {
  return new AppError("daemon_rejected", { details: { service: "arkd", daemon_code: code, daemon_name: name } });
}
