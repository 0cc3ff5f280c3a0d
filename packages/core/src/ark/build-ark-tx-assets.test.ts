import { asset, createAssetPacket, Extension } from "@arkade-os/sdk";
import { hex } from "@scure/base";
import fc from "fast-check";

import {
  ALICE,
  anOutput,
  ARKD_SIGNER,
  aVtxo,
  BOB,
  GATEWAY,
  signArkTx,
  signCheckpoints,
  TEST_ARK_PARAMS,
} from "../testing/ark-transfer";
import { thrownBy } from "../testing/thrown-by";
import { toArkAssetId } from "./asset-id";
import type { AssetAmount, AssetIssuance, AssetPacket } from "./asset-types";
import { buildArkTx, DEFAULT_ARK_TX_LIMITS } from "./build-ark-tx";
import { encodeAssetExtension, findAssetPacket } from "./extension";
import { parsePsbt } from "./psbt";
import { matchServerCheckpoints, verifyServerSignedArkTx } from "./server-signatures";
import { arkTxWeight, maxAssetsPerVtxo } from "./tx-weight";
import type { ArkInput, ArkOutput } from "./types";
import { verifyFinalizable, verifySubmittable } from "./verify-finalizable";

const GOLD = toArkAssetId("aa".repeat(32), 0);
const SILVER = toArkAssetId("bb".repeat(32), 1);
const gold = (amount: bigint): AssetAmount => ({ assetId: GOLD, amount });
const silver = (amount: bigint): AssetAmount => ({ assetId: SILVER, amount });

const holding = (input: ArkInput, ...assets: AssetAmount[]): ArkInput => ({ ...input, assets });
const carrying = (output: ArkOutput, ...assets: AssetAmount[]): ArkOutput => ({ ...output, assets });

const rich = holding(aVtxo(ALICE, 5_000n, "rich"), gold(50n), silver(7n));
const coInput = aVtxo(GATEWAY, 1_000n, "co-input");

/** Alice sends Bob 20 gold on 330 of her sats; her silver comes back with the rest. */
const INPUTS = [rich, coInput];
const OUTPUTS = [
  carrying(anOutput(BOB, 330n), gold(20n)),
  carrying(anOutput(ALICE, 4_660n), gold(30n), silver(7n)),
  anOutput(GATEWAY, 1_010n),
];
const aTransfer = () => buildArkTx(TEST_ARK_PARAMS, INPUTS, OUTPUTS);

function outputsOf(psbt: string): { script: string; amount: bigint }[] {
  const tx = parsePsbt(psbt);
  return Array.from({ length: tx.outputsLength }, (_, vout) => {
    const { script, amount } = tx.getOutput(vout);
    return { script: hex.encode(script ?? new Uint8Array()), amount: amount ?? -1n };
  });
}

const packetOf = (psbt: string): AssetPacket => findAssetPacket(outputsOf(psbt).map(({ script }) => script)) ?? [];

test("the packet is worth nothing and stands between the outputs and the anchor", () => {
  const outputs = outputsOf(aTransfer().arkPsbt);
  expect(outputs.slice(0, 3).map(({ amount }) => amount)).toEqual(OUTPUTS.map(({ amountSats }) => amountSats));
  expect(outputs.slice(3).map(({ amount }) => amount)).toEqual([0n, 0n]);
  expect(outputs[3]?.script.startsWith("6a")).toBe(true);
  expect(outputs[4]?.script).toBe("51024e73");
});

test("one group says where each asset comes from and goes to", () => {
  expect(packetOf(aTransfer().arkPsbt)).toMatchObject([
    {
      assetId: GOLD,
      inputs: [{ vin: 0, amount: 50n }],
      outputs: [
        { vout: 0, amount: 20n },
        { vout: 1, amount: 30n },
      ],
    },
    { assetId: SILVER, inputs: [{ vin: 0, amount: 7n }], outputs: [{ vout: 1, amount: 7n }] },
  ]);
});

test("is the packet the SDK's wallet would make", () => {
  const packet = createAssetPacket(
    new Map([[0, [gold(50n), silver(7n)]]]),
    [{ address: "", amount: 330, assets: [gold(20n)] }],
    { address: "", amount: 4_660, assets: [gold(30n), silver(7n)] },
  );
  expect(outputsOf(aTransfer().arkPsbt)[3]?.script).toBe(hex.encode(Extension.create([packet]).serialize()));
});

test("the order in which the assets of a VTXO are listed changes nothing", () => {
  const shuffled = [{ ...rich, assets: [silver(7n), gold(50n)] }, coInput];
  expect(buildArkTx(TEST_ARK_PARAMS, shuffled, OUTPUTS)).toEqual(aTransfer());
});

test("a transfer of sats has no packet", () => {
  const { arkPsbt, issuedAssetIds } = buildArkTx(TEST_ARK_PARAMS, [coInput], [anOutput(BOB, 1_000n)]);
  expect(outputsOf(arkPsbt)).toHaveLength(2);
  expect(issuedAssetIds).toEqual([]);
});

test("is signed, checked and finalised like any other", () => {
  const { arkPsbt, checkpoints } = aTransfer();
  const unsigned = checkpoints.map(({ psbt }) => psbt);
  const submitted = signArkTx(arkPsbt, [ALICE, GATEWAY]);
  verifySubmittable({ arkPsbt: submitted, checkpointPsbts: unsigned });
  const accepted = verifyServerSignedArkTx(submitted, signArkTx(submitted, [ARKD_SIGNER]));
  const returned = matchServerCheckpoints(unsigned, signCheckpoints(unsigned, [ARKD_SIGNER]));
  verifyFinalizable({ arkPsbt: accepted, checkpointPsbts: signCheckpoints(returned, [ALICE, GATEWAY]) });
});

test("the txid covers the packet: other units make another transaction", () => {
  const { arkPsbt } = aTransfer();
  const [first, second, third] = OUTPUTS as [ArkOutput, ArkOutput, ArkOutput];
  const other = buildArkTx(TEST_ARK_PARAMS, INPUTS, [
    { ...first, assets: [gold(21n)] },
    { ...second, assets: [gold(29n), silver(7n)] },
    third,
  ]);
  expect(other.txid).not.toBe(parsePsbt(arkPsbt).id);
});

test("states the weight that the finalised transaction has, its packet included", () => {
  const { arkPsbt } = aTransfer();
  const final = parsePsbt(signArkTx(arkPsbt, [ALICE, GATEWAY, ARKD_SIGNER]));
  final.finalize();
  const script = outputsOf(arkPsbt)[3]?.script ?? "";
  expect(arkTxWeight(2, 3, script.length / 2)).toBe(final.weight);
});

describe("issuance", () => {
  const issuing = (vout: number): AssetIssuance => ({
    vout,
    amount: 21_000_000n,
    metadata: [{ key: "ticker", value: "gUSD" }],
  });

  test("names the asset by the transaction and the group, and has no control asset", () => {
    const { txid, arkPsbt, issuedAssetIds } = buildArkTx(
      TEST_ARK_PARAMS,
      [rich],
      [carrying(anOutput(ALICE, 4_000n), gold(50n), silver(7n)), anOutput(GATEWAY, 1_000n)],
      DEFAULT_ARK_TX_LIMITS,
      [issuing(1)],
    );
    expect(issuedAssetIds).toEqual([asset.AssetId.create(txid, 2).toString()]);
    expect(packetOf(arkPsbt)[2]).toMatchObject({
      assetId: undefined,
      controlAsset: undefined,
      inputs: [],
      outputs: [{ vout: 1, amount: 21_000_000n }],
    });
  });

  test("goes to an output that is there", () => {
    const build = () =>
      buildArkTx(TEST_ARK_PARAMS, [coInput], [anOutput(BOB, 1_000n)], DEFAULT_ARK_TX_LIMITS, [issuing(1)]);
    expect(thrownBy(build).code).toBe("internal_error");
  });
});

describe("refuses to build", () => {
  const back = anOutput(ALICE, 5_000n);

  test.each<[string, ArkInput[], ArkOutput[]]>([
    ["a burn by omission of everything", [rich], [back]],
    ["a burn by omission of one asset", [rich], [carrying(back, gold(50n))]],
    ["a lost unit", [rich], [carrying(back, gold(49n), silver(7n))]],
    ["a unit from nowhere", [rich], [carrying(back, gold(51n), silver(7n))]],
    ["an asset from nowhere", [aVtxo(ALICE, 5_000n, "plain")], [carrying(back, gold(1n))]],
    ["an asset twice on one input", [holding(rich, gold(25n), gold(25n))], [carrying(back, gold(50n))]],
    ["an asset twice on one output", [holding(rich, gold(50n))], [carrying(back, gold(25n), gold(25n))]],
    ["no units of an asset", [holding(rich, gold(0n))], [carrying(back, gold(0n))]],
    [
      "a name for an id",
      [holding(rich, { assetId: "gUSD", amount: 1n })],
      [carrying(back, { assetId: "gUSD", amount: 1n })],
    ],
  ])("%s", (_what, inputs, outputs) => {
    expect(thrownBy(() => buildArkTx(TEST_ARK_PARAMS, inputs, outputs)).code).toBe("internal_error");
  });

  test("more asset outputs than arkd takes in one transaction: 200 fit", () => {
    const fanOut = (count: number) => {
      const outputs = Array.from({ length: count }, () => carrying(anOutput(BOB, 330n), gold(100_000n)));
      const input = holding(aVtxo(ALICE, BigInt(count) * 330n, "fan-out"), gold(BigInt(count) * 100_000n));
      return () => buildArkTx(TEST_ARK_PARAMS, [input], outputs);
    };
    expect(fanOut(200)).not.toThrow();
    const script = encodeAssetExtension(packetOf(fanOut(200)().arkPsbt));
    expect(arkTxWeight(1, 200, script.length / 2)).toBe(39_992); // measured against arkd's own count
    expect(thrownBy(fanOut(201)).code).toBe("too_many_inputs");
  });

  test("more assets on one output than arkd lets a VTXO carry", () => {
    const withAssets = (count: number) => {
      const assets = Array.from({ length: count }, (_, i) => ({
        assetId: toArkAssetId("cc".repeat(32), i),
        amount: 1n,
      }));
      return () => buildArkTx(TEST_ARK_PARAMS, [holding(rich, ...assets)], [carrying(back, ...assets)]);
    };
    expect(maxAssetsPerVtxo(DEFAULT_ARK_TX_LIMITS.maxTxWeight)).toBe(110);
    expect(withAssets(110)).not.toThrow();
    expect(thrownBy(withAssets(111)).code).toBe("too_many_inputs");
  });
});

/** Holdings of up to three assets on up to four inputs, dealt out over up to four outputs at random. */
const anyHoldings = fc.array(
  fc.uniqueArray(fc.tuple(fc.nat(2), fc.bigInt({ min: 1n, max: 2n ** 60n })), { selector: ([id]) => id }),
  { minLength: 1, maxLength: 4 },
);
const idOf = (index: number): string => toArkAssetId("dd".repeat(32), index);

test("whatever comes in goes out, unit for unit, and one unit more or less is never built", () => {
  fc.assert(
    fc.property(anyHoldings, fc.array(fc.nat(3), { minLength: 12, maxLength: 12 }), (holdings, deal) => {
      const inputs = holdings.map((held, index) => ({
        ...aVtxo(ALICE, 1_320n, `input ${index}`),
        assets: held.map(([id, amount]) => ({ assetId: idOf(id), amount })),
      }));
      const dealt = dealOut(inputs, deal);
      const outputs = dealt.map((assets) => ({
        ...anOutput(BOB, (1_320n * BigInt(inputs.length)) / 4n),
        assets,
      }));
      const packet = packetOf(buildArkTx(TEST_ARK_PARAMS, inputs, outputs).arkPsbt);
      const sums = (side: "inputs" | "outputs") =>
        packet.map((group) => group[side].reduce((sum, { amount }) => sum + amount, 0n));
      expect(sums("outputs")).toEqual(sums("inputs"));
      for (const change of [1n, -1n]) {
        const wrong = outputs.map((output, index) =>
          index === 0 ? { ...output, assets: bumpFirst(output.assets, change) } : output,
        );
        expect(thrownBy(() => buildArkTx(TEST_ARK_PARAMS, inputs, wrong)).code).toBe("internal_error");
      }
    }),
    { numRuns: 50, seed: 20_261_125 },
  );
});

/** Every holding goes whole to the output that `deal` says. */
function dealOut(inputs: readonly ArkInput[], deal: readonly number[]): readonly (readonly AssetAmount[])[] {
  const outputs = Array.from({ length: 4 }, () => new Map<string, bigint>());
  const held = inputs.flatMap(({ assets = [] }) => assets);
  for (const [index, { assetId, amount }] of held.entries()) {
    const output = outputs[deal[index % deal.length] ?? 0];
    output?.set(assetId, (output.get(assetId) ?? 0n) + amount);
  }
  return outputs.map((output) => [...output].map(([assetId, amount]) => ({ assetId, amount })));
}

function bumpFirst(assets: readonly AssetAmount[], change: bigint): readonly AssetAmount[] {
  const [first, ...rest] = assets;
  if (first === undefined) return [{ assetId: idOf(0), amount: change > 0n ? change : 1n }];
  return [{ ...first, amount: first.amount + change }, ...rest];
}
