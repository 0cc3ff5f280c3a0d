import type { TaprootAsset, TaprootAssetBalance } from "@arkrelay/core/ports/taproot-assets";

import type { Asset, AssetTransfer, TransferInput } from "../gen/taprpc/taprootassets";
import type { AssetChannel } from "../lnd/asset-channels";
import { toHex } from "../wire-bytes";
import { assetIdOf, listPieces, listPiecesOf, pieceKey } from "./asset-pieces";
import type { RecentTransfers } from "./recent-transfers";
import type { TapdCalls } from "./tapd-clients";
import { isSpendable, toTaprootAssets } from "./to-asset";

type Balance = { -readonly [Field in keyof TaprootAssetBalance]: TaprootAssetBalance[Field] };

/** What tapd's wallet holds. */
export class TapdWallet {
  constructor(
    private readonly calls: TapdCalls,
    private readonly listAssetChannels: () => Promise<readonly AssetChannel[]>,
    private readonly transfers: RecentTransfers,
  ) {}

  async listAssets(): Promise<readonly TaprootAsset[]> {
    const { pieces } = await listPieces(this.calls, "leased");
    return toTaprootAssets(pieces);
  }

  async getAssetInfo(assetId: string): Promise<TaprootAsset | undefined> {
    const [live] = toTaprootAssets(await listPiecesOf(this.calls, assetId, "leased"));
    if (live !== undefined) return live;
    // All of it may have been sent away.
    const [gone] = toTaprootAssets(await listPiecesOf(this.calls, assetId, "spent"));
    return gone;
  }

  async getBalance(assetId: string): Promise<TaprootAssetBalance> {
    const balances = await this.getBalances();
    return balances.find((balance) => balance.assetId === assetId) ?? emptyBalance(assetId);
  }

  async getBalances(): Promise<readonly TaprootAssetBalance[]> {
    const { pieces, unconfirmedTransfers } = await listPieces(this.calls, "leased");
    const unconfirmed = await this.transfers.listUnconfirmed(unconfirmedTransfers);
    const channels = await this.listAssetChannels();
    return addUp(pieces, unconfirmed, channels);
  }
}

function addUp(
  pieces: readonly Asset[],
  unconfirmed: readonly AssetTransfer[],
  channels: readonly AssetChannel[],
): TaprootAssetBalance[] {
  const balances = new Map<string, Balance>();
  const of = (assetId: string): Balance => {
    const balance = balances.get(assetId) ?? emptyBalance(assetId);
    balances.set(assetId, balance);
    return balance;
  };
  // tapd calls the inputs of a send live until it confirms; they are on their way, and only the change is still ours.
  const leaving = new Set(unconfirmed.flatMap(({ inputs }) => inputs.map(inputKey)));
  const isOurs = (piece: Asset): boolean => isSpendable(piece) && isConfirmed(piece) && !leaving.has(pieceKey(piece));
  for (const piece of pieces.filter(isOurs)) {
    const balance = of(assetIdOf(piece));
    balance.balanceUnits += piece.amount;
    balance.utxoCount += 1;
    if (isLeased(piece)) balance.leasedUnits += piece.amount;
  }
  for (const output of unconfirmed.flatMap(({ outputs }) => outputs)) {
    if (!output.scriptKeyIsLocal || output.amount === 0n) continue;
    const balance = of(toHex(output.assetId));
    balance.balanceUnits += output.amount;
    balance.unconfirmedUnits += output.amount;
  }
  for (const { localUnits, outgoingUnits } of channels) {
    for (const [assetId, units] of [...localUnits, ...outgoingUnits]) of(assetId).channelUnits += units;
  }
  return [...balances.values()];
}

function emptyBalance(assetId: string): Balance {
  return { assetId, balanceUnits: 0n, utxoCount: 0, channelUnits: 0n, unconfirmedUnits: 0n, leasedUnits: 0n };
}

/** A mint is in the list from its broadcast on. */
function isConfirmed({ chainAnchor }: Asset): boolean {
  return (chainAnchor?.blockHeight ?? 0) > 0;
}

function isLeased({ leaseOwner, leaseExpiry }: Asset): boolean {
  return leaseOwner.length > 0 && Number(leaseExpiry) * 1000 > Date.now();
}

/** As `pieceKey`. */
function inputKey({ anchorPoint, scriptKey, assetId }: TransferInput): string {
  return `${anchorPoint} ${toHex(scriptKey)} ${toHex(assetId)}`;
}
