import { asset, Extension } from "@arkade-os/sdk";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { hex } from "@scure/base";
import fc from "fast-check";

import vectors from "../../test-vectors/asset-packets.vectors.json";
import { thrownBy } from "../testing/thrown-by";
import { toArkAssetId } from "./asset-id";
import { decodeAssetPacket, encodeAssetPacket } from "./asset-packet";
import type { AssetGroup, AssetInput, AssetPacket, ControlAsset } from "./asset-types";
import {
  ASSET_PACKET_TYPE,
  decodeExtension,
  encodeAssetExtension,
  encodeExtension,
  findAssetPacket,
  isExtension,
} from "./extension";

const TXID = "aa".repeat(32);
const GOLD = toArkAssetId(TXID, 0);

type Vector = (typeof vectors.packets)[number];

function toPacket({ groups }: Vector): AssetPacket {
  return groups.map(({ asset_id, control_asset, metadata, inputs, outputs }): AssetGroup => ({
    assetId: asset_id ?? undefined,
    controlAsset: toControlAsset(control_asset),
    metadata: metadata.map(({ key, value }) => ({ key: utf8ToBytes(key), value: utf8ToBytes(value) })),
    inputs: inputs.map((input): AssetInput => {
      const amount = BigInt(input.amount);
      return "intent_txid" in input
        ? { from: "intent", txid: input.intent_txid, vin: input.vin, amount }
        : { from: "tx", vin: input.vin, amount };
    }),
    outputs: outputs.map(({ vout, amount }) => ({ vout, amount: BigInt(amount) })),
  }));
}

function toControlAsset(control: Vector["groups"][number]["control_asset"]): ControlAsset | undefined {
  if (control === null) return undefined;
  return "asset_id" in control
    ? { by: "id", assetId: control.asset_id }
    : { by: "group", groupIndex: control.group_index };
}

describe.each(vectors.packets)("$name", (vector) => {
  test("is written to the SDK's bytes", () => {
    expect(hex.encode(encodeAssetPacket(toPacket(vector)))).toBe(vector.packet);
    expect(encodeAssetExtension(toPacket(vector))).toBe(vector.script);
  });

  test("is read from the SDK's bytes", () => {
    expect(decodeAssetPacket(hex.decode(vector.packet))).toEqual(toPacket(vector));
    expect(findAssetPacket(["51024e73", vector.script])).toEqual(toPacket(vector));
  });

  test("cut short or lengthened is refused", () => {
    const bytes = hex.decode(vector.packet);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeAssetPacket(bytes.subarray(0, length))).toThrow();
    }
    expect(() => decodeAssetPacket(Uint8Array.from([...bytes, 0]))).toThrow("bytes are left over");
  });
});

test("an unknown packet is kept beside the asset packet", () => {
  const { script, asset_packet, unknown } = vectors.with_unknown_packet;
  const packets = decodeExtension(script);
  expect(packets.map(({ type, data }) => [type, hex.encode(data)])).toEqual([
    [ASSET_PACKET_TYPE, asset_packet],
    [unknown.type, unknown.data],
  ]);
  expect(encodeExtension(packets)).toBe(script);
});

/** A packet of transfers and issuances with any amounts, valid by its own rules. */
const anyAmount = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n });
const anyEntries = fc.uniqueArray(fc.tuple(fc.nat(0xffff), anyAmount), { maxLength: 20, selector: ([index]) => index });
const anyPacket = fc.uniqueArray(
  fc.record({ id: fc.nat(0xffff), isIssuance: fc.boolean(), spent: anyEntries, made: anyEntries, text: fc.string() }),
  { minLength: 1, maxLength: 10, selector: ({ id }) => id },
);

test("whatever it holds, the SDK reads what is written and writes what was read", () => {
  fc.assert(
    fc.property(anyPacket, (groups) => {
      const packet = groups.map(({ id, isIssuance, spent, made, text }): AssetGroup => {
        const outputs = made.map(([vout, amount]) => ({ vout, amount }));
        return {
          assetId: isIssuance ? undefined : toArkAssetId(TXID, id),
          controlAsset: undefined,
          metadata: text === "" ? [] : [{ key: utf8ToBytes("name"), value: utf8ToBytes(text) }],
          inputs: isIssuance ? [] : spent.map(([vin, amount]) => ({ from: "tx", vin, amount })),
          outputs: outputs.length === 0 ? [{ vout: 0, amount: 1n }] : outputs,
        };
      });
      const script = encodeAssetExtension(packet);
      const bySdk = Extension.fromBytes(hex.decode(script));
      expect(hex.encode(bySdk.serialize())).toBe(script);
      expect(bySdk.getAssetPacket()?.groups.map((group) => group.assetId?.toString())).toEqual(
        packet.map(({ assetId }) => assetId),
      );
      expect(findAssetPacket([script])).toEqual(packet);
    }),
    { numRuns: 200, seed: 20_261_125 },
  );
});

test("an asset id is the txid as shown and the group's position, lowest byte first", () => {
  expect(toArkAssetId(TXID, 258)).toBe(`${TXID}0201`);
  expect(toArkAssetId(TXID, 258)).toBe(asset.AssetId.create(TXID, 258).toString());
});

const aGroup = (changes: Partial<AssetGroup> = {}): AssetGroup => ({
  assetId: GOLD,
  controlAsset: undefined,
  metadata: [],
  inputs: [{ from: "tx", vin: 0, amount: 5n }],
  outputs: [{ vout: 0, amount: 5n }],
  ...changes,
});

describe("refuses to write", () => {
  const tooMany = Array.from({ length: 1_001 }, (_, vout) => ({ vout, amount: 1n }));

  test.each<[string, AssetPacket]>([
    ["no group", []],
    ["two groups of one asset", [aGroup(), aGroup()]],
    [
      "more groups than arkd reads",
      Array.from({ length: 1_001 }, (_, i) => aGroup({ assetId: toArkAssetId(TXID, i) })),
    ],
    ["more outputs than arkd reads", [aGroup({ outputs: tooMany })]],
    ["an issuance with inputs", [aGroup({ assetId: undefined })]],
    ["an issuance of nothing", [aGroup({ assetId: undefined, inputs: [], outputs: [] })]],
    ["a control asset on a transfer", [aGroup({ controlAsset: { by: "id", assetId: GOLD } })]],
    [
      "a control asset in a group that is not there",
      [aGroup({ assetId: undefined, inputs: [], controlAsset: { by: "group", groupIndex: 1 } })],
    ],
    ["an asset id that is none", [aGroup({ assetId: "gUSD" })]],
    ["an asset of the zero txid", [aGroup({ assetId: "0".repeat(68) })]],
    ["an input twice", [aGroup({ inputs: [1n, 2n].map((amount) => ({ from: "tx", vin: 0, amount })) })]],
    ["an output twice", [aGroup({ outputs: [1n, 2n].map((amount) => ({ vout: 0, amount })) })]],
    ["an output of nothing", [aGroup({ outputs: [{ vout: 0, amount: 0n }] })]],
    ["more than 64 bits", [aGroup({ outputs: [{ vout: 0, amount: 2n ** 64n }] })]],
    ["an output beyond 16 bits", [aGroup({ outputs: [{ vout: 65_536, amount: 1n }] })]],
    [
      "inputs of both types",
      [aGroup({ inputs: [...aGroup().inputs, { from: "intent", txid: TXID, vin: 1, amount: 0n }] })],
    ],
    ["metadata without a value", [aGroup({ metadata: [{ key: utf8ToBytes("name"), value: new Uint8Array() }] })]],
  ])("%s", (_what, packet) => {
    expect(thrownBy(() => encodeAssetPacket(packet)).code).toBe("internal_error");
  });
});

describe("refuses to read", () => {
  const anOpReturn = (payload: string): string => `6a${(payload.length / 2).toString(16).padStart(2, "0")}${payload}`;
  const aRecord = (packet: string): string => `00${(packet.length / 2).toString(16).padStart(2, "0")}${packet}`;

  test.each([
    ["a number in a longer form than needed", anOpReturn(`41524b${aRecord(`0100008001010000c003`)}`)],
    ["a presence bit nobody knows", anOpReturn(`41524b${aRecord("0108000101000005")}`)],
    ["an input of an unknown type", anOpReturn(`41524b${aRecord(`0101${GOLD}010300000500`)}`)],
    ["two packets of one type", anOpReturn(`41524b${aRecord("01000001010000").repeat(2)}`)],
    ["no packet", anOpReturn("41524b")],
    ["a packet longer than its push", anOpReturn("41524b00ff01")],
    ["a push of another length than its bytes", `6a0541524b00`],
    ["a push with bytes behind it", `${anOpReturn(`41524b${aRecord("0100000101000005")}`)}51`],
    ["a longer push opcode than needed", `6a4c0d41524b${aRecord("0100000101000005")}`],
  ])("%s", (_what, script) => {
    expect(thrownBy(() => decodeAssetScript(script)).code).toBe("payload_mismatch");
  });

  test("two extension outputs", () => {
    const script = encodeAssetExtension([aGroup()]);
    expect(thrownBy(() => findAssetPacket([script, script])).code).toBe("payload_mismatch");
  });

  function decodeAssetScript(script: string): void {
    decodeExtension(script);
    findAssetPacket([script]);
  }
});

test.each(["51024e73", `6a20${"41".repeat(32)}`, `5120${"11".repeat(32)}`, "6a", "6a51", ""])(
  "takes %j for no extension",
  (script) => {
    expect(isExtension(script)).toBe(false);
    expect(findAssetPacket([script])).toBeUndefined();
  },
);
