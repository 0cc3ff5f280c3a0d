import type { AssetRate } from "./asset-rate";

/**
 * Who holds a piece: our tapd, the tapd of the wallet outside, our asset channels (both sides of them), or the edge node after a
 * channel was closed.
 */
export type Holder = "local" | "outside" | "channel" | "peer";
export type Minter = "local" | "outside";

export type AssetType = "normal" | "collectible";
export type ScriptKeyType = "bip86" | "external" | "burn" | "tombstone" | "channel";

/** Ids, keys and hashes are lower-case hex everywhere; outpoints `txid:vout` with the txid in display order; times unix seconds. */
export interface AssetGenesis {
  readonly assetId: string;
  /** 66 hex, the tweaked key; "" without a group. */
  readonly groupKey: string;
  readonly name: string;
  readonly metaHash: string;
  readonly metaData: string;
  /** 0 opaque, 1 JSON. */
  readonly metaType: number;
  readonly assetType: AssetType;
  readonly assetVersion: number;
  /** The outpoint the minting tx spends first. */
  readonly genesisPoint: string;
  readonly outputIndex: number;
  readonly decimalDisplay: number;
  readonly mintedBy: Minter;
  readonly mintedUnits: bigint;
  /** Our tapd knows it: minted, synced or received here. */
  readonly isKnown: boolean;
}

export interface AssetGroup {
  /** Tweaked, 66 hex. */
  readonly groupKey: string;
  readonly rawGroupKey: string;
  /** The first asset of the group, whose name and decimals the later ones share. */
  readonly anchorAssetId: string;
  /** Only the tapd with the group's internal key can mint more. */
  readonly mintedBy: Minter;
}

export interface Seedling {
  readonly name: string;
  readonly assetType: AssetType;
  readonly assetVersion: number;
  readonly metaData: string;
  readonly metaType: number;
  readonly metaHash: string;
  readonly amount: bigint;
  readonly decimalDisplay: number;
  readonly isNewGroup: boolean;
  /** An existing group, or "". */
  readonly groupKey: string;
  /** Name of the seedling of this batch whose new group it joins, or "". */
  readonly groupAnchor: string;
  readonly scriptKey: string;
}

export type BatchState =
  | "pending"
  | "frozen"
  | "committed"
  | "broadcast"
  | "confirmed"
  | "finalized"
  | "seedling_cancelled"
  | "sprout_cancelled";

export interface MintBatch {
  readonly batchKey: string;
  readonly seq: number;
  readonly state: BatchState;
  readonly createdAt: number;
  readonly heightHint: number;
  readonly seedlings: readonly Seedling[];
  /** A genesis outpoint is set aside: from now on the asset ids are fixed. */
  readonly genesisPoint: string;
  readonly isSealed: boolean;
  /** "" before it is broadcast. */
  readonly txid: string;
}

/** One coin-like piece of an asset. It is never deleted, because the proofs of its descendants go through it. */
export interface Piece {
  readonly id: string;
  readonly seq: number;
  readonly holder: Holder;
  readonly assetId: string;
  readonly amount: bigint;
  readonly scriptKey: string;
  readonly scriptKeyType: ScriptKeyType;
  readonly outpoint: string;
  readonly anchorSats: bigint;
  readonly internalKey: string;
  /** Of the anchor; 0 while unconfirmed. */
  readonly height: number;
  readonly confirmedAt: number;
  /** Pieces the units came from; none for a mint. */
  readonly inputs: readonly string[];
  /** Its holder has the proof and may spend it. */
  readonly isImported: boolean;
  /** Txid of the transfer that spends it, unconfirmed ones included; "" = live. */
  readonly spentBy: string;
  /** The spend is confirmed: only then does tapd call the piece spent. */
  readonly isSpendConfirmed: boolean;
}

export interface TapAddress {
  readonly encoded: string;
  readonly seq: number;
  readonly holder: "local" | "outside";
  /** For a group address the anchor asset. */
  readonly assetId: string;
  readonly groupKey: string;
  /** 0 = the sender chooses (V2 only). */
  readonly amount: bigint;
  readonly assetType: AssetType;
  readonly scriptKey: string;
  readonly internalKey: string;
  /** x-only, 64 hex. */
  readonly taprootOutputKey: string;
  readonly courierAddr: string;
  readonly assetVersion: number;
  /** 0, 1 or 2. */
  readonly addressVersion: number;
  readonly createdAt: number;
}

export type ReceiveStatus = "detected" | "confirmed" | "proof_received" | "completed";

/** A payment to one of our addresses. */
export interface Receive {
  readonly key: string;
  readonly seq: number;
  readonly encodedAddr: string;
  readonly outpoint: string;
  readonly createdAt: number;
  readonly status: ReceiveStatus;
  readonly anchorSats: bigint;
  readonly height: number;
}

export interface TransferInput {
  readonly pieceId: string;
  readonly outpoint: string;
  readonly assetId: string;
  readonly scriptKey: string;
  readonly amount: bigint;
}

export interface TransferOutput {
  /** "" for a tombstone of zero units. */
  readonly pieceId: string;
  readonly outpoint: string;
  readonly anchorSats: bigint;
  readonly internalKey: string;
  readonly assetId: string;
  readonly scriptKey: string;
  readonly isLocal: boolean;
  readonly amount: bigint;
  readonly isSplitRoot: boolean;
  /** "" for change and burns. */
  readonly tapAddr: string;
  readonly courierAddr: string;
  readonly proofDelivery: "not_applicable" | "pending" | "complete";
}

export interface Transfer {
  readonly txid: string;
  readonly seq: number;
  readonly sender: "local" | "outside";
  readonly createdAtMs: number;
  readonly heightHint: number;
  readonly feeSats: bigint;
  readonly label: string;
  readonly inputs: readonly TransferInput[];
  readonly outputs: readonly TransferOutput[];
  /** 0 while unconfirmed. */
  readonly height: number;
  readonly completedAtMs: number;
}

/** What the asset is called in orders and channels: exactly one of the two is set. */
export interface AssetSpecifier {
  readonly assetId: string;
  readonly groupKey: string;
}

/** A peer's accepted offer. `buy`: we get units for sats (invoices); `sell`: we give units (payments). */
export interface Quote extends AssetSpecifier {
  readonly id: string;
  readonly seq: number;
  readonly kind: "buy" | "sell";
  readonly peer: string;
  readonly scid: bigint;
  readonly rate: AssetRate;
  readonly expiry: number;
  /** Asked for: units of a buy, msat of a sell. */
  readonly maxAmount: bigint;
  /** Units a sell costs at most. */
  readonly assetAmount: bigint;
  readonly metadata: string;
}

export interface ChannelHtlc {
  readonly key: string;
  readonly channelPoint: string;
  readonly direction: "incoming" | "outgoing";
  readonly units: bigint;
  readonly paymentHash: string;
  readonly quoteId: string;
  readonly state: "in_flight" | "settled" | "cancelled";
}

export interface AssetChannel extends AssetSpecifier {
  readonly channelPoint: string;
  readonly seq: number;
  readonly peer: string;
  readonly pieceIds: readonly string[];
  readonly capacityUnits: bigint;
  readonly localUnits: bigint;
  readonly remoteUnits: bigint;
  readonly state: "pending" | "open" | "closed";
}

/** A proof in our local universe. */
export interface UniverseLeaf {
  readonly key: string;
  readonly assetId: string;
  readonly outpoint: string;
  readonly scriptKey: string;
  readonly proofType: "issuance" | "transfer";
  /** Hex of one raw proof. */
  readonly rawProof: string;
}

export interface DeclaredScriptKey {
  readonly scriptKey: string;
  readonly type: ScriptKeyType;
}

export interface TapdSettings {
  readonly version: "0.7" | "0.8";
  /** Channel features are there: tapd runs inside litd. */
  readonly hasChannels: boolean;
  /** False = "price oracle is not set". */
  readonly hasPriceOracle: boolean;
  readonly courierAddr: string;
  /** How long a peer's quote holds. */
  readonly quoteLifetimeSeconds: number;
  /** By asset id or group key. */
  readonly rates: Readonly<Record<string, AssetRate>>;
}

/** Every table of the state by its row. */
export interface TapdRows {
  readonly genesis: AssetGenesis;
  readonly groups: AssetGroup;
  readonly batches: MintBatch;
  readonly pieces: Piece;
  readonly addresses: TapAddress;
  readonly receives: Receive;
  readonly transfers: Transfer;
  readonly quotes: Quote;
  readonly channels: AssetChannel;
  readonly htlcs: ChannelHtlc;
  readonly leaves: UniverseLeaf;
  readonly scriptKeys: DeclaredScriptKey;
  readonly settings: TapdSettings;
  /** The one row `next`: numbers given out so far, resets included, so that no id comes twice. */
  readonly counters: number;
}
