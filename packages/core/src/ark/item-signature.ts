import { hex } from "@scure/base";

import { AppError } from "../errors";
import { verifySchnorr } from "../schnorr";
import type { ItemSignature, SigningItem } from "./types";

/**
 * Checks answers against the items they are for, before anything is stored: every one must be for an item, at most one per
 * item, and a BIP340 signature of the item's key over the item's sighash. Missing ones are fine: answers may come in parts.
 * Throws `invalid_request` (form), `payload_mismatch` (not asked for, or twice) or `signature_mismatch`, with {txid, input}.
 */
export function verifyItemSignatures(items: readonly SigningItem[], signatures: readonly ItemSignature[]): void {
  const open = new Map(items.map((item) => [keyOf(item), item]));
  for (const signature of signatures) {
    const sig = parseSignature(signature);
    const item = open.get(keyOf(signature));
    if (item === undefined) throw new AppError("payload_mismatch", { details: whereOf(signature) });
    open.delete(keyOf(signature));
    if (!verifySchnorr(sig, hex.decode(item.sighash), hex.decode(item.pubkey))) {
      throw new AppError("signature_mismatch", { details: whereOf(signature) });
    }
  }
}

/** 64 bytes, so always SIGHASH_DEFAULT: a 65th byte would choose what the signature leaves open. */
export function parseSignature(signature: ItemSignature): Uint8Array {
  if (/^[0-9a-f]{128}$/.test(signature.sig)) return hex.decode(signature.sig);
  throw new AppError("invalid_request", {
    details: whereOf(signature),
    errors: [{ path: "sig", code: "signature", message: "A signature is 64 bytes, written as 128 lower-case hex." }],
  });
}

export function whereOf({ txid, input }: ItemSignature | SigningItem): { txid: string; input: number } {
  return { txid, input };
}

function keyOf({ txid, input }: ItemSignature | SigningItem): string {
  return `${txid}:${input}`;
}
