import { SortDirection } from "../gen/taprpc/tapcommon";
import {
  type Asset,
  FetchAssetRequest,
  type FetchAssetResponse,
  ListAssetRequest,
  type ListAssetResponse,
  type ScriptKeyTypeQuery,
} from "../gen/taprpc/taprootassets";
import { rejectionName } from "../rejection-name";
import { fromHex, toHex } from "../wire-bytes";
import { readPages } from "./read-pages";
import type { TapdCalls } from "./tapd-clients";

/** Without it tapd hides whatever is not under a BIP 86 key: receives to newer addresses and units in channels. */
const ALL_KEYS: ScriptKeyTypeQuery = { type: { $case: "allTypes", value: true } };

/** tapd refuses both at once: `leased` are live pieces that a send or another client holds, `spent` those that are gone. */
type Including = "leased" | "spent";

export interface AssetPieces {
  readonly pieces: readonly Asset[];
  /** Sends whose change is not among the pieces yet. */
  readonly unconfirmedTransfers: bigint;
}

/** Every piece in tapd's wallet; mints from their broadcast on. */
export async function listPieces(calls: TapdCalls, including: Including): Promise<AssetPieces> {
  let unconfirmedTransfers = 0n;
  const pieces = await readPages(async ({ offset, limit }) => {
    const request = ListAssetRequest.fromPartial({
      ...flagsOf(including),
      offset,
      limit,
      direction: SortDirection.SORT_DIRECTION_ASC,
    });
    const reply = await calls.read<ListAssetResponse>("ListAssets", ({ assets }, ...rest) =>
      assets.listAssets(request, ...rest),
    );
    unconfirmedTransfers = reply.unconfirmedTransfers;
    return reply.assets;
  }, pieceKey);
  return { pieces, unconfirmedTransfers };
}

/** tapd's sends without a block. */
export async function countUnconfirmed(calls: TapdCalls): Promise<bigint> {
  const request = ListAssetRequest.fromPartial({ limit: 1 });
  const { unconfirmedTransfers } = await calls.read<ListAssetResponse>("ListAssets", ({ assets }, ...rest) =>
    assets.listAssets(request, ...rest),
  );
  return unconfirmedTransfers;
}

/** As `listPieces`, of one asset. */
export async function listPiecesOf(calls: TapdCalls, assetId: string, including: Including): Promise<readonly Asset[]> {
  const request = FetchAssetRequest.fromPartial({
    ...flagsOf(including),
    assetSpecifier: { id: { $case: "assetId", value: fromHex(assetId) } },
  });
  try {
    const { assets } = await calls.read<FetchAssetResponse>("FetchAsset", (clients, ...rest) =>
      clients.assets.fetchAsset(request, ...rest),
    );
    return assets;
  } catch (thrown) {
    // Came with tapd 0.8.
    if (rejectionName(thrown) !== "UNIMPLEMENTED") throw thrown;
    const { pieces } = await listPieces(calls, including);
    return pieces.filter((piece) => assetIdOf(piece) === assetId);
  }
}

/** 64 hex. */
export function assetIdOf({ assetGenesis }: Asset): string {
  return toHex(assetGenesis?.assetId ?? Buffer.alloc(0));
}

/** One piece among all: where it is anchored, under which key, and of which asset. */
export function pieceKey(piece: Asset): string {
  return `${piece.chainAnchor?.anchorOutpoint ?? ""} ${toHex(piece.scriptKey)} ${assetIdOf(piece)}`;
}

function flagsOf(including: Including) {
  return {
    includeLeased: including === "leased",
    includeSpent: including === "spent",
    includeUnconfirmedMints: true,
    scriptKeyType: ALL_KEYS,
  };
}
