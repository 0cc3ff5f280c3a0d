import type { AssetGenesis, AssetSpecifier, Holder, Piece, ScriptKeyType, Transfer } from "./rows";
import type { TapdCore } from "./tapd-core";
import { TapdError } from "./tapd-error";

export interface PieceFilter {
  readonly includeSpent?: boolean;
  readonly includeLeased?: boolean;
  readonly includeUnconfirmedMints?: boolean;
  readonly minAmount?: bigint;
  readonly maxAmount?: bigint;
  readonly assetId?: string;
  readonly groupKey?: string;
  readonly scriptKey?: string;
  readonly outpoint?: string;
  /** "all", or one type; tapd's default leaves out burns, tombstones and what channels hold. */
  readonly scriptKeyType?: ScriptKeyType | "all";
}

const ORDINARY: ReadonlySet<ScriptKeyType> = new Set(["bip86", "external"]);

/** Pages as large as tapd's own; 0 asks for the default. */
export const PAGE_DEFAULT = 512;
export const PAGE_MAX = 16_384;

/** Reading what our tapd holds. */
export class AssetWallet {
  constructor(private readonly core: TapdCore) {}

  /** Ascending by age. The caller pages. */
  listPieces(filter: PieceFilter): readonly Piece[] {
    return [...this.core.state.pieces.values()].filter((piece) => this.#matches(piece, filter));
  }

  /** Units by asset id. An unknown asset has no entry. */
  balancesByAsset(filter: PieceFilter): ReadonlyMap<string, bigint> {
    return sumBy(this.listPieces(filter), ({ assetId }) => assetId);
  }

  balancesByGroup(filter: PieceFilter): ReadonlyMap<string, bigint> {
    const grouped = this.listPieces(filter).filter(({ assetId }) => this.genesisOf(assetId).groupKey !== "");
    return sumBy(grouped, ({ assetId }) => this.genesisOf(assetId).groupKey);
  }

  unconfirmedTransfers(): readonly Transfer[] {
    return [...this.core.state.transfers.values()].filter(({ sender, height }) => sender === "local" && height === 0);
  }

  unconfirmedMintCount(): number {
    return this.listPieces({ includeUnconfirmedMints: true }).filter(({ height }) => height === 0).length;
  }

  /** The genesis our tapd knows, or undefined. */
  findKnown(assetId: string): AssetGenesis | undefined {
    const genesis = this.core.state.genesis.get(assetId);
    return genesis?.isKnown === true ? genesis : undefined;
  }

  /** The anchor asset of a specifier as far as our tapd knows it. */
  findKnownBySpecifier({ assetId, groupKey }: AssetSpecifier): AssetGenesis | undefined {
    if (assetId !== "") return this.findKnown(assetId);
    const group = this.core.state.groups.get(groupKey);
    return group === undefined ? undefined : this.findKnown(group.anchorAssetId);
  }

  genesisOf(assetId: string): AssetGenesis {
    const genesis = this.core.state.genesis.get(assetId);
    if (genesis === undefined) throw new TapdError(`no asset ${assetId}`);
    return genesis;
  }

  /** Whether an asset is what a specifier asks for. */
  isOf(assetId: string, specifier: AssetSpecifier): boolean {
    if (specifier.assetId !== "") return assetId === specifier.assetId;
    return this.core.state.genesis.get(assetId)?.groupKey === specifier.groupKey;
  }

  /**
   * The biggest pieces first until the amount is reached. Throws tapd's text when they do not suffice: unconfirmed change and pieces
   * of transfers under way do not count.
   */
  selectCoins(holder: Holder, specifier: AssetSpecifier, amount: bigint): readonly Piece[] {
    const candidates = [...this.core.state.pieces.values()]
      .filter((piece) => piece.holder === holder && isSpendable(piece) && this.isOf(piece.assetId, specifier))
      .toSorted((left, right) =>
        left.amount === right.amount ? left.seq - right.seq : left.amount > right.amount ? -1 : 1,
      );
    const selected: Piece[] = [];
    let sum = 0n;
    for (const piece of candidates) {
      if (sum >= amount) break;
      selected.push(piece);
      sum += piece.amount;
    }
    if (sum < amount) throw new TapdError(COINS_NOT_FOUND);
    return selected;
  }

  #matches(piece: Piece, filter: PieceFilter): boolean {
    const { groupKey, assetId } = filter;
    const isOurs = piece.holder === "local" || piece.holder === "channel";
    if (!isOurs || !piece.isImported) return false;
    if (!this.#isVisible(piece, filter)) return false;
    if (!isOfType(piece, filter.scriptKeyType)) return false;
    return (
      (assetId === undefined || piece.assetId === assetId) &&
      (groupKey === undefined || this.genesisOf(piece.assetId).groupKey === groupKey) &&
      (filter.scriptKey === undefined || piece.scriptKey === filter.scriptKey) &&
      (filter.outpoint === undefined || piece.outpoint === filter.outpoint) &&
      piece.amount >= (filter.minAmount ?? 0n) &&
      (filter.maxAmount === undefined || filter.maxAmount === 0n || piece.amount <= filter.maxAmount)
    );
  }

  /** A piece of a transfer under way is leased; tapd calls it spent only when that is confirmed. */
  #isVisible(piece: Piece, filter: PieceFilter): boolean {
    if (piece.height === 0) return piece.inputs.length === 0 && filter.includeUnconfirmedMints === true;
    if (piece.isSpendConfirmed) return filter.includeSpent === true;
    return piece.spentBy === "" || filter.includeLeased === true;
  }
}

export const COINS_NOT_FOUND =
  "failed to find coin(s) that satisfy given constraints; if previous transfers are un-confirmed, wait for them to confirm before trying again";

/** Confirmed, with its proof here, in no transfer, and under a key the wallet itself signs for. */
export function isSpendable(piece: Piece): boolean {
  return piece.height > 0 && piece.isImported && piece.spentBy === "" && ORDINARY.has(piece.scriptKeyType);
}

function isOfType(piece: Piece, type: ScriptKeyType | "all" | undefined): boolean {
  if (type === "all") return true;
  return type === undefined ? ORDINARY.has(piece.scriptKeyType) : piece.scriptKeyType === type;
}

function sumBy(pieces: readonly Piece[], keyOf: (piece: Piece) => string): ReadonlyMap<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const piece of pieces) sums.set(keyOf(piece), (sums.get(keyOf(piece)) ?? 0n) + piece.amount);
  return sums;
}
