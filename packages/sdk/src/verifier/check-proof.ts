import { Extension, Intent, Transaction, VtxoTaprootTree } from "@arkade-os/sdk";
import { base64, hex } from "@scure/base";
import { SigHash } from "@scure/btc-signer";

import { collaborativeLeafHex, defaultVtxoScript, vtxoScriptHex } from "../ark-script.js";
import { RENEW_TYPE, type SignIntentProofChallenge } from "../event-schemas.js";
import { checkAssets } from "./check-assets.js";
import type { VerifiedItem } from "./check-items.js";
import type { OutputSummary } from "./check-outputs.js";
import { readAllowedInputs, readFeeSats } from "./read-payment.js";
import { must, orRefuse } from "./refuse.js";
import { digestOf } from "./sighash.js";
import type { OwnVtxo, VerifyOptions } from "./verifier-types.js";

export interface CheckedProof {
  readonly items: readonly VerifiedItem[];
  readonly summary: OutputSummary;
  readonly inputs: readonly string[];
}

interface ProofOutput {
  readonly script: Uint8Array;
  readonly amount: bigint;
}

/**
 * Check 11: the proof is over exactly the swept VTXOs of my renewal, and asks a batch for all their sats and units on my own script. It is
 * built again here from my view of them; what gets signed is over that one.
 */
export function checkProof(content: SignIntentProofChallenge, options: VerifyOptions): CheckedProof {
  const { intent, myPubkey, pins } = options;
  must(intent.content.type === RENEW_TYPE, "proof", "the approved intent renews nothing");
  must(readFeeSats(intent.content.params) === 0n, "fee", "a renewal has no fee");
  checkMessage(content.message, options);
  const sent = orRefuse("structure", "the proof cannot be read", () =>
    Transaction.fromPSBT(base64.decode(content.proof_psbt), { disableScriptCheck: true }),
  );
  const mine = readInputs(sent, options);
  const outputs = readOutputs(sent);
  const summary = checkOutputs(outputs, mine, options);
  const proof = orRefuse("proof", "the proof cannot be built again", () =>
    Intent.create(
      content.message,
      mine.map((own) => toProofInput(own, options)),
      [...outputs],
    ),
  );
  must(proof.id === sent.id, "proof", "the proof is not the one I would build over this message");
  const linked = { ark: proof, inputs: mine.map((own, index) => ({ index: index + 1, own })) };
  checkAssets(linked, mine, { ...summary, changeVouts: summary.recipientVouts });
  const leaf = hex.decode(collaborativeLeafHex(myPubkey, pins));
  const items = Array.from({ length: proof.inputsLength }, (_, input) => ({
    role: "proof" as const,
    txid: proof.id,
    input,
    ...digestOf(proof, input, leaf, SigHash.ALL),
  }));
  checkItems(content, items, options);
  return {
    items: items.map(({ role, txid, input, sighash }) => ({ role, txid, input, sighash })),
    summary,
    inputs: mine.map(({ vtxoId }) => vtxoId),
  };
}

/** Whatever else a message may say, arkd reads as something else than a registration of VTXOs. */
function checkMessage(text: string, { now }: VerifyOptions): void {
  const read = orRefuse("proof", "the message cannot be read", (): unknown => JSON.parse(text));
  const isObject = typeof read === "object" && read !== null;
  const { type, onchain_output_indexes, valid_at, expire_at, ...rest } = (isObject ? read : {}) as Record<
    string,
    unknown
  >;
  must(type === "register", "proof", "the message is no registration");
  must(
    Array.isArray(onchain_output_indexes) && onchain_output_indexes.length === 0,
    "proof",
    "the message asks for outputs on the chain",
  );
  must(typeof valid_at === "number" && valid_at <= now, "proof", "the message is not valid yet");
  must(typeof expire_at === "number" && expire_at > now, "proof", "the message has run out, or never does");
  must(Object.keys(rest).join() === "cosigners_public_keys", "proof", "the message says more than a registration");
}

/** The VTXOs under the proof, in its order; input 0 is the message's. */
function readInputs(proof: Transaction, { intent, myPubkey, pins, vtxoView, now }: VerifyOptions): readonly OwnVtxo[] {
  const ids = Array.from({ length: Math.max(0, proof.inputsLength - 1) }, (_, index) => {
    const { txid, index: vout } = proof.getInput(index + 1);
    return `${hex.encode(txid ?? new Uint8Array())}:${vout}`;
  });
  const { named } = readAllowedInputs(intent.content);
  const isExact = named?.length === ids.length && new Set(ids).size === ids.length;
  must(isExact && ids.every((id) => named.includes(id)), "proof", "not exactly the VTXOs of my intent");
  return ids.map((id) => {
    const own = vtxoView.get(id);
    must(own !== undefined && own.script === vtxoScriptHex(myPubkey, pins), "proof", `${id} is not mine`);
    // A live one is renewed by a transfer, for which the gateway pays before its owner loses anything.
    must(own.isSwept === true || own.expiresAt <= now, "proof", `${id} is not swept`);
    return own;
  });
}

function readOutputs(proof: Transaction): readonly ProofOutput[] {
  return Array.from({ length: proof.outputsLength }, (_, vout) => {
    const { script, amount } = proof.getOutput(vout);
    must(script !== undefined && amount !== undefined, "structure", `output ${vout} is incomplete`);
    return { script, amount };
  });
}

function checkOutputs(
  outputs: readonly ProofOutput[],
  mine: readonly OwnVtxo[],
  { myPubkey, pins }: VerifyOptions,
): OutputSummary {
  const myScript = vtxoScriptHex(myPubkey, pins);
  const packets = outputs.filter(({ script }) => Extension.isExtension(script));
  must(packets.length <= 1 && packets.every(({ amount }) => amount === 0n), "proof", "two asset packets");
  const paid = outputs.flatMap((output, vout) => (packets.includes(output) ? [] : [{ ...output, vout }]));
  must(
    paid.every(({ script }) => hex.encode(script) === myScript),
    "proof",
    "an output is not to my script",
  );
  must(paid.length <= mine.length, "proof", "more outputs than VTXOs");
  const amountSats = mine.reduce((sum, own) => sum + own.amountSats, 0n);
  must(
    paid.reduce((sum, { amount }) => sum + amount, 0n) === amountSats,
    "proof",
    "not all sats of my VTXOs come back",
  );
  const recipientVouts = paid.map(({ vout }) => vout);
  return {
    recipientPubkey: myPubkey,
    amountSats,
    feeSats: 0n,
    asset: null,
    recipientVouts,
    recipientUnits: recipientVouts.map(() => 0n),
    changeSats: 0n,
    changeVouts: [],
  };
}

function toProofInput(own: OwnVtxo, { myPubkey, pins }: VerifyOptions) {
  const script = defaultVtxoScript(myPubkey, pins);
  const [txid = "", vout = ""] = own.vtxoId.split(":");
  return {
    txid: hex.decode(txid),
    index: Number(vout),
    witnessUtxo: { script: script.pkScript, amount: own.amountSats },
    tapLeafScript: [script.forfeit()],
    unknown: [VtxoTaprootTree.encode(script.encode())],
  };
}

function checkItems(
  { items, payload_to_sign }: SignIntentProofChallenge,
  expected: readonly (VerifiedItem & { readonly leafHash: string })[],
  { myPubkey }: VerifyOptions,
): void {
  must(items.length === expected.length, "sighash", "the items do not cover each input once");
  for (const [index, item] of items.entries()) {
    const own = expected[index];
    const isSame =
      own !== undefined &&
      item.role === own.role &&
      item.txid === own.txid &&
      item.input === own.input &&
      item.sighash === own.sighash &&
      item.leaf_hash === own.leafHash &&
      item.pubkey === myPubkey;
    must(isSame, "sighash", `item ${index} is not the one I compute`);
  }
  const digests = items.map(({ sighash }) => sighash).join("");
  must(
    payload_to_sign.replace(/^0x/, "") === digests,
    "sighash",
    "payload_to_sign is not the items' sighashes in order",
  );
}
