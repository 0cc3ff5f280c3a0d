/** One field of a PSBT map. The first byte of a key is its type (BIP174); no type of an Ark transfer is longer. */
export interface PsbtField {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** The maps of a PSBT v0 (BIP174), each in the order it was written. */
export interface PsbtMaps {
  readonly unsignedTx: UnsignedTx;
  readonly global: readonly PsbtField[];
  readonly inputs: readonly PsbtField[][];
  readonly outputs: readonly PsbtField[][];
}

/** A transaction without witnesses as it lies in a PSBT; the parts are slices of `bytes`, in wire form. */
export interface UnsignedTx {
  readonly bytes: Uint8Array;
  readonly version: Uint8Array;
  readonly lockTime: Uint8Array;
  readonly inputs: readonly { readonly outpoint: Uint8Array; readonly sequence: Uint8Array }[];
  /** Amount and script with its length, as one piece. */
  readonly outputs: readonly Uint8Array[];
}

const MAGIC = [0x70, 0x73, 0x62, 0x74, 0xff];
const UNSIGNED_TX = 0x00;
const PSBT_VERSION = 0xfb;

/** Throws an Error on anything that is not exactly one PSBT v0 of a transaction with inputs. */
export function decodePsbtMaps(bytes: Uint8Array): PsbtMaps {
  const reader = new ByteReader(bytes);
  const magic = reader.take(MAGIC.length);
  if (MAGIC.some((byte, i) => magic[i] !== byte)) throw new Error("not a PSBT");
  const global = readMap(reader);
  const version = global.find(({ key }) => key[0] === PSBT_VERSION);
  if (version?.value.some((byte) => byte !== 0)) throw new Error("not a PSBT of version 0");
  const raw = global.find(({ key }) => key.length === 1 && key[0] === UNSIGNED_TX);
  if (raw === undefined) throw new Error("a PSBT without its transaction");
  const unsignedTx = readUnsignedTx(raw.value);
  const inputs = unsignedTx.inputs.map(() => readMap(reader));
  const outputs = unsignedTx.outputs.map(() => readMap(reader));
  reader.end();
  return { unsignedTx, global, inputs, outputs };
}

export function encodePsbtMaps({ global, inputs, outputs }: PsbtMaps): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.from(MAGIC)];
  for (const map of [global, ...inputs, ...outputs]) {
    for (const { key, value } of map) {
      parts.push(compactSize(key.length), key, compactSize(value.length), value);
    }
    parts.push(Uint8Array.of(0));
  }
  return concatBytes(parts);
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Like `Array.prototype.sort` wants it; a prefix comes first. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const differs = left.findIndex((byte, i) => byte !== right[i]);
  if (differs === -1) return left.length - right.length;
  return differs < right.length ? (left[differs] ?? 0) - (right[differs] ?? 0) : 1;
}

function readMap(reader: ByteReader): PsbtField[] {
  const fields: PsbtField[] = [];
  for (let length = reader.compactSize(); length > 0; length = reader.compactSize()) {
    const key = reader.take(length);
    if (fields.some((field) => compareBytes(field.key, key) === 0)) throw new Error("a PSBT field is there twice");
    fields.push({ key, value: reader.take(reader.compactSize()) });
  }
  return fields;
}

function readUnsignedTx(bytes: Uint8Array): UnsignedTx {
  const reader = new ByteReader(bytes);
  const version = reader.take(4);
  const inputs = Array.from({ length: reader.compactSize() }, () => {
    const outpoint = reader.take(36);
    if (reader.compactSize() !== 0) throw new Error("the transaction of a PSBT is unsigned");
    return { outpoint, sequence: reader.take(4) };
  });
  const outputs = Array.from({ length: reader.compactSize() }, () => {
    const from = reader.position;
    reader.take(8);
    reader.take(reader.compactSize());
    return bytes.subarray(from, reader.position);
  });
  const lockTime = reader.take(4);
  reader.end();
  if (inputs.length === 0) throw new Error("a transaction has an input");
  return { bytes, version, lockTime, inputs, outputs };
}

/** Lengths above 32 bits are not written by anybody: a PSBT is a few kilobytes. */
function compactSize(value: number): Uint8Array {
  if (value < 0xfd) return Uint8Array.of(value);
  if (value <= 0xffff) return Uint8Array.of(0xfd, value & 0xff, value >> 8);
  return Uint8Array.of(0xfe, value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24);
}

/** Reads forward; every read beyond the end throws. */
export class ByteReader {
  #position = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get position(): number {
    return this.#position;
  }

  get isAtEnd(): boolean {
    return this.#position === this.bytes.length;
  }

  take(length: number): Uint8Array {
    const to = this.#position + length;
    if (to > this.bytes.length) throw new Error("the bytes end too soon");
    const taken = this.bytes.subarray(this.#position, to);
    this.#position = to;
    return taken;
  }

  /** CompactSize of Bitcoin's wire format, in its shortest form. */
  compactSize(): number {
    const [first = 0] = this.take(1);
    if (first < 0xfd) return first;
    if (first === 0xff) throw new Error("a length of more than 32 bits");
    const value = littleEndian(this.take(first === 0xfd ? 2 : 4));
    if (value < (first === 0xfd ? 0xfd : 0x1_0000)) throw new Error("a length is not in its shortest form");
    return value;
  }

  end(): void {
    if (!this.isAtEnd) throw new Error("bytes are left over");
  }
}

export function littleEndian(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}
