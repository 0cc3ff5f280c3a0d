import { ByteReader, encodeVarint } from "./byte-reader";
import type { Macaroon } from "./macaroon";

/** Field types of libmacaroons' binary format, version 2. */
const FIELD = { end: 0, location: 1, identifier: 2, verificationId: 4, signature: 6 } as const;
const VERSION = 2;

export class MacaroonFormatError extends Error {}

export function serializeMacaroon({ location, id, caveats, signature }: Macaroon): Uint8Array {
  return Buffer.concat([
    Buffer.from([VERSION]),
    field(FIELD.location, Buffer.from(location)),
    field(FIELD.identifier, id),
    Buffer.from([FIELD.end]),
    ...caveats.flatMap((caveat) => [field(FIELD.identifier, caveat), Buffer.from([FIELD.end])]),
    Buffer.from([FIELD.end]),
    field(FIELD.signature, signature),
  ]);
}

/** Throws MacaroonFormatError. Third-party caveats are not supported: no daemon here makes or takes them. */
export function parseMacaroon(bytes: Uint8Array): Macaroon {
  const reader = new ByteReader(bytes, (why) => new MacaroonFormatError(why));
  if (reader.byte() !== VERSION) throw new MacaroonFormatError("unsupported macaroon version");
  const header = readSection(reader);
  const id = header.get(FIELD.identifier);
  if (id === undefined) throw new MacaroonFormatError("macaroon without an identifier");
  const caveats: Uint8Array[] = [];
  for (let section = readSection(reader); section.size > 0; section = readSection(reader)) {
    const caveat = section.get(FIELD.identifier);
    if (caveat === undefined || section.has(FIELD.verificationId)) {
      throw new MacaroonFormatError("unsupported caveat");
    }
    caveats.push(caveat);
  }
  const [type, signature] = readField(reader);
  if (type !== FIELD.signature || signature.length !== 32 || !reader.isAtEnd) {
    throw new MacaroonFormatError("malformed signature");
  }
  return { location: Buffer.from(header.get(FIELD.location) ?? []).toString("utf8"), id, caveats, signature };
}

function readSection(reader: ByteReader): ReadonlyMap<number, Uint8Array> {
  const section = new Map<number, Uint8Array>();
  for (;;) {
    const [type, value] = readField(reader);
    if (type === FIELD.end) return section;
    section.set(type, value);
  }
}

function readField(reader: ByteReader): readonly [number, Uint8Array] {
  const type = reader.varint();
  return type === FIELD.end ? [type, new Uint8Array()] : [type, reader.bytes(reader.varint())];
}

function field(type: number, value: Uint8Array): Uint8Array {
  return Buffer.concat([encodeVarint(type), encodeVarint(value.length), value]);
}
