import { createHash, createHmac, timingSafeEqual } from "node:crypto";

import { invalidField } from "@arkrelay/core/http/request-error";

/**
 * Opaque cursors of keyset pages: the last id seen, signed together with the route and the filters it was made for. So a
 * cursor cannot be forged, and one that is used with other filters is refused instead of silently skipping rows.
 */
export interface Cursors {
  encode(lastId: bigint, list: string, filters: Filters): string;
  /** The id to continue below; undefined without a cursor. Throws `invalid_request` for a bad one. */
  decode(cursor: string | undefined, list: string, filters: Filters): bigint | undefined;
}

export type Filters = Readonly<Record<string, string | number | boolean | undefined>>;

const TAG_BYTES = 12;

export function createCursors(secretKey: string): Cursors {
  const key = createHash("sha256").update(`arkrelay/cursor/v1:${secretKey}`).digest();
  const tag = (id: string, list: string, filters: Filters) =>
    createHmac("sha256", key)
      .update(JSON.stringify([id, list, sorted(filters)]))
      .digest()
      .subarray(0, TAG_BYTES);
  return {
    encode: (lastId, list, filters) => {
      const id = lastId.toString(36);
      return `${id}.${tag(id, list, filters).toString("base64url")}`;
    },
    decode: (cursor, list, filters) => {
      if (cursor === undefined) return undefined;
      const parts = /^([0-9a-z]{1,13})\.([A-Za-z0-9_-]{16})$/.exec(cursor);
      const [, id, sent] = parts ?? [];
      if (id === undefined || sent === undefined || !isSame(tag(id, list, filters), sent)) throw badCursor();
      return parseBase36(id);
    },
  };
}

function badCursor() {
  return invalidField("cursor", "is not one of this list with these filters", "invalid_cursor");
}

function isSame(expected: Buffer, sent: string): boolean {
  const given = Buffer.from(sent, "base64url");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function sorted(filters: Filters): [string, string | number | boolean][] {
  return Object.entries(filters)
    .filter((entry): entry is [string, string | number | boolean] => entry[1] !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function parseBase36(text: string): bigint {
  let value = 0n;
  for (const digit of text) value = value * 36n + BigInt(Number.parseInt(digit, 36));
  return value;
}
