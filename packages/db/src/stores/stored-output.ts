import type { AssetAmount } from "@arkrelay/core/ark/asset-types";

interface Output {
  readonly amountSats: bigint;
  readonly assets?: readonly AssetAmount[];
}

/** JSON has no bigint, so amounts are decimal text. */
type StoredOutput<O extends Output> = Omit<O, "amountSats" | "assets"> & {
  readonly amountSats: string;
  readonly assets?: readonly { readonly assetId: string; readonly amount: string }[];
};

/** Planned outputs of a transaction, as text for a JSON column. */
export function toStoredOutputs(outputs: readonly Output[]): string {
  return JSON.stringify(outputs, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value));
}

/** The same back, from what `readJson` gives. The JSON is trusted to have its shape: it is written by `toStoredOutputs` alone. */
export function fromStoredOutputs<O extends Output>(stored: unknown): readonly O[] {
  const outputs = (stored as readonly StoredOutput<O>[]).map(({ amountSats, assets, ...rest }) => ({
    ...rest,
    amountSats: BigInt(amountSats),
    ...(assets !== undefined && {
      assets: assets.map(({ assetId, amount }) => ({ assetId, amount: BigInt(amount) })),
    }),
  }));
  return outputs as unknown as readonly O[];
}
