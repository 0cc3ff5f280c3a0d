import type { Transaction } from "@arkade-os/sdk";
import { hex } from "@scure/base";

import { collaborativeLeafHex } from "../ark-script.js";
import type { SignTxChallenge, SigningItem } from "../event-schemas.js";
import { isSwap } from "./read-swap.js";
import { must } from "./refuse.js";
import { digestOf, onlyLeafOf, scriptOf } from "./sighash.js";
import type { LinkedTx, VerifyOptions } from "./verifier-types.js";

/** A digest recomputed here, for one input of mine. */
export interface VerifiedItem {
  readonly role: "ark" | "checkpoint" | "proof";
  readonly txid: string;
  readonly input: number;
  readonly sighash: string;
}

/**
 * Checks 7 and 9: the items are exactly my inputs, in the order of the protocol, with the sighashes I compute myself
 * over my own collaborative leaf. What gets signed later is the recomputed value, never the one that was sent.
 */
export function checkItems(tx: LinkedTx, content: SignTxChallenge, options: VerifyOptions): VerifiedItem[] {
  const leaf = hex.decode(collaborativeLeafHex(options.myPubkey, options.pins));
  const mine = tx.inputs.filter((input) => input.own !== undefined);
  const arkItems = mine.map(({ index }) => expectItem("ark", tx.ark, index, leaf));
  const checkpointItems = mine.map(({ checkpoint }) => expectItem("checkpoint", checkpoint, 0, leaf));
  const expected =
    content.stage === "checkpoint_txs" ? checkpointItems : withPresign(arkItems, checkpointItems, content, options);
  for (const item of content.items) checkItem(item, expected, options);
  must(content.items.length === expected.length, "sighash", "the items do not cover each of my inputs once");
  const order = content.items.map((item) => `${item.txid}:${item.input}`);
  must(new Set(order).size === order.length, "sighash", "an item is there twice");
  must(
    content.payload_to_sign.replace(/^0x/, "") === content.items.map((item) => item.sighash).join(""),
    "sighash",
    "payload_to_sign is not the items' sighashes in order",
  );
  return expected.map(({ role, txid, input, sighash }) => ({ role, txid, input, sighash }));
}

type ExpectedItem = VerifiedItem & { readonly leafHash: string };

function expectItem(role: VerifiedItem["role"], tx: Transaction, input: number, leaf: Uint8Array): ExpectedItem {
  const spentBy = hex.encode(scriptOf(onlyLeafOf(tx, input)));
  must(spentBy === hex.encode(leaf), "sighash", `input ${input} of ${tx.id} is not spent by my collaborative leaf`);
  // SIGHASH_DEFAULT is 0; any other type would let outputs or inputs be changed after I signed.
  must(
    (tx.getInput(input).sighashType ?? 0) === 0,
    "sighash",
    `input ${input} of ${tx.id} asks for another sighash type`,
  );
  return { role, txid: tx.id, input, ...digestOf(tx, input, leaf) };
}

function withPresign(
  arkItems: ExpectedItem[],
  checkpointItems: ExpectedItem[],
  content: SignTxChallenge,
  options: VerifyOptions,
): ExpectedItem[] {
  const isPresign = content.context?.presign === true || content.items.some((item) => item.role === "checkpoint");
  if (!isPresign) return arkItems;
  const mayPresign = options.allowPresign === true && isSwap(options.intent.content);
  must(mayPresign, "presign", "checkpoint signatures are asked for before arkd signed");
  const roles = content.items.map((item) => item.role).join(" ");
  const wanted = [...arkItems, ...checkpointItems].map((item) => item.role).join(" ");
  must(roles === wanted, "presign", "checkpoint items must follow the ark items");
  return [...arkItems, ...checkpointItems];
}

function checkItem(item: SigningItem, expected: readonly ExpectedItem[], { myPubkey }: VerifyOptions): void {
  const match = expected.find((own) => own.txid === item.txid && own.input === item.input);
  must(
    match !== undefined && item.pubkey === myPubkey,
    "foreign_input",
    `asked to sign input ${item.input} of ${item.txid}, which is not mine`,
  );
  must(item.role === match.role, "sighash", `the item for input ${item.input} has another role`);
  must(item.leaf_hash === match.leafHash, "sighash", `the item for input ${item.input} names another leaf`);
  must(item.sighash === match.sighash, "sighash", `the sighash of input ${item.input} is not the one I compute`);
}
