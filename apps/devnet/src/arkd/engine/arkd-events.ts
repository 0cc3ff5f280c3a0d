import type { CheckpointRecord } from "./records";
import type { Vtxo } from "./vtxo";

/** What the streams tell: copies of the VTXOs as they were right after the change. */
export type ArkdEvent =
  | {
      readonly kind: "ark_tx";
      readonly txid: string;
      readonly psbt: string;
      readonly spent: readonly Vtxo[];
      readonly created: readonly Vtxo[];
      readonly checkpoints: readonly CheckpointRecord[];
    }
  | {
      readonly kind: "commitment_tx";
      readonly txid: string;
      readonly psbt: string;
      readonly spent: readonly Vtxo[];
      readonly created: readonly Vtxo[];
    }
  | { readonly kind: "sweep_tx"; readonly txid: string; readonly swept: readonly Vtxo[] };

/** A set of listeners that cannot break each other or the caller's effect. */
export class ArkdEvents {
  readonly #listeners = new Set<(event: ArkdEvent) => void>();

  /** Returns the function that removes the listener. */
  listen(listener: (event: ArkdEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(event: ArkdEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
