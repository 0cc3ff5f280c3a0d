import { hex } from "@scure/base";

import { assert } from "../errors";
import type { Random } from "../ports/random";
import { signSchnorr, toXOnlyPubkey } from "../schnorr";
import type { AskedSignature, ItemSignature } from "./types";

/**
 * Signs items with one of the gateway's own keys. Only items that `arkItems` or `checkpointItems` made from a PSBT this
 * gateway built may come here: a key that signs a hash somebody else states can be made to sign anything.
 */
export function signItems(
  items: readonly AskedSignature[],
  secretKey: Uint8Array,
  random: Pick<Random, "bytes">,
): ItemSignature[] {
  const pubkey = toXOnlyPubkey(secretKey);
  return items.map((item) => {
    assert(item.pubkey === pubkey, "an item is signed by its own key");
    const sig = signSchnorr(hex.decode(item.sighash), secretKey, random.bytes(32));
    return { txid: item.txid, input: item.input, sig: hex.encode(sig) };
  });
}
