import { hex } from "@scure/base";

import { AppError, assert } from "../errors";
import { decodeAssetPacket, encodeAssetPacket } from "./asset-packet";
import type { AssetPacket } from "./asset-types";
import { ByteReader, compareBytes, concatBytes, littleEndian } from "./psbt-maps";
import { encodeUvarint, readUvarint } from "./uvarint";

/** The extension output of an ark tx: `OP_RETURN <"ARK", packets>`, worth nothing. Each packet has a type of its own. */
export interface ExtensionPacket {
  readonly type: number;
  readonly data: Uint8Array;
}

export const ASSET_PACKET_TYPE = 0;

const OP_RETURN = 0x6a;
const OP_PUSHDATA1 = 0x4c;
const OP_PUSHDATA2 = 0x4d;
const OP_PUSHDATA4 = 0x4e;
/** "ARK" */
const MAGIC = Uint8Array.of(0x41, 0x52, 0x4b);

/** The script of an extension output, hex. */
export function encodeExtension(packets: readonly ExtensionPacket[]): string {
  assert(packets.length > 0, "an extension has a packet");
  assert(new Set(packets.map(({ type }) => type)).size === packets.length, "a packet type is there once");
  const records = packets.flatMap(({ type, data }) => [Uint8Array.of(type), encodeUvarint(BigInt(data.length)), data]);
  return hex.encode(pushAfterReturn(concatBytes([MAGIC, ...records])));
}

/** The script of the extension output that carries an asset packet alone, hex. */
export function encodeAssetExtension(packet: AssetPacket): string {
  return encodeExtension([{ type: ASSET_PACKET_TYPE, data: encodeAssetPacket(packet) }]);
}

/** Whether arkd takes a script (hex) for an extension, well formed or not. */
export function isExtension(script: string): boolean {
  try {
    const payload = readPush(hex.decode(script));
    return compareBytes(payload.subarray(0, MAGIC.length), MAGIC) === 0;
  } catch {
    return false;
  }
}

/** The packets of an extension script (hex), of unknown types too. Throws `payload_mismatch` when it is malformed. */
export function decodeExtension(script: string): readonly ExtensionPacket[] {
  return orMismatch("Not an extension", () => {
    const reader = new ByteReader(readPush(hex.decode(script)));
    if (compareBytes(reader.take(MAGIC.length), MAGIC) !== 0) throw new Error("the magic is missing");
    const packets: ExtensionPacket[] = [];
    while (!reader.isAtEnd) {
      const [type = 0] = reader.take(1);
      packets.push({ type, data: reader.take(Number(readUvarint(reader))).slice() });
    }
    if (encodeExtension(packets) !== script) throw new Error("the extension is not in its shortest form");
    return packets;
  });
}

/**
 * The asset packet among the output scripts (hex) of a transaction; undefined when there is none. Throws `payload_mismatch` for
 * two extensions or a malformed one: arkd refuses either.
 */
export function findAssetPacket(outputScripts: readonly string[]): AssetPacket | undefined {
  const [extension, ...more] = outputScripts.filter(isExtension);
  if (extension === undefined) return undefined;
  if (more.length > 0) throw new AppError("payload_mismatch", { message: "Two extension outputs" });
  const packet = decodeExtension(extension).find(({ type }) => type === ASSET_PACKET_TYPE);
  return packet && orMismatch("Not an asset packet", () => decodeAssetPacket(packet.data));
}

function orMismatch<T>(message: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new AppError("payload_mismatch", { message, cause });
  }
}

/** One push of any length: longer than the 520 bytes a script may push when it runs, which an OP_RETURN never does. */
function pushAfterReturn(payload: Uint8Array): Uint8Array {
  const { length } = payload;
  if (length < OP_PUSHDATA1) return concatBytes([Uint8Array.of(OP_RETURN, length), payload]);
  if (length <= 0xff) return concatBytes([Uint8Array.of(OP_RETURN, OP_PUSHDATA1, length), payload]);
  if (length <= 0xffff) {
    return concatBytes([Uint8Array.of(OP_RETURN, OP_PUSHDATA2, length & 0xff, length >> 8), payload]);
  }
  const size = [length & 0xff, (length >> 8) & 0xff, (length >> 16) & 0xff, length >>> 24];
  return concatBytes([Uint8Array.of(OP_RETURN, OP_PUSHDATA4, ...size), payload]);
}

function readPush(script: Uint8Array): Uint8Array {
  const reader = new ByteReader(script);
  const [opReturn, push = 0] = reader.take(2);
  if (opReturn !== OP_RETURN) throw new Error("not an OP_RETURN");
  return reader.take(push < OP_PUSHDATA1 ? push : littleEndian(reader.take(lengthBytesOf(push))));
}

function lengthBytesOf(push: number): number {
  if (push === OP_PUSHDATA1) return 1;
  if (push === OP_PUSHDATA2) return 2;
  if (push === OP_PUSHDATA4) return 4;
  throw new Error("not a push of data");
}
