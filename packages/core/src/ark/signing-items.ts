import { hex } from "@scure/base";

import { ArkPsbt } from "./ark-psbt";
import type { SigningItem } from "./types";

/** The signatures `pubkey` owes on an ark tx: one per input whose collaborative leaf holds the key. */
export function arkItems(arkPsbt: string, pubkey: string): SigningItem[] {
  return itemsOf("ark", ArkPsbt.parse(arkPsbt), pubkey);
}

/** The signatures `pubkey` owes on checkpoints. They do not depend on arkd's, so they are known before SubmitTx. */
export function checkpointItems(checkpointPsbts: readonly string[], pubkey: string): SigningItem[] {
  return checkpointPsbts.flatMap((psbt) => itemsOf("checkpoint", ArkPsbt.parse(psbt), pubkey));
}

/** The same for a transaction that is parsed already. */
export function itemsOf(role: SigningItem["role"], tx: ArkPsbt, pubkey: string): SigningItem[] {
  const txid = tx.id;
  const items: SigningItem[] = [];
  for (let input = 0; input < tx.inputsLength; input++) {
    const { sighash, leafHash, pubkeys } = tx.sighashOf(input);
    if (!pubkeys.includes(pubkey)) continue;
    items.push({ role, txid, input, sighash: hex.encode(sighash), leaf_hash: hex.encode(leafHash), pubkey });
  }
  return items;
}
