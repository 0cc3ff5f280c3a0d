import type { ArkdSettings } from "./settings";

export interface NewVtxoRecord {
  readonly vout: number;
  readonly amountSats: string;
  readonly script: string;
  readonly isSwept: boolean;
  /** None when left out, as in journals from before assets. */
  readonly assets?: readonly { readonly assetId: string; readonly amount: string }[];
}

/** What a transaction changes about the supply of an asset. */
export interface SupplyRecord {
  readonly assetId: string;
  /** Units it makes: an issuance, a reissuance, or the faucet. */
  readonly issued: string;
  /** Units of its inputs that no output takes. */
  readonly burnt: string;
  /** Of a new asset. Ids and lists are hex; "" when there is none. */
  readonly genesis?: { readonly controlAssetId: string; readonly metadata: string };
}

export interface CheckpointRecord {
  readonly txid: string;
  readonly psbt: string;
  /** The VTXO it spends. */
  readonly vtxoId: string;
}

/** A VTXO that a batch took in. */
export interface SettledInput {
  readonly vtxoId: string;
  /** "" of a recoverable one: the server has swept it already. */
  readonly forfeitTxid: string;
}

/**
 * Everything that ever changes arkd's state, one line of the journal each. Amounts are decimal strings, because JSON numbers
 * cannot hold every int64. Replaying the lines in order gives the state back.
 */
export type ArkdRecord =
  | {
      readonly type: "funded";
      readonly atMs: number;
      readonly commitmentTxid: string;
      readonly txid: string;
      readonly psbt: string;
      readonly expiresAt: number;
      readonly vtxos: readonly NewVtxoRecord[];
      readonly supply?: readonly SupplyRecord[];
    }
  | {
      readonly type: "accepted";
      readonly atMs: number;
      readonly arkTxid: string;
      /** With the owners' and the server's signatures. */
      readonly psbt: string;
      /** Signed by the server only; checkpoint i belongs to input i. */
      readonly checkpoints: readonly CheckpointRecord[];
    }
  | {
      readonly type: "finalised";
      readonly atMs: number;
      readonly arkTxid: string;
      readonly checkpoints: readonly CheckpointRecord[];
      readonly expiresAt: number;
      readonly depth: number;
      readonly commitmentTxids: readonly string[];
      readonly vtxos: readonly NewVtxoRecord[];
      readonly supply?: readonly SupplyRecord[];
    }
  | {
      readonly type: "settled";
      readonly atMs: number;
      readonly commitmentTxid: string;
      readonly psbt: string;
      readonly expiresAt: number;
      readonly inputs: readonly SettledInput[];
      /** Each the only VTXO of its tx. */
      readonly leaves: readonly { readonly txid: string; readonly vtxo: NewVtxoRecord }[];
      /** All txs of the VTXO tree, signed. */
      readonly treeTxs: readonly { readonly txid: string; readonly psbt: string }[];
      /** What the server kept. */
      readonly feeSats: string;
      readonly supply: readonly SupplyRecord[];
    }
  | { readonly type: "poisoned"; readonly arkTxid: string; readonly reason: string }
  | { readonly type: "swept"; readonly atMs: number; readonly vtxoIds: readonly string[] }
  | { readonly type: "unrolled"; readonly atMs: number; readonly vtxoId: string }
  | { readonly type: "banned"; readonly script: string; readonly untilSeconds: number }
  | { readonly type: "owner"; readonly script: string; readonly pubkey: string }
  | { readonly type: "clock"; readonly offsetSeconds: number }
  | { readonly type: "mined"; readonly height: number }
  | { readonly type: "settings"; readonly settings: ArkdSettings }
  | {
      readonly type: "reset";
      /** Goes on counting over a reset, so that no commitment txid comes twice. */
      readonly commitmentCount: number;
    };
