import { AppError } from "@arkrelay/core/errors";
import type {
  IssueAssetRequest,
  MintAssetRequest,
  MintBatch,
  MintBatchState,
  TaprootAsset,
} from "@arkrelay/core/ports/taproot-assets";

import {
  BatchState,
  FinalizeBatchRequest,
  type FinalizeBatchResponse,
  ListBatchRequest,
  type ListBatchResponse,
  MintAsset,
  type MintAssetResponse,
  type MintingBatch,
} from "../gen/mintrpc/mint";
import { AssetType } from "../gen/taprpc/taprootassets";
import { fromHex, toHex } from "../wire-bytes";
import { assetIdOf, listPieces } from "./asset-pieces";
import type { TapdCalls } from "./tapd-clients";
import { toTaprootAssets } from "./to-asset";

/** Funding, signing and broadcasting a batch go through lnd. */
const FINALIZE_TIMEOUT_MS = 60_000;

const STATES: ReadonlyMap<BatchState, MintBatchState> = new Map([
  [BatchState.BATCH_STATE_PENDING, "pending"],
  [BatchState.BATCH_STATE_FROZEN, "frozen"],
  [BatchState.BATCH_STATE_COMMITTED, "committed"],
  [BatchState.BATCH_STATE_BROADCAST, "broadcast"],
  [BatchState.BATCH_STATE_CONFIRMED, "confirmed"],
  [BatchState.BATCH_STATE_FINALIZED, "finalized"],
  [BatchState.BATCH_STATE_SEEDLING_CANCELLED, "seedling_cancelled"],
  [BatchState.BATCH_STATE_SPROUT_CANCELLED, "sprout_cancelled"],
]);

type OnQueued = (batchKey: string) => Promise<void>;

/**
 * Mints through tapd's one pending batch, which everybody shares: finalising it commits what anybody has queued. So a batch of ours
 * holds one asset, and a batch with anything else is left alone.
 */
export class TapdMint {
  constructor(private readonly calls: TapdCalls) {}

  issue(request: IssueAssetRequest, onQueued: OnQueued): Promise<MintBatch> {
    const asset = MintAsset.fromPartial({
      assetType: request.type === "collectible" ? AssetType.COLLECTIBLE : AssetType.NORMAL,
      name: request.name,
      amount: request.amountUnits,
      decimalDisplay: request.decimalDisplay,
      newGroupedAsset: request.isGrouped,
    });
    return this.mint(asset, onQueued);
  }

  /** A new tranche of a group has to repeat what the group's first asset says of itself. */
  async mintMore({ name, amountUnits, groupKey }: MintAssetRequest, onQueued: OnQueued): Promise<MintBatch> {
    const sibling = (await this.findInGroup(groupKey, "leased")) ?? (await this.findInGroup(groupKey, "spent"));
    const asset = MintAsset.fromPartial({
      assetType: sibling?.type === "collectible" ? AssetType.COLLECTIBLE : AssetType.NORMAL,
      name,
      amount: amountUnits,
      decimalDisplay: sibling?.decimalDisplay ?? 0,
      groupedAsset: true,
      groupKey: fromHex(groupKey),
    });
    return this.mint(asset, onQueued);
  }

  async find(batchKey: string): Promise<MintBatch | undefined> {
    const batch = (await this.listBatches()).find((other) => toHex(other.batchKey) === batchKey);
    return batch === undefined ? undefined : this.describe(batch);
  }

  private async findInGroup(groupKey: string, including: "leased" | "spent"): Promise<TaprootAsset | undefined> {
    const { pieces } = await listPieces(this.calls, including);
    return toTaprootAssets(pieces).find((asset) => asset.groupKey === groupKey);
  }

  private async mint(asset: MintAsset, onQueued: OnQueued): Promise<MintBatch> {
    const pending = (await this.listBatches()).find(({ state }) => state === BatchState.BATCH_STATE_PENDING);
    // Queued before a crash that lost its key: no other batch of one asset is just like it.
    if (pending !== undefined && !holdsOnly(pending, asset)) throw foreignBatch("daemon_rejected");
    const batch = pending ?? (await this.queue(asset));
    const batchKey = toHex(batch.batchKey);
    await onQueued(batchKey);
    await this.finalize();
    return this.findFinalised(batchKey);
  }

  /** The batch is on its way: whatever keeps us from reading it leaves the caller with an open outcome. */
  private async findFinalised(batchKey: string): Promise<MintBatch> {
    let cause: unknown;
    try {
      const batch = await this.find(batchKey);
      if (batch !== undefined) return batch;
    } catch (thrown) {
      cause = thrown;
    }
    throw outcomeUnknown("the batch was finalised and cannot be read", cause);
  }

  private async queue(asset: MintAsset): Promise<MintingBatch> {
    const request = { asset, shortResponse: false };
    const { pendingBatch } = await this.calls.write<MintAssetResponse>("MintAsset", ({ mint }, ...rest) =>
      mint.mintAsset(request, ...rest),
    );
    if (pendingBatch === undefined) throw outcomeUnknown("tapd named no batch");
    // Somebody queued between our look and our asset, which is now in a batch that is not ours to finalise.
    if (!holdsOnly(pendingBatch, asset)) throw foreignBatch("outcome_unknown");
    return pendingBatch;
  }

  private async finalize(): Promise<void> {
    const request = FinalizeBatchRequest.fromPartial({ shortResponse: true });
    try {
      await this.calls.write<FinalizeBatchResponse>(
        "FinalizeBatch",
        ({ mint }, ...rest) => mint.finalizeBatch(request, ...rest),
        { timeoutMs: FINALIZE_TIMEOUT_MS },
      );
    } catch (thrown) {
      // Whatever tapd says, the batch is there, and may be frozen: its state tells, and its key is known.
      throw outcomeUnknown("FinalizeBatch failed", thrown);
    }
  }

  private async listBatches(): Promise<readonly MintingBatch[]> {
    const request = ListBatchRequest.fromPartial({});
    const { batches } = await this.calls.read<ListBatchResponse>("ListBatches", ({ mint }, ...rest) =>
      mint.listBatches(request, ...rest),
    );
    return batches.flatMap(({ batch }) => batch ?? []);
  }

  private async describe(batch: MintingBatch): Promise<MintBatch> {
    return {
      batchKey: toHex(batch.batchKey),
      batchTxid: batch.batchTxid,
      state: STATES.get(batch.state) ?? "unknown",
      assetIds: batch.batchTxid === "" ? [] : await this.findMinted(batch.batchTxid),
    };
  }

  /** Asset ids depend on the outpoint that the batch spends, so they are read from the pieces in its transaction. */
  private async findMinted(batchTxid: string): Promise<string[]> {
    const live = await listPieces(this.calls, "leased");
    const spent = await listPieces(this.calls, "spent");
    const minted = [...live.pieces, ...spent.pieces].filter(
      ({ chainAnchor }) => chainAnchor?.anchorOutpoint.split(":")[0] === batchTxid,
    );
    return [...new Set(minted.map(assetIdOf))];
  }
}

function holdsOnly({ assets }: MintingBatch, asset: MintAsset): boolean {
  const [only] = assets;
  return (
    assets.length === 1 &&
    only?.name === asset.name &&
    only.amount === asset.amount &&
    only.assetType === asset.assetType &&
    only.newGroupedAsset === asset.newGroupedAsset &&
    only.groupKey.equals(asset.groupKey)
  );
}

function foreignBatch(code: "daemon_rejected" | "outcome_unknown"): AppError {
  return new AppError(code, {
    message: "tapd has a pending batch that is not ours; finalise or cancel it first",
    details: { service: "tapd", daemon_name: "foreign_batch" },
  });
}

function outcomeUnknown(internal: string, cause?: unknown): AppError {
  return new AppError("outcome_unknown", { details: { service: "tapd" }, internal, cause });
}
