import { utf8ToBytes } from "@noble/hashes/utils.js";

import { assert } from "../errors";
import type { AssetAmount, AssetGroup, AssetIssuance, AssetPacket } from "./asset-types";

interface AssetCoin {
  readonly assets?: readonly AssetAmount[];
}

/**
 * The packet that moves the assets of `inputs` to `outputs` (positions are those of the ark tx) and issues new ones; undefined
 * when there is nothing to say. Transfers come first, in order of asset id: the txid must not depend on the order in which a
 * database lists the assets of a VTXO. Issuances follow in the order given, so the position of an issuance is its group index.
 * Throws `internal_error` unless every asset goes out exactly as it comes in: arkd would burn what is left over in silence.
 */
export function buildAssetPacket(
  inputs: readonly AssetCoin[],
  outputs: readonly AssetCoin[],
  issuances: readonly AssetIssuance[] = [],
): AssetPacket | undefined {
  const assetIds = [
    ...new Set([...inputs, ...outputs].flatMap(({ assets = [] }) => assets.map((each) => each.assetId))),
  ];
  const groups = [
    ...assetIds.toSorted().map((assetId) => transferOf(assetId, inputs, outputs)),
    ...issuances.map((issuance) => issuanceOf(issuance, outputs.length)),
  ];
  return groups.length === 0 ? undefined : groups;
}

function transferOf(assetId: string, inputs: readonly AssetCoin[], outputs: readonly AssetCoin[]): AssetGroup {
  const spent = amountsOf(assetId, inputs);
  const made = amountsOf(assetId, outputs);
  assert(sum(spent) === sum(made), `units of ${assetId} in equal units out`);
  return {
    assetId,
    controlAsset: undefined,
    metadata: [],
    inputs: spent.map(({ index, amount }) => ({ from: "tx", vin: index, amount })),
    outputs: made.map(({ index, amount }) => ({ vout: index, amount })),
  };
}

function issuanceOf({ vout, amount, metadata }: AssetIssuance, outputCount: number): AssetGroup {
  assert(Number.isInteger(vout) && vout >= 0 && vout < outputCount, "an issuance goes to an output");
  return {
    assetId: undefined,
    controlAsset: undefined,
    metadata: metadata.map(({ key, value }) => ({ key: utf8ToBytes(key), value: utf8ToBytes(value) })),
    inputs: [],
    // One output alone: arkd records an issuance once per output and then fails on the repetition, after acceptance.
    outputs: [{ vout, amount }],
  };
}

interface IndexedAmount {
  readonly index: number;
  readonly amount: bigint;
}

function amountsOf(assetId: string, coins: readonly AssetCoin[]): readonly IndexedAmount[] {
  return coins.flatMap(({ assets = [] }, index) => {
    const held = assets.filter((each) => each.assetId === assetId);
    assert(held.length <= 1, "a VTXO names an asset once");
    return held.map(({ amount }) => {
      assert(amount > 0n, "a VTXO carries at least one unit of its asset");
      return { index, amount };
    });
  });
}

function sum(amounts: readonly IndexedAmount[]): bigint {
  return amounts.reduce((total, { amount }) => total + amount, 0n);
}
