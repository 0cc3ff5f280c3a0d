import { sha256 } from "@noble/hashes/sha2.js";
import { hex } from "@scure/base";

import type { SeededRandom } from "../../clock/seeded-random";
import type { VirtualClock } from "../../clock/virtual-clock";
import { BatchRounds } from "../batch/batch-rounds";
import { BatchStreams } from "../batch/batch-streams";
import type { BatchParams } from "../batch/build-batch";
import { acceptTransfer } from "./accept-transfer";
import { ArkdError } from "./arkd-error";
import { ArkdEvents } from "./arkd-events";
import type { ArkdState, OffchainTx } from "./arkd-state";
import { utf8 } from "./bytes";
import type { CheckContext } from "./checks/check-context";
import { finaliseTransfer, findFinalisable } from "./finalise-transfer";
import { fundScript } from "./fund-scripts";
import type { ArkdRecord } from "./records";
import {
  type ServerInfo,
  type ServerKeys,
  defaultScriptOf,
  forfeitScriptOf,
  toServerInfo,
  xOnlyOf,
} from "./server-keys";
import { type ArkdSettings, toBatchExpiry } from "./settings";
import { verifyPendingTxProof } from "./verify-intent-proof";
import { type AssetAmount, type Vtxo, isSpent, toVtxoId } from "./vtxo";

export interface ArkdEngineDeps {
  readonly keys: ServerKeys;
  readonly seed: string;
  readonly state: ArkdState;
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  /** Must have written the record when it returns: the effect is told to the world right after. */
  readonly append: (record: ArkdRecord) => void;
  /** Of the phases of batches; real timers when left out. */
  readonly schedule?: (ms: number, run: () => void) => () => void;
}

export interface SignedTransfer {
  readonly arkTxid: string;
  readonly finalArkTx: string;
  /** In random order, as arkd's map iteration gives them. */
  readonly signedCheckpointTxs: readonly string[];
}

/**
 * The simulated arkd without its transport. Every method is synchronous, so no two calls interleave; each effect is one
 * journal record, written before it is applied.
 */
export class ArkdEngine {
  readonly events = new ArkdEvents();
  readonly batchStreams: BatchStreams;
  readonly batches: BatchRounds;
  readonly signerPubkey: string;
  readonly state: ArkdState;
  readonly #deps: ArkdEngineDeps;
  #info: { readonly settings: ArkdSettings; readonly info: ServerInfo } | undefined;

  constructor(deps: ArkdEngineDeps) {
    this.#deps = deps;
    this.state = deps.state;
    this.signerPubkey = xOnlyOf(deps.keys.signerSecret);
    deps.clock.setOffset(deps.state.clockOffsetSeconds);
    this.batchStreams = new BatchStreams(() => deps.random.id());
    this.batches = new BatchRounds({
      context: () => {
        this.sweepExpired();
        return this.#context();
      },
      params: () => this.#batchParams(),
      signerSecret: deps.keys.signerSecret,
      nowMs: () => deps.clock.nowMs(),
      sessionMs: () => this.state.settings.sessionDurationSeconds * 1000,
      newId: () => deps.random.id(),
      randomBytes: () => new Uint8Array(deps.random.bytes()),
      emit: (event, topics) => this.batchStreams.emit(event, topics),
      commit: (record) => this.#settle(record),
      schedule: deps.schedule ?? scheduleTimer,
    });
  }

  /** What GetInfo tells beside the settings. Every call compares its digest, so it is made once per change of settings. */
  info(): ServerInfo {
    const { settings } = this.state;
    if (this.#info?.settings !== settings) this.#info = { settings, info: toServerInfo(this.#deps.keys, settings) };
    return this.#info.info;
  }

  submitTx(request: { readonly signedArkTx: string; readonly checkpointTxs: readonly string[] }): SignedTransfer {
    this.sweepExpired();
    const { accepted, owners } = acceptTransfer(
      this.#context(),
      this.#deps.keys.signerSecret,
      this.#deps.clock.nowMs(),
      request,
    );
    this.#commit(accepted);
    for (const owner of owners) this.#commit(owner);
    return this.#toSignedTransfer(this.#getTx(accepted.arkTxid));
  }

  /** One-shot: the first refusal after the stage check is stored, and every later call finds "not in a valid stage". */
  finalizeTx(arkTxid: string, finalCheckpointTxs: readonly string[]): void {
    this.sweepExpired();
    const context = this.#context();
    const tx = findFinalisable(context, arkTxid);
    const finalised = this.#finaliseOrPoison(context, tx, finalCheckpointTxs);
    this.#commit(finalised);
    this.events.emit({
      kind: "ark_tx",
      txid: arkTxid,
      psbt: tx.psbt,
      spent: finalised.checkpoints.flatMap(({ vtxoId }) => this.#copy(vtxoId)),
      created: finalised.vtxos.flatMap(({ vout }) => this.#copy(toVtxoId(arkTxid, vout))),
      checkpoints: finalised.checkpoints,
    });
  }

  /** The accepted, unfinalised transfers that spend a VTXO proven here. */
  getPendingTxs(proof: string, message: string): readonly SignedTransfer[] {
    const vtxos = verifyPendingTxProof(this.#context(), proof, message);
    const txids = new Set(vtxos.map((vtxo) => vtxo.arkTxid).filter((txid) => txid !== ""));
    return [...txids]
      .map((txid) => this.#getTx(txid))
      .filter((tx) => tx.stage === "accepted")
      .map((tx) => this.#toSignedTransfer(tx));
  }

  /**
   * Makes `count` VTXOs for the default script of a key, each with these assets; one that arkd does not know yet exists from
   * then on, without a control asset. Throws when the key is not on the curve.
   */
  fund(
    ownerPubkey: string,
    amountSats: bigint,
    count: number,
    assets: readonly AssetAmount[] = [],
  ): { txid: string; vtxoIds: readonly string[] } {
    const { clock, seed } = this.#deps;
    const script = this.learnOwner(ownerPubkey);
    const expirySeconds = this.state.settings.vtxoTreeExpirySeconds;
    const origin = { seed, commitmentCount: this.state.commitmentCount, nowMs: clock.nowMs(), expirySeconds };
    const newAssetIds = assets.map(({ assetId }) => assetId).filter((assetId) => !this.state.assets.has(assetId));
    const funded = fundScript(origin, script, amountSats, count, { assets, newAssetIds });
    this.#commit(funded);
    const vtxoIds = funded.vtxos.map(({ vout }) => toVtxoId(funded.txid, vout));
    this.events.emit({
      kind: "commitment_tx",
      txid: funded.commitmentTxid,
      psbt: funded.psbt,
      spent: [],
      created: vtxoIds.flatMap((vtxoId) => this.#copy(vtxoId)),
    });
    return { txid: funded.txid, vtxoIds };
  }

  /** The default script of a key, whose coins the conservation view names by the key from now on. */
  learnOwner(pubkey: string): string {
    const script = defaultScriptOf(pubkey, this.#deps.keys, this.state.settings);
    if (!this.state.owners.has(script)) this.#commit({ type: "owner", script, pubkey });
    return script;
  }

  mine(blocks: number): number {
    this.#commit({ type: "mined", height: this.state.height + blocks });
    return this.state.height;
  }

  advanceClock(seconds: number): void {
    this.#commit({ type: "clock", offsetSeconds: this.state.clockOffsetSeconds + seconds });
    this.#deps.clock.setOffset(this.state.clockOffsetSeconds);
    this.sweepExpired();
  }

  /** What arkd's sweeper does at expiry: the server takes the coins, their owners may still recover them in a batch. */
  sweepExpired(): void {
    const nowSeconds = this.#deps.clock.nowSeconds();
    if (this.state.nextExpiry > nowSeconds) return;
    const expired = [...this.state.vtxos.values()].filter(
      (vtxo) => !vtxo.isSwept && !isSpent(vtxo) && vtxo.expiresAt <= nowSeconds,
    );
    this.#commit({ type: "swept", atMs: this.#deps.clock.nowMs(), vtxoIds: expired.map(({ vtxoId }) => vtxoId) });
    if (expired.length === 0) return;
    const txid = hex.encode(sha256(utf8(`sweep/${expired.map(({ vtxoId }) => vtxoId).join(",")}`)));
    this.events.emit({ kind: "sweep_tx", txid, swept: expired.flatMap(({ vtxoId }) => this.#copy(vtxoId)) });
  }

  /** The owner took the VTXO on-chain. Throws VTXO_NOT_FOUND. */
  unroll(vtxoId: string): void {
    if (!this.state.vtxos.has(vtxoId))
      throw new ArkdError("VTXO_NOT_FOUND", `vtxo ${vtxoId} not found`, { vtxo_outpoint: vtxoId });
    this.#commit({ type: "unrolled", atMs: this.#deps.clock.nowMs(), vtxoId });
  }

  ban(script: string, seconds: number): void {
    this.#commit({ type: "banned", script, untilSeconds: this.#deps.clock.nowSeconds() + seconds });
  }

  /** Changes the digest, so every client has to read GetInfo again. */
  changeSettings(change: Partial<ArkdSettings>): void {
    this.#commit({ type: "settings", settings: { ...this.state.settings, ...change } });
  }

  reset(): void {
    this.batches.clear();
    this.#commit({ type: "reset", commitmentCount: this.state.commitmentCount });
    this.#deps.clock.setOffset(0);
  }

  #context(): CheckContext {
    const { clock, state } = this.#deps;
    return {
      state,
      signerPubkey: this.signerPubkey,
      unrollScript: hex.decode(this.info().checkpointTapscript),
      isRegistered: (vtxoId) => this.batches.isRegistered(vtxoId),
      nowSeconds: clock.nowSeconds(),
      medianTime: clock.medianTime(),
    };
  }

  #batchParams(): BatchParams {
    const { keys, seed } = this.#deps;
    const { settings, commitmentCount } = this.state;
    const { signerPubkey, forfeitPubkey } = this.info();
    return {
      signerPubkey,
      forfeitPubkey,
      forfeitScript: forfeitScriptOf(keys),
      batchExpiry: toBatchExpiry(settings.vtxoTreeExpirySeconds),
      dustSats: BigInt(settings.dustSats),
      walletCoin: `${seed}/wallet/${commitmentCount}`,
    };
  }

  #settle(record: Extract<ArkdRecord, { type: "settled" }>): void {
    this.#commit(record);
    this.events.emit({
      kind: "commitment_tx",
      txid: record.commitmentTxid,
      psbt: record.psbt,
      spent: record.inputs.flatMap(({ vtxoId }) => this.#copy(vtxoId)),
      created: record.leaves.flatMap(({ txid, vtxo }) => this.#copy(toVtxoId(txid, vtxo.vout))),
    });
  }

  #finaliseOrPoison(
    context: CheckContext,
    tx: OffchainTx,
    checkpoints: readonly string[],
  ): Extract<ArkdRecord, { type: "finalised" }> {
    try {
      return finaliseTransfer(context, this.#deps.clock.nowMs(), tx, checkpoints);
    } catch (error) {
      if (error instanceof ArkdError) this.#commit({ type: "poisoned", arkTxid: tx.arkTxid, reason: error.message });
      throw error;
    }
  }

  #toSignedTransfer(tx: OffchainTx): SignedTransfer {
    const signedCheckpointTxs = this.#deps.random.shuffle(tx.checkpoints.map(({ psbt }) => psbt));
    return { arkTxid: tx.arkTxid, finalArkTx: tx.psbt, signedCheckpointTxs };
  }

  #getTx(arkTxid: string): OffchainTx {
    const tx = this.state.offchainTxs.get(arkTxid);
    if (tx === undefined) throw new ArkdError("TX_NOT_FOUND", `offchain tx ${arkTxid} not found`, { txid: arkTxid });
    return tx;
  }

  #copy(vtxoId: string): readonly Vtxo[] {
    const vtxo = this.state.vtxos.get(vtxoId);
    return vtxo === undefined ? [] : [{ ...vtxo }];
  }

  #commit(record: ArkdRecord): void {
    this.#deps.append(record);
    this.state.apply(record);
  }
}

function scheduleTimer(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms).unref();
  return () => clearTimeout(timer);
}
