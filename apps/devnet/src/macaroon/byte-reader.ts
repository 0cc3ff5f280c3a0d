/** Reads bytes and unsigned varints (LEB128, as protobuf and macaroons have them) from front to back. */
export class ByteReader {
  #offset = 0;

  constructor(
    private readonly data: Uint8Array,
    private readonly toError: (why: string) => Error,
  ) {}

  get isAtEnd(): boolean {
    return this.#offset === this.data.length;
  }

  byte(): number {
    const value = this.data[this.#offset];
    if (value === undefined) throw this.toError("unexpected end");
    this.#offset += 1;
    return value;
  }

  bytes(length: number): Uint8Array {
    const value = this.data.subarray(this.#offset, this.#offset + length);
    if (value.length !== length) throw this.toError("unexpected end");
    this.#offset += length;
    return value;
  }

  /** Lengths and types only: four bytes are more than any of them needs. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw this.toError("varint too long");
  }
}

export function encodeVarint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Uint8Array.from([...bytes, rest]);
}
