import { hex } from "@scure/base";

import { ASSET_ID_BYTES } from "./asset-id";
import type { AssetGroup, AssetInput, AssetMetadata, AssetOutput, AssetPacket, ControlAsset } from "./asset-types";
import { ASSET_LIST_MAX, checkAssetPacket } from "./check-asset-packet";
import { ByteReader, compareBytes, concatBytes, littleEndian } from "./psbt-maps";
import { encodeUvarint, readUvarint } from "./uvarint";

/** Presence byte of a group (arkd, pkg/ark-lib/asset). */
const HAS_ASSET_ID = 1;
const HAS_CONTROL_ASSET = 2;
const HAS_METADATA = 4;

const CONTROL_BY_ID = 1;
const CONTROL_BY_GROUP = 2;
const INPUT_OF_TX = 1;
const INPUT_OF_INTENT = 2;
const OUTPUT_OF_TX = 1;

/** The data of an asset packet. Throws `internal_error` when the packet breaks a rule of its own. */
export function encodeAssetPacket(packet: AssetPacket): Uint8Array {
  checkAssetPacket(packet);
  return writeList(packet, writeGroup);
}

/**
 * Reads the data of an asset packet. Throws an Error for anything that arkd would not have written itself, be it only a number
 * in a longer form: arkd looks for the packet as it encodes it, and refuses a transaction where it is not.
 */
export function decodeAssetPacket(data: Uint8Array): AssetPacket {
  const reader = new ByteReader(data);
  const packet = readList(reader, readGroup);
  reader.end();
  checkAssetPacket(packet);
  if (compareBytes(writeList(packet, writeGroup), data) !== 0) throw new Error("a packet is not in its shortest form");
  return packet;
}

function writeGroup({ assetId, controlAsset, metadata, inputs, outputs }: AssetGroup): Uint8Array {
  const presence =
    (assetId === undefined ? 0 : HAS_ASSET_ID) |
    (controlAsset === undefined ? 0 : HAS_CONTROL_ASSET) |
    (metadata.length === 0 ? 0 : HAS_METADATA);
  return concatBytes([
    Uint8Array.of(presence),
    ...(assetId === undefined ? [] : [hex.decode(assetId)]),
    ...(controlAsset === undefined ? [] : [writeControlAsset(controlAsset)]),
    ...(metadata.length === 0 ? [] : [writeList(metadata, writeMetadata)]),
    writeList(inputs, writeInput),
    writeList(outputs, writeOutput),
  ]);
}

function readGroup(reader: ByteReader): AssetGroup {
  const [presence = 0] = reader.take(1);
  return {
    assetId: (presence & HAS_ASSET_ID) === 0 ? undefined : readAssetId(reader),
    controlAsset: (presence & HAS_CONTROL_ASSET) === 0 ? undefined : readControlAsset(reader),
    metadata: (presence & HAS_METADATA) === 0 ? [] : readList(reader, readMetadata),
    inputs: readList(reader, readInput),
    outputs: readList(reader, readOutput),
  };
}

function readAssetId(reader: ByteReader): string {
  return hex.encode(reader.take(ASSET_ID_BYTES));
}

function writeControlAsset(control: ControlAsset): Uint8Array {
  if (control.by === "id") return concatBytes([Uint8Array.of(CONTROL_BY_ID), hex.decode(control.assetId)]);
  return concatBytes([Uint8Array.of(CONTROL_BY_GROUP), uint16(control.groupIndex)]);
}

function readControlAsset(reader: ByteReader): ControlAsset {
  const [type] = reader.take(1);
  if (type === CONTROL_BY_ID) return { by: "id", assetId: readAssetId(reader) };
  if (type === CONTROL_BY_GROUP) return { by: "group", groupIndex: littleEndian(reader.take(2)) };
  throw new Error("a control asset of an unknown type");
}

function writeMetadata({ key, value }: AssetMetadata): Uint8Array {
  return concatBytes([encodeUvarint(BigInt(key.length)), key, encodeUvarint(BigInt(value.length)), value]);
}

function readMetadata(reader: ByteReader): AssetMetadata {
  const readText = (): Uint8Array => reader.take(Number(readUvarint(reader))).slice();
  return { key: readText(), value: readText() };
}

function writeInput(input: AssetInput): Uint8Array {
  const type =
    input.from === "tx" ? [Uint8Array.of(INPUT_OF_TX)] : [Uint8Array.of(INPUT_OF_INTENT), hex.decode(input.txid)];
  return concatBytes([...type, uint16(input.vin), encodeUvarint(input.amount)]);
}

function readInput(reader: ByteReader): AssetInput {
  const [type] = reader.take(1);
  if (type !== INPUT_OF_TX && type !== INPUT_OF_INTENT) throw new Error("an asset input of an unknown type");
  const txid = type === INPUT_OF_INTENT ? hex.encode(reader.take(32)) : undefined;
  const vin = littleEndian(reader.take(2));
  const amount = readUvarint(reader);
  return txid === undefined ? { from: "tx", vin, amount } : { from: "intent", txid, vin, amount };
}

function writeOutput({ vout, amount }: AssetOutput): Uint8Array {
  return concatBytes([Uint8Array.of(OUTPUT_OF_TX), uint16(vout), encodeUvarint(amount)]);
}

function readOutput(reader: ByteReader): AssetOutput {
  const [type] = reader.take(1);
  if (type !== OUTPUT_OF_TX) throw new Error("an asset output of an unknown type");
  return { vout: littleEndian(reader.take(2)), amount: readUvarint(reader) };
}

function writeList<T>(items: readonly T[], write: (item: T) => Uint8Array): Uint8Array {
  return concatBytes([encodeUvarint(BigInt(items.length)), ...items.map(write)]);
}

function readList<T>(reader: ByteReader, read: (reader: ByteReader) => T): readonly T[] {
  const count = readUvarint(reader);
  if (count > ASSET_LIST_MAX) throw new Error(`a list of more than ${ASSET_LIST_MAX}`);
  return Array.from({ length: Number(count) }, () => read(reader));
}

function uint16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >> 8);
}
