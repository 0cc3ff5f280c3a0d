import type { ArkdRecord, CheckpointRecord, NewVtxoRecord, SupplyRecord } from "./records";
import { type ArkdSettings, DEFAULT_SETTINGS } from "./settings";
import { type Vtxo, isSpent, toVtxoId } from "./vtxo";

export interface OffchainTx {
  readonly arkTxid: string;
  readonly psbt: string;
  stage: "accepted" | "finalised" | "poisoned";
  /** Why FinalizeTx can no longer succeed. */
  reason: string;
  checkpoints: readonly CheckpointRecord[];
}

export interface Commitment {
  readonly txid: string;
  readonly leafTxid: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly vtxoIds: readonly string[];
  readonly totalSats: bigint;
  readonly inputSats: bigint;
  readonly inputCount: number;
  /** Of the chain when it was broadcast: the next block confirms it. */
  readonly broadcastHeight: number;
}

/** An asset that was ever issued. What of it lives is the sum over the VTXOs. */
export interface Asset {
  readonly assetId: string;
  /** "" = nobody can issue more of it. */
  readonly controlAssetId: string;
  /** Hex of the serialised list, "" when empty. */
  readonly metadata: string;
  issued: bigint;
  burnt: bigint;
}

/** Devnet's chain starts here: above the height at which regtest coinbases mature, so nothing waits for blocks at first. */
const FIRST_HEIGHT = 101;

/** The whole state of the simulated arkd, changed by `apply` alone. Holds no clock and does no I/O. */
export class ArkdState {
  readonly vtxos = new Map<string, Vtxo>();
  readonly vtxoIdsByScript = new Map<string, Set<string>>();
  readonly offchainTxs = new Map<string, OffchainTx>();
  readonly commitments = new Map<string, Commitment>();
  readonly assets = new Map<string, Asset>();
  /** Every virtual tx by its txid, base64 PSBT with the signatures known so far. */
  readonly virtualTxs = new Map<string, string>();
  /** Which key owns a script, as far as a faucet call or a spend has shown it. */
  readonly owners = new Map<string, string>();
  readonly bans = new Map<string, number>();
  settings: ArkdSettings = DEFAULT_SETTINGS;
  height = FIRST_HEIGHT;
  clockOffsetSeconds = 0;
  issuedSats = 0n;
  /** Number of commitments ever made, resets included, so that no commitment txid comes twice. */
  commitmentCount = 0;
  /** No VTXO can expire before this time, so most calls skip the sweep. */
  nextExpiry = Number.POSITIVE_INFINITY;

  apply(record: ArkdRecord): void {
    switch (record.type) {
      case "funded":
        return this.#applyFunded(record);
      case "accepted":
        return this.#applyAccepted(record);
      case "finalised":
        return this.#applyFinalised(record);
      case "settled":
        return this.#applySettled(record);
      case "poisoned":
        return this.#applyPoisoned(record.arkTxid, record.reason);
      case "swept":
        return this.#applySwept(record.vtxoIds, record.atMs);
      case "unrolled":
        this.#change(record.vtxoId, record.atMs, (vtxo) => (vtxo.isUnrolled = true));
        return;
      case "banned":
        this.bans.set(record.script, record.untilSeconds);
        return;
      case "owner":
        this.owners.set(record.script, record.pubkey);
        return;
      case "clock":
        this.clockOffsetSeconds = record.offsetSeconds;
        return;
      case "mined":
        this.height = record.height;
        return;
      case "settings":
        this.settings = record.settings;
        return;
      case "reset":
        return this.#applyReset(record.commitmentCount);
    }
  }

  vtxosOfScript(script: string): readonly Vtxo[] {
    const ids = this.vtxoIdsByScript.get(script) ?? new Set<string>();
    return [...ids].flatMap((id) => this.vtxos.get(id) ?? []);
  }

  /**
   * Units on unspent VTXOs, as arkd counts them: what an accepted transfer spends is missing until it is final, so the number
   * goes down for a while with every transfer.
   */
  supplyOf(assetId: string): bigint {
    let supply = 0n;
    for (const vtxo of this.vtxos.values()) {
      if (isSpent(vtxo)) continue;
      supply += vtxo.assets.find((held) => held.assetId === assetId)?.amount ?? 0n;
    }
    return supply;
  }

  /** Height of the block that holds a commitment tx; undefined while it waits for one, or when there is no such tx. */
  confirmationHeightOf(commitmentTxid: string): number | undefined {
    const commitment = this.commitments.get(commitmentTxid);
    if (commitment === undefined || commitment.broadcastHeight >= this.height) return undefined;
    return commitment.broadcastHeight + 1;
  }

  /** Its inputs are spent, its outputs do not exist yet. */
  isPending(vtxo: Vtxo): boolean {
    const spender = this.offchainTxs.get(vtxo.arkTxid);
    return spender !== undefined && spender.stage !== "finalised";
  }

  #applyFunded(record: Extract<ArkdRecord, { type: "funded" }>): void {
    const createdAt = Math.floor(record.atMs / 1000);
    const shared = {
      createdAt,
      expiresAt: record.expiresAt,
      commitmentTxids: [record.commitmentTxid],
      isPreconfirmed: false,
      depth: 0,
    };
    this.#applySupply(record.supply);
    const made = record.vtxos.map((vtxo) => this.#insert(record.txid, vtxo, { ...shared, updatedAtMs: record.atMs }));
    const totalSats = made.reduce((sum, vtxo) => sum + vtxo.amountSats, 0n);
    this.commitments.set(record.commitmentTxid, {
      txid: record.commitmentTxid,
      leafTxid: record.txid,
      createdAt,
      expiresAt: record.expiresAt,
      vtxoIds: made.map((vtxo) => vtxo.vtxoId),
      totalSats,
      inputSats: 0n,
      inputCount: 0,
      broadcastHeight: this.height,
    });
    this.virtualTxs.set(record.txid, record.psbt);
    this.issuedSats += totalSats;
    this.commitmentCount += 1;
  }

  #applyAccepted(record: Extract<ArkdRecord, { type: "accepted" }>): void {
    const { arkTxid, psbt, checkpoints } = record;
    this.offchainTxs.set(arkTxid, { arkTxid, psbt, stage: "accepted", reason: "", checkpoints });
    this.virtualTxs.set(arkTxid, psbt);
    for (const checkpoint of checkpoints) {
      this.virtualTxs.set(checkpoint.txid, checkpoint.psbt);
      this.#change(checkpoint.vtxoId, record.atMs, (vtxo) => {
        vtxo.spentBy = checkpoint.txid;
        vtxo.arkTxid = arkTxid;
      });
    }
  }

  #applyFinalised(record: Extract<ArkdRecord, { type: "finalised" }>): void {
    const tx = this.offchainTxs.get(record.arkTxid);
    if (tx === undefined) throw new Error(`the journal finalises ${record.arkTxid}, which was never accepted`);
    tx.stage = "finalised";
    tx.checkpoints = record.checkpoints;
    for (const checkpoint of record.checkpoints) {
      this.virtualTxs.set(checkpoint.txid, checkpoint.psbt);
      this.#change(checkpoint.vtxoId, record.atMs, () => undefined);
    }
    const { expiresAt, depth, commitmentTxids, atMs } = record;
    const shared = {
      createdAt: Math.floor(atMs / 1000),
      expiresAt,
      commitmentTxids,
      isPreconfirmed: true,
      depth,
      updatedAtMs: atMs,
    };
    for (const vtxo of record.vtxos) this.#insert(record.arkTxid, vtxo, shared);
    this.#applySupply(record.supply);
  }

  #applySettled(record: Extract<ArkdRecord, { type: "settled" }>): void {
    const { commitmentTxid, atMs, expiresAt } = record;
    const inputs = record.inputs.map(({ vtxoId, forfeitTxid }) =>
      this.#change(vtxoId, atMs, (vtxo) => {
        vtxo.settledBy = commitmentTxid;
        vtxo.spentBy = forfeitTxid;
      }),
    );
    const createdAt = Math.floor(atMs / 1000);
    const shared = {
      createdAt,
      expiresAt,
      commitmentTxids: [commitmentTxid],
      isPreconfirmed: false,
      depth: 0,
      updatedAtMs: atMs,
    };
    const made = record.leaves.map(({ txid, vtxo }) => this.#insert(txid, vtxo, shared));
    for (const { txid, psbt } of record.treeTxs) this.virtualTxs.set(txid, psbt);
    this.#applySupply(record.supply);
    this.commitments.set(commitmentTxid, {
      txid: commitmentTxid,
      leafTxid: record.leaves[0]?.txid ?? "",
      createdAt,
      expiresAt,
      vtxoIds: made.map(({ vtxoId }) => vtxoId),
      totalSats: made.reduce((sum, { amountSats }) => sum + amountSats, 0n),
      inputSats: inputs.reduce((sum, { amountSats }) => sum + amountSats, 0n),
      inputCount: inputs.length,
      broadcastHeight: this.height,
    });
    this.issuedSats -= BigInt(record.feeSats);
    this.commitmentCount += 1;
  }

  #applySupply(supply: readonly SupplyRecord[] = []): void {
    for (const { assetId, issued, burnt, genesis } of supply) {
      if (genesis !== undefined) this.assets.set(assetId, { assetId, ...genesis, issued: 0n, burnt: 0n });
      const known = this.assets.get(assetId);
      if (known === undefined) throw new Error(`the journal changes asset ${assetId}, which it never made`);
      known.issued += BigInt(issued);
      known.burnt += BigInt(burnt);
    }
  }

  #applyPoisoned(arkTxid: string, reason: string): void {
    const tx = this.offchainTxs.get(arkTxid);
    if (tx === undefined) return;
    tx.stage = "poisoned";
    tx.reason = reason;
  }

  #applySwept(vtxoIds: readonly string[], atMs: number): void {
    for (const id of vtxoIds) this.#change(id, atMs, (vtxo) => (vtxo.isSwept = true));
    const live = [...this.vtxos.values()].filter((vtxo) => !vtxo.isSwept && !isSpent(vtxo));
    this.nextExpiry = live.reduce((earliest, vtxo) => Math.min(earliest, vtxo.expiresAt), Number.POSITIVE_INFINITY);
  }

  /** Keys, settings and the script owners stay; so does the commitment counter. */
  #applyReset(commitmentCount: number): void {
    for (const map of [
      this.vtxos,
      this.vtxoIdsByScript,
      this.offchainTxs,
      this.commitments,
      this.assets,
      this.virtualTxs,
      this.bans,
    ])
      map.clear();
    this.height = FIRST_HEIGHT;
    this.clockOffsetSeconds = 0;
    this.issuedSats = 0n;
    this.commitmentCount = commitmentCount;
    this.nextExpiry = Number.POSITIVE_INFINITY;
  }

  #insert(
    txid: string,
    record: NewVtxoRecord,
    shared: Pick<Vtxo, "createdAt" | "expiresAt" | "commitmentTxids" | "isPreconfirmed" | "depth" | "updatedAtMs">,
  ): Vtxo {
    const vtxo: Vtxo = {
      ...shared,
      vtxoId: toVtxoId(txid, record.vout),
      txid,
      vout: record.vout,
      amountSats: BigInt(record.amountSats),
      assets: (record.assets ?? []).map(({ assetId, amount }) => ({ assetId, amount: BigInt(amount) })),
      script: record.script,
      isSwept: record.isSwept,
      isUnrolled: false,
      spentBy: "",
      settledBy: "",
      arkTxid: "",
    };
    this.vtxos.set(vtxo.vtxoId, vtxo);
    const siblings = this.vtxoIdsByScript.get(vtxo.script) ?? new Set<string>();
    this.vtxoIdsByScript.set(vtxo.script, siblings.add(vtxo.vtxoId));
    if (!vtxo.isSwept) this.nextExpiry = Math.min(this.nextExpiry, vtxo.expiresAt);
    return vtxo;
  }

  #change(vtxoId: string, atMs: number, change: (vtxo: Vtxo) => void): Vtxo {
    const vtxo = this.vtxos.get(vtxoId);
    if (vtxo === undefined) throw new Error(`the journal changes ${vtxoId}, which it never made`);
    change(vtxo);
    vtxo.updatedAtMs = atMs;
    return vtxo;
  }
}
