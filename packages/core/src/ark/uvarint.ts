import type { ByteReader } from "./psbt-maps";

/** Largest amount of arkd's assets, and largest number a uvarint may hold here. */
export const UINT64_MAX = 2n ** 64n - 1n;

/** Ten groups of seven bits hold 64. */
const BYTES_MAX = 10;

/** Unsigned LEB128, as Go's `binary.PutUvarint` writes it: seven bits a byte, lowest first, the top bit says that more follow. */
export function encodeUvarint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

/** Throws an Error when it does not end, or holds more than 64 bits. Longer forms of a number than needed are read. */
export function readUvarint(reader: ByteReader): bigint {
  let value = 0n;
  for (let index = 0; index < BYTES_MAX; index++) {
    const [byte = 0] = reader.take(1);
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) {
      if (value > UINT64_MAX) break;
      return value;
    }
  }
  throw new Error("a number of more than 64 bits");
}
