import { concatBytes, hexToBytes } from "@noble/hashes/utils.js";
import { hex } from "@scure/base";

import { assert } from "../errors";

export const ASSET_ID_BYTES = 34;

/** arkd's id of an asset: txid of its issuance as it is shown, then the position of its group as u16 LE; 68 hex. */
export function toArkAssetId(txid: string, groupIndex: number): string {
  assert(/^[0-9a-f]{64}$/.test(txid), "a txid is 64 hex");
  assert(Number.isInteger(groupIndex) && groupIndex >= 0 && groupIndex <= 0xffff, "a group index is 16 bits");
  return hex.encode(concatBytes(hexToBytes(txid), Uint8Array.of(groupIndex & 0xff, groupIndex >> 8)));
}

export function isArkAssetId(text: string): boolean {
  return /^[0-9a-f]{68}$/.test(text) && !text.startsWith("0".repeat(64));
}
