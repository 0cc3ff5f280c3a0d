import type { Transaction } from "@arkade-os/sdk";
import { hex } from "@scure/base";

import { parsePsbt } from "./psbt";
import { sighashOf } from "./sighash";
import type { SigningItem } from "./types";

/** The signatures `pubkey` owes on an ark tx: one per input whose collaborative leaf holds the key. */
export function arkItems(arkPsbt: string, pubkey: string): SigningItem[] {
  return itemsOf("ark", parsePsbt(arkPsbt), pubkey);
}

/** The signatures `pubkey` owes on checkpoints. They do not depend on arkd's, so they are known before SubmitTx. */
export function checkpointItems(checkpointPsbts: readonly string[], pubkey: string): SigningItem[] {
  return checkpointPsbts.flatMap((psbt) => itemsOf("checkpoint", parsePsbt(psbt), pubkey));
}

function itemsOf(role: SigningItem["role"], tx: Transaction, pubkey: string): SigningItem[] {
  const txid = tx.id;
  const items: SigningItem[] = [];
  for (let input = 0; input < tx.inputsLength; input++) {
    const { sighash, leafHash, pubkeys } = sighashOf(tx, input);
    if (!pubkeys.includes(pubkey)) continue;
    items.push({ role, txid, input, sighash: hex.encode(sighash), leaf_hash: hex.encode(leafHash), pubkey });
  }
  return items;
}
