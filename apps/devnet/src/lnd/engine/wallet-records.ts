import type { AddressType } from "./lnd-node";

/** An output of the node's on-chain wallet. */
export interface Coin {
  /** `txid:vout`. */
  readonly outpoint: string;
  readonly amountSats: bigint;
  /** "" for outputs of the asset layer. */
  readonly address: string;
  /** 0 while unconfirmed. */
  readonly height: number;
  /** The transaction that spends it; "" = unspent. */
  readonly spentBy: string;
  /** Belongs to the asset layer: no wallet coin, and in no balance of lnd. */
  readonly isAnchor: boolean;
}

export interface TransactionOutput {
  /** "" for outputs of the asset layer and of channels. */
  readonly address: string;
  readonly amountSats: bigint;
  readonly isOurs: boolean;
}

/** A transaction that touches the wallet. */
export interface WalletTransaction {
  readonly txid: string;
  /** What it changed in the wallet, fees included: negative when we paid. */
  readonly netSats: bigint;
  readonly feeSats: bigint;
  readonly satPerVbyte: bigint;
  /** 0 while unconfirmed. */
  readonly height: number;
  /** Unix seconds. */
  readonly seenAt: number;
  readonly label: string;
  readonly outputs: readonly TransactionOutput[];
}

export interface WalletAddress {
  readonly address: string;
  readonly type: AddressType;
  readonly isUsed: boolean;
}

export interface Peer {
  readonly pubkey: string;
  readonly host: string;
  readonly isInbound: boolean;
}
