import { secp256k1 } from "@noble/curves/secp256k1.js";

import type { OutPoint } from "@arkrelay/daemons/proto/taprpc/tapcommon";
import {
  ScriptKeyType as WireScriptKeyType,
  type AssetSpecifier as WireSpecifier,
  type ScriptKeyTypeQuery,
} from "@arkrelay/daemons/proto/taprpc/taprootassets";

import { fromTxidBytes } from "../../lnd/calls/wire-bytes";
import { PAGE_DEFAULT, PAGE_MAX, type PieceFilter } from "../engine/asset-wallet";
import type { AssetSpecifier, ScriptKeyType } from "../engine/rows";
import { TapdError, type TapdStatus } from "../engine/tapd-error";

/** tapd's parseAssetSpecifier: the asset id wins over the group key. Throws its texts. */
export function readSpecifier(assetId: Uint8Array, groupKey: Uint8Array): AssetSpecifier {
  if (assetId.length > 0) return { assetId: readAssetId(assetId), groupKey: "" };
  if (groupKey.length > 0) return { assetId: "", groupKey: readPubkey(groupKey, "error parsing group key") };
  throw new TapdError("either asset ID or asset group key must be specified");
}

export function readWireSpecifier(specifier: WireSpecifier["id"]): AssetSpecifier {
  const none = Buffer.alloc(0);
  switch (specifier?.$case) {
    case "assetId":
      return readSpecifier(specifier.value, none);
    case "assetIdStr":
      return readSpecifier(readHex(specifier.value, "error decoding asset ID"), none);
    case "groupKey":
      return readSpecifier(none, specifier.value);
    case "groupKeyStr":
      return readSpecifier(none, readHex(specifier.value, "error decoding group key"));
    case undefined:
      return readSpecifier(none, none);
  }
}

export function readAssetId(bytes: Uint8Array, status: TapdStatus = "UNKNOWN"): string {
  if (bytes.length !== 32) throw new TapdError("asset ID must be 32 bytes", status);
  return Buffer.from(bytes).toString("hex");
}

/** A compressed point on the curve. */
export function readPubkey(bytes: Uint8Array, why: string): string {
  const key = Buffer.from(bytes).toString("hex");
  if (bytes.length !== 33) throw new TapdError(`${why}: malformed public key: invalid length: ${bytes.length}`);
  try {
    secp256k1.Point.fromHex(key);
  } catch {
    throw new TapdError(`${why}: invalid public key: x coordinate is not on the secp256k1 curve`);
  }
  return key;
}

export function readOutpoint(outpoint: OutPoint): string {
  if (outpoint.txid.length !== 32) throw new TapdError(`invalid txid length: ${outpoint.txid.length}`);
  return `${fromTxidBytes(outpoint.txid)}:${outpoint.outputIndex}`;
}

/** Offset and limit over an ascending list, newest first unless asked otherwise. Throws tapd's texts. */
export function readPage<T>(
  rows: readonly T[],
  page: { readonly offset: number; readonly limit: number; readonly isAscending: boolean },
): readonly T[] {
  if (page.offset < 0) throw new TapdError("offset must be non-negative");
  if (page.limit < 0) throw new TapdError("limit must be non-negative");
  if (page.limit > PAGE_MAX) throw new TapdError(`limit must be less than ${PAGE_MAX}`);
  const ordered = page.isAscending ? rows : rows.toReversed();
  return ordered.slice(page.offset, page.offset + (page.limit === 0 ? PAGE_DEFAULT : page.limit));
}

/** tapd's ParseScriptKeyTypeQuery: without a query what its wallet can spend itself. */
export function readScriptKeyType(
  query: ScriptKeyTypeQuery | undefined,
): Pick<PieceFilter, "scriptKeyType" | "includeSpent"> {
  const type = query?.type;
  if (type?.$case === "allTypes") return type.value ? { scriptKeyType: "all" } : {};
  if (type?.$case !== "explicitType") return {};
  const named = SCRIPT_KEY_TYPES[type.value];
  if (named === undefined) return {};
  // Burns and tombstones are spent by their nature, so asking for them asks for spent ones.
  return named === "burn" || named === "tombstone"
    ? { scriptKeyType: named, includeSpent: true }
    : { scriptKeyType: named };
}

const SCRIPT_KEY_TYPES: Readonly<Partial<Record<WireScriptKeyType, ScriptKeyType>>> = {
  [WireScriptKeyType.SCRIPT_KEY_BIP86]: "bip86",
  [WireScriptKeyType.SCRIPT_KEY_SCRIPT_PATH_EXTERNAL]: "external",
  [WireScriptKeyType.SCRIPT_KEY_BURN]: "burn",
  [WireScriptKeyType.SCRIPT_KEY_TOMBSTONE]: "tombstone",
  [WireScriptKeyType.SCRIPT_KEY_CHANNEL]: "channel",
};

export function readHex(text: string, why: string): Buffer {
  if (!/^(?:[0-9a-f]{2})*$/i.test(text)) throw new TapdError(`${why}: encoding/hex: invalid byte`);
  return Buffer.from(text, "hex");
}
