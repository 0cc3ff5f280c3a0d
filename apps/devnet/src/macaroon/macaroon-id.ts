import { ByteReader, encodeVarint } from "./byte-reader";

/** Entity and action, e.g. `invoices:write`; or entity `uri` with a method's path as its action. */
export interface MacaroonOp {
  readonly entity: string;
  readonly action: string;
}

/** From its written form `entity:action`; a URI's action may hold colons of its own. */
export function parseMacaroonOp(text: string): MacaroonOp {
  const colon = text.indexOf(":");
  return { entity: text.slice(0, colon), action: text.slice(colon + 1) };
}

/** What an lnd macaroon says about itself: its root key and what it allows. */
export interface MacaroonId {
  readonly nonce: Uint8Array;
  /** Decimal; "0" is the key of the default macaroons. */
  readonly rootKeyId: string;
  readonly ops: readonly MacaroonOp[];
}

/** Version byte of the bakery, before the protobuf message MacaroonId. */
const BAKERY_VERSION = 3;
const TAG = { nonce: 0x0a, storageId: 0x12, op: 0x1a, entity: 0x0a, action: 0x12 } as const;

export class MacaroonIdError extends Error {}

export function encodeMacaroonId({ nonce, rootKeyId, ops }: MacaroonId): Uint8Array {
  const actionsByEntity = new Map<string, string[]>();
  for (const { entity, action } of ops) {
    actionsByEntity.set(entity, [...(actionsByEntity.get(entity) ?? []), action]);
  }
  return Buffer.concat([
    Buffer.from([BAKERY_VERSION]),
    lengthDelimited(TAG.nonce, nonce),
    lengthDelimited(TAG.storageId, Buffer.from(rootKeyId)),
    ...[...actionsByEntity].map(([entity, actions]) =>
      lengthDelimited(
        TAG.op,
        Buffer.concat([
          lengthDelimited(TAG.entity, Buffer.from(entity)),
          ...actions.map((action) => lengthDelimited(TAG.action, Buffer.from(action))),
        ]),
      ),
    ),
  ]);
}

/** Throws MacaroonIdError. */
export function decodeMacaroonId(bytes: Uint8Array): MacaroonId {
  const reader = new ByteReader(bytes, (why) => new MacaroonIdError(why));
  if (reader.byte() !== BAKERY_VERSION) throw new MacaroonIdError("unsupported bakery version");
  let nonce: Uint8Array = new Uint8Array();
  let rootKeyId = "";
  const ops: MacaroonOp[] = [];
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    const value = reader.bytes(reader.varint());
    if (tag === TAG.nonce) nonce = value;
    else if (tag === TAG.storageId) rootKeyId = text(value);
    else if (tag === TAG.op) ops.push(...decodeOp(value));
  }
  return { nonce, rootKeyId, ops };
}

function decodeOp(bytes: Uint8Array): readonly MacaroonOp[] {
  const reader = new ByteReader(bytes, (why) => new MacaroonIdError(why));
  let entity = "";
  const actions: string[] = [];
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    const value = reader.bytes(reader.varint());
    if (tag === TAG.entity) entity = text(value);
    else if (tag === TAG.action) actions.push(text(value));
  }
  return actions.map((action) => ({ entity, action }));
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}

function lengthDelimited(tag: number, value: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([tag]), encodeVarint(value.length), value]);
}
