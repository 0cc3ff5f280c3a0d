import type { ArkIntentProof } from "./ark-daemon";
import type { Tx } from "./transactions";

/** A user's proof over swept VTXOs, signed: arkd takes it until `validUntil`. */
export interface BatchProof extends ArkIntentProof {
  readonly sessionId: string;
  readonly validUntil: Date;
}

/** Proofs of settlement_intents that belong to a session; the treasury's own are the settlement's. */
export interface BatchProofStore {
  insert(tx: Tx, proof: BatchProof): Promise<void>;
  /** Those that no batch has taken and nobody has given up, oldest first. */
  listOpen(): Promise<readonly BatchProof[]>;
  /** `registered` may be said again, with arkd's newest id of it. */
  note(
    tx: Tx,
    sessionId: string,
    change: { readonly arkdIntentId?: string; readonly status: "registered" | "settled" | "failed" },
  ): Promise<void>;
}
