import { sha256 } from "@noble/hashes/sha2.js";
import { hex } from "@scure/base";

import { ArkdError } from "../engine/arkd-error";
import { utf8 } from "../engine/bytes";
import type { BatchRoundsDeps } from "./batch-rounds-deps";
import { intentFeeOf, readDelete, readEstimate, readIntent, type RegisteredIntent } from "./registered-intent";
import { RunningBatch } from "./running-batch";

/** Registration takes a sixth of a session. */
const REGISTRATION_SHARE = 1 / 6;

/**
 * The intents for the next batch and the batch under way, in memory as arkd's own: a restart forgets them. A window opens with
 * the first intent; what is registered when it closes is asked to confirm, and who does not is dropped. One batch at a time.
 * Simplified: no bans for who goes missing, and the server never lacks liquidity.
 */
export class BatchRounds {
  readonly #waiting = new Map<string, RegisteredIntent>();
  #running: RunningBatch | undefined;
  #cancelWindow: (() => void) | undefined;

  constructor(private readonly deps: BatchRoundsDeps) {}

  isRegistered(vtxoId: string): boolean {
    const intents = [...this.#waiting.values(), ...(this.#running?.intents ?? [])];
    return intents.some(({ vtxos }) => vtxos.some(({ vtxo }) => vtxo.vtxoId === vtxoId));
  }

  /** Returns the intent's id. */
  register(proof: string, message: string): string {
    const context = this.deps.context();
    const intent = readIntent(context, this.deps.newId(), proof, message);
    const minFeeSats = intentFeeOf(context, intent.vtxos.length);
    if (intent.feeSats < minFeeSats) {
      throw new ArkdError("INTENT_INSUFFICIENT_FEE", `got ${intent.feeSats} expected ${minFeeSats}`);
    }
    this.#waiting.set(intent.intentId, intent);
    this.#openWindow();
    return intent.intentId;
  }

  estimate(proof: string, message: string): bigint {
    const context = this.deps.context();
    return intentFeeOf(context, readEstimate(context, proof, message));
  }

  /** Takes back every waiting intent over one of the proven VTXOs. One that is in a batch already is out of reach. */
  delete(proof: string, message: string): void {
    const proven = new Set(readDelete(this.deps.context(), proof, message).map(({ vtxoId }) => vtxoId));
    const found = [...this.#waiting.values()].filter(({ vtxos }) => vtxos.some(({ vtxo }) => proven.has(vtxo.vtxoId)));
    if (found.length === 0) throw new ArkdError("INTENT_NOT_FOUND", "no matching intents found for the proof");
    for (const { intentId } of found) this.#waiting.delete(intentId);
  }

  confirm(intentId: string): void {
    if (this.#running === undefined) throw new ArkdError("CONFIRMATION_SESSION_NOT_STARTED", "no batch is starting");
    this.#running.confirm(intentId);
  }

  /** The batch under way. Throws INTERNAL_ERROR when it is another one. */
  batch(id: string): RunningBatch {
    if (this.#running?.id !== id) throw new ArkdError("INTERNAL_ERROR", `batch ${id} not found`);
    return this.#running;
  }

  /** The calls about forfeits do not name a batch. */
  current(): RunningBatch {
    if (this.#running === undefined) throw new ArkdError("INTERNAL_ERROR", "no batch is under way");
    return this.#running;
  }

  /** What a restart of arkd does. */
  clear(): void {
    this.#cancelWindow?.();
    this.#cancelWindow = undefined;
    this.#running?.abandon();
    this.#running = undefined;
    this.#waiting.clear();
  }

  #openWindow(): void {
    if (this.#running !== undefined || this.#cancelWindow !== undefined) return;
    this.#cancelWindow = this.deps.schedule(this.deps.sessionMs() * REGISTRATION_SHARE, () => this.#start());
  }

  #start(): void {
    this.#cancelWindow = undefined;
    const now = this.deps.context().nowSeconds;
    for (const [id, { expireAt }] of this.#waiting) if (expireAt > 0 && expireAt <= now) this.#waiting.delete(id);
    const chosen = [...this.#waiting.values()].filter(({ validAt }) => validAt <= now);
    if (chosen.length === 0) {
      // Intents that only become valid later wait for the next window.
      if (this.#waiting.size > 0) this.#openWindow();
      return;
    }
    for (const { intentId } of chosen) this.#waiting.delete(intentId);
    const batch = new RunningBatch(this.deps, chosen, () => {
      if (this.#running !== batch) return;
      this.#running = undefined;
      if (this.#waiting.size > 0) this.#openWindow();
    });
    this.#running = batch;
    const intentIdHashes = chosen.map(({ intentId }) => hex.encode(sha256(utf8(intentId))));
    const batchExpiry = BigInt(this.deps.params().batchExpiry);
    this.deps.emit({ $case: "batchStarted", value: { id: batch.id, intentIdHashes, batchExpiry } });
    batch.awaitConfirmations();
  }
}
