import { ANCHOR_SATS, satPerVbyteOf } from "./anchor-fee";
import { assetIdOf } from "./asset-id";
import { type NewAsset, checkNewAsset } from "./check-new-asset";
import { groupSeedlings } from "./group-seedlings";
import type { BatchState, MintBatch, Piece, Seedling } from "./rows";
import type { Effect, TapdCore } from "./tapd-core";
import { TapdError } from "./tapd-error";

/** tapd's one global batch: whoever calls MintAsset adds to it, and FinalizeBatch commits what everybody queued. */
export class Minter {
  constructor(private readonly core: TapdCore) {}

  queue(asset: NewAsset): MintBatch {
    const pending = this.#pending();
    const seedling = checkNewAsset(this.core.state, pending, asset);
    const effect = this.core.begin();
    const scriptKey = asset.scriptKey === "" ? effect.nextScriptKey() : asset.scriptKey;
    const batch: MintBatch = {
      ...(pending ?? this.#newBatch(effect)),
      seedlings: [...(pending?.seedlings ?? []), { ...seedling, scriptKey }],
    };
    this.#put(effect, batch);
    effect.commit();
    if (pending === undefined) this.#tell(batch, "");
    return batch;
  }

  /** Sets a genesis outpoint aside, which fixes the asset ids. Without a pending batch tapd makes an empty one. */
  fund(): MintBatch {
    const pending = this.#pending();
    if (pending !== undefined && pending.genesisPoint !== "") {
      throw new TapdError("unable to fund batch: batch already funded");
    }
    this.#checkFunds("unable to fund batch: unable to fund minting batch: ");
    const effect = this.core.begin();
    const batch = { ...(pending ?? this.#newBatch(effect)), genesisPoint: `${effect.nextHash()}:0` };
    this.#put(effect, batch);
    effect.commit();
    return batch;
  }

  seal(): MintBatch {
    const pending = this.#pending();
    if (pending === undefined) throw new TapdError("no pending batch");
    if (pending.seedlings.length === 0) throw new TapdError("unable to seal minting batch: no seedlings in batch");
    if (pending.genesisPoint === "") throw new TapdError("unable to seal minting batch: batch is not funded");
    const effect = this.core.begin();
    const sealed = { ...pending, isSealed: true };
    this.#put(effect, sealed);
    effect.commit();
    return sealed;
  }

  /**
   * Freezes, funds unless funded, commits and broadcasts. When the funding fails the batch stays frozen for ever and is no longer
   * the pending one, as in taproot-assets#2136.
   */
  finalize(feeRateSatPerKw: number): MintBatch {
    const pending = this.#pending();
    if (pending === undefined) throw new TapdError("unable to finalize batch: no pending batch");
    if (pending.seedlings.length === 0) {
      throw new TapdError("unable to finalize batch: unable to finalize minting batch: no seedlings in batch");
    }
    const frozen = this.#move(pending, "frozen");
    if (this.core.faults.takeBatchFrozen()) {
      this.#fail(frozen, "unable to fund minting PSBT: insufficient funds available to construct transaction");
    }
    const sent = this.#broadcast(frozen, satPerVbyteOf(feeRateSatPerKw));
    const committed = this.#move(frozen, "committed");
    return this.#sprout(committed, sent);
  }

  cancel(): string {
    const pending = this.#pending();
    if (pending === undefined) throw new TapdError("unable to cancel batch: no pending batch");
    this.#move(pending, "seedling_cancelled");
    return pending.batchKey;
  }

  find(batchKey: string): MintBatch | undefined {
    return this.core.state.batches.get(batchKey);
  }

  list(): readonly MintBatch[] {
    return [...this.core.state.batches.values()];
  }

  /** The minting tx has its first confirmation: its assets appear, and the batch passes its last two states. */
  onConfirmed(txid: string): void {
    const batch = this.list().find((candidate) => candidate.txid === txid && candidate.state === "broadcast");
    if (batch === undefined) return;
    this.#move(this.#move(batch, "confirmed"), "finalized");
  }

  #pending(): MintBatch | undefined {
    return this.list().find(({ state }) => state === "pending");
  }

  #newBatch(effect: Effect): MintBatch {
    return {
      batchKey: effect.nextPubkey(),
      seq: effect.nextSeq(),
      state: "pending",
      createdAt: this.core.nowSeconds(),
      heightHint: this.core.lnd.height,
      seedlings: [],
      genesisPoint: "",
      isSealed: false,
      txid: "",
    };
  }

  #checkFunds(prefix: string): void {
    if (this.core.lnd.spendableSats() < ANCHOR_SATS) {
      throw new TapdError(
        `${prefix}unable to fund minting PSBT: insufficient funds available to construct transaction`,
      );
    }
  }

  #broadcast(frozen: MintBatch, satPerVbyte: bigint): { readonly txid: string; readonly outpoint: string } {
    try {
      const { txid, outpoints } = this.core.lnd.sendOutputs({
        outputs: [{ to: "anchor", amountSats: ANCHOR_SATS }],
        satPerVbyte,
        label: `tapd-asset-minting-${frozen.batchKey}`,
      });
      return { txid, outpoint: outpoints[0] ?? `${txid}:0` };
    } catch (error) {
      return this.#fail(
        frozen,
        `unable to fund minting PSBT: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  #fail(frozen: MintBatch, why: string): never {
    this.#tell(frozen, why);
    throw new TapdError(`unable to finalize batch: ${why}`);
  }

  /** The assets and their pieces come to be, unconfirmed. */
  #sprout(batch: MintBatch, sent: { readonly txid: string; readonly outpoint: string }): MintBatch {
    const effect = this.core.begin();
    const genesisPoint = batch.genesisPoint === "" ? `${effect.nextHash()}:0` : batch.genesisPoint;
    const groups = groupSeedlings(this.core.state, effect, { ...batch, genesisPoint }, "local");
    const internalKey = effect.nextPubkey();
    for (const seedling of batch.seedlings) {
      const groupKey = groups.get(seedling.name)?.groupKey ?? "";
      putMinted(effect, {
        seedling,
        groupKey,
        genesisPoint,
        outpoint: sent.outpoint,
        internalKey,
        holder: "local",
        height: 0,
        confirmedAt: 0,
      });
    }
    const broadcast: MintBatch = { ...batch, genesisPoint, state: "broadcast", txid: sent.txid };
    this.#put(effect, broadcast);
    effect.commit();
    this.#tell(broadcast, "");
    return broadcast;
  }

  #move(batch: MintBatch, state: BatchState): MintBatch {
    const effect = this.core.begin();
    const moved = { ...batch, state };
    this.#put(effect, moved);
    effect.commit();
    this.#tell(moved, "");
    return moved;
  }

  #put(effect: Effect, batch: MintBatch): void {
    effect.put("batches", batch.batchKey, batch);
  }

  #tell(batch: MintBatch, error: string): void {
    this.core.emit({ kind: "mint", batch, error });
  }
}

/** One asset of a batch: its genesis, and the piece that holds all its units. */
export function putMinted(
  effect: Effect,
  mint: {
    readonly seedling: Seedling;
    readonly groupKey: string;
    readonly genesisPoint: string;
    readonly outpoint: string;
    readonly internalKey: string;
    readonly holder: "local" | "outside";
    readonly height: number;
    readonly confirmedAt: number;
  },
): string {
  const { seedling, genesisPoint, holder } = mint;
  const genesis = { ...seedling, genesisPoint, outputIndex: 0 };
  const assetId = assetIdOf(genesis);
  effect.put("genesis", assetId, {
    assetId,
    groupKey: mint.groupKey,
    name: seedling.name,
    metaHash: seedling.metaHash,
    metaData: seedling.metaData,
    metaType: seedling.metaType,
    assetType: seedling.assetType,
    assetVersion: seedling.assetVersion,
    genesisPoint,
    outputIndex: 0,
    decimalDisplay: seedling.decimalDisplay,
    mintedBy: holder,
    mintedUnits: seedling.amount,
    isKnown: holder === "local",
  });
  const piece: Piece = {
    id: pieceIdOf(mint.outpoint, assetId, seedling.scriptKey),
    seq: effect.nextSeq(),
    holder,
    assetId,
    amount: seedling.amount,
    scriptKey: seedling.scriptKey,
    scriptKeyType: "bip86",
    outpoint: mint.outpoint,
    anchorSats: ANCHOR_SATS,
    internalKey: mint.internalKey,
    height: mint.height,
    confirmedAt: mint.confirmedAt,
    inputs: [],
    isImported: true,
    spentBy: "",
    isSpendConfirmed: false,
  };
  effect.put("pieces", piece.id, piece);
  return assetId;
}

export function pieceIdOf(outpoint: string, assetId: string, scriptKey: string): string {
  return `${outpoint}/${assetId}/${scriptKey}`;
}
