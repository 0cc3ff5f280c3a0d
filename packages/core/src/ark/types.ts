import type { AssetAmount } from "./asset-types";

/** Shapes of the Ark transaction builder. PSBTs are base64 v0, hex is lower case, sats are bigint. */

/** What the scripts and checkpoints of a VTXO depend on; pinned per session. */
export interface ArkParams {
  /** x-only, 64 hex. */
  readonly signerPubkey: string;
  readonly checkpointTapscript: string;
  /** Raw GetInfo value: below 512 blocks, from 512 on seconds. */
  readonly exitDelay: number;
}

/** A default VTXO script: collaborative leaf (owner + signer) and exit leaf (owner after the delay). */
export interface VtxoScriptInfo {
  readonly ownerPubkey: string;
  /** Output script, hex (5120…). */
  readonly script: string;
  /** Encoded taptree of the PSBT field, hex. */
  readonly tapTree: string;
  /** bech32m Ark address. */
  readonly address: string;
}

export interface ArkInput {
  readonly vtxoId: string;
  readonly txid: string;
  readonly vout: number;
  readonly amountSats: bigint;
  /** x-only key in the VTXO's default script. */
  readonly ownerPubkey: string;
  /** Signer and exit delay of the script the VTXO was made with (they may be older than today's). */
  readonly signerPubkey: string;
  readonly exitDelay: number;
  /** Every asset on it, with its whole amount; none when left out. arkd refuses a transfer that leaves one unnamed. */
  readonly assets?: readonly AssetAmount[];
}

export interface ArkOutput {
  /** Output script, hex. */
  readonly script: string;
  readonly amountSats: bigint;
  /** Assets that ride on it; none when left out. */
  readonly assets?: readonly AssetAmount[];
}

export interface BuiltArkTx {
  readonly txid: string;
  /** Unsigned. */
  readonly arkPsbt: string;
  /** Checkpoint i belongs to input i. */
  readonly checkpoints: readonly { readonly txid: string; readonly psbt: string; readonly vtxoId: string }[];
  /** arkd's ids of the assets it issues, in the order they were asked for. */
  readonly issuedAssetIds: readonly string[];
}

/** One signature a signer is asked for, over an input of a transaction; over a payload `txid` is the digest and `input` 0. */
export interface AskedSignature {
  readonly txid: string;
  readonly input: number;
  /** What is signed, 64 hex. */
  readonly sighash: string;
  readonly pubkey: string;
}

/** The same as an item (`items[]`) of a 31511. */
export interface SigningItem extends AskedSignature {
  readonly role: "ark" | "checkpoint" | "proof";
  readonly leaf_hash: string;
}

export interface ItemSignature {
  readonly txid: string;
  readonly input: number;
  /** 64-byte BIP340 signature, 128 hex. */
  readonly sig: string;
}
