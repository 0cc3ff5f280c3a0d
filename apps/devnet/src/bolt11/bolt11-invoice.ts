/** Human-readable prefixes of BOLT 11, without `ln`. */
export const BOLT11_CURRENCIES = { mainnet: "bc", testnet: "tb", signet: "tbs", regtest: "bcrt" } as const;
export type Bolt11Network = keyof typeof BOLT11_CURRENCIES;

export interface Bolt11HopHint {
  /** 66 hex. */
  readonly pubkey: string;
  readonly shortChannelId: bigint;
  readonly feeBaseMsat: number;
  readonly feeProportionalMillionths: number;
  readonly cltvExpiryDelta: number;
}

/** A tagged field, by its meaning. Byte strings are hex. */
export type Bolt11Field =
  | { readonly tag: "payment_hash"; readonly hash: string }
  | { readonly tag: "payment_secret"; readonly secret: string }
  | { readonly tag: "description"; readonly text: string }
  | { readonly tag: "description_hash"; readonly hash: string }
  | { readonly tag: "payee"; readonly pubkey: string }
  | { readonly tag: "expiry"; readonly seconds: number }
  | { readonly tag: "min_final_cltv_expiry"; readonly blocks: number }
  /** `version`: 0..16 a witness program, 17 p2pkh, 18 p2sh. */
  | { readonly tag: "fallback"; readonly version: number; readonly program: string }
  | { readonly tag: "route"; readonly hops: readonly Bolt11HopHint[] }
  | { readonly tag: "features"; readonly bits: readonly number[] }
  | { readonly tag: "metadata"; readonly data: string };

export interface Bolt11Invoice {
  readonly network: Bolt11Network;
  /** Absent = the payer chooses. */
  readonly amountMsat: bigint | undefined;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly fields: readonly Bolt11Field[];
}

/** The characters that stand for the fields on the wire. */
export const FIELD_LETTERS = {
  payment_hash: "p",
  payment_secret: "s",
  description: "d",
  description_hash: "h",
  payee: "n",
  expiry: "x",
  min_final_cltv_expiry: "c",
  fallback: "f",
  route: "r",
  features: "9",
  metadata: "m",
} as const satisfies Record<Bolt11Field["tag"], string>;

export const BECH32_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/** Longer than any invoice in use; a limit has to be somewhere. */
export const BOLT11_LENGTH_MAX = 7_089;
