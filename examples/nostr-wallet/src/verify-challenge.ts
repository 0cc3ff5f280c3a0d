import { Transaction } from "@scure/btc-signer";

import type { Vtxo } from "./account.js";
import { checkpointScript, collaborativeLeaf, vtxoScript } from "./ark-scripts.js";
import { fromHex, sha256Hex, toHex } from "./bytes.js";
import { canonicalJson } from "./canonical-json.js";
import type { Pins } from "./pins.js";
import { digestOf, isSignedBy, outpointOf, outputsOf, parsePsbt, prevoutOf } from "./transaction.js";

/** What this wallet reads of a 31511. */
export interface Challenge {
  readonly session_id: string;
  readonly challenge_id: string;
  readonly type: string;
  readonly stage: "ark_tx" | "checkpoint_txs" | null;
  readonly items: readonly Item[];
  readonly ark_psbt: string;
  readonly checkpoint_psbts: readonly string[];
  readonly params: { readonly signer: string; readonly checkpoint_tapscript: string; readonly exit_delay: number };
  readonly payload_to_sign: string;
  readonly payload_ref: string;
  readonly algo: string;
  readonly expires_at: string;
}

interface Item {
  readonly role: "ark" | "checkpoint";
  readonly txid: string;
  readonly input: number;
  readonly sighash: string;
  readonly leaf_hash: string;
  readonly pubkey: string;
}

/** What the user has agreed to, whatever a challenge says. */
export interface Approval {
  readonly pubkey: string;
  /** Hash of the intent's event id; the gateway has no choice in it. */
  readonly sessionId: string;
  readonly pins: Pins;
  /** Output script of the one who is paid. Hex. */
  readonly recipientScript: string;
  /** What that output holds. */
  readonly paidSats: bigint;
  /** What the gateway's own output may gain. */
  readonly gainSats: bigint;
}

/** Whose spending was signed in stage ark_tx. Sats as JSON numbers. */
export interface SignedTransaction {
  readonly arkTxid: string;
  readonly checkpointTxids: readonly string[];
  readonly inputs: Readonly<Record<string, number>>;
}

export interface VerifiedChallenge {
  /** Recomputed here; what was sent is only compared with it. */
  readonly items: readonly { readonly txid: string; readonly input: number; readonly sighash: string }[];
  readonly transaction: SignedTransaction;
}

/** A challenge that must not be signed. */
export class Refused extends Error {
  constructor(message: string) {
    super(`not signed: ${message}`);
    this.name = "Refused";
  }
}

const VERSION = 3;
const FINAL_SEQUENCE = 0xffffffff;
/** Pay to anchor: an output of no value by which anybody may raise the fee. */
const ANCHOR = "51024e73";

/**
 * Stage ark_tx. `vtxos` is what the wallet owns by its own reading; `before` what it signed for this intent already. Throws Refused.
 * The owners of the other inputs look after themselves: a wallet checks that it spends what it knows and pays what was agreed.
 */
export function verifyArkTx(
  challenge: Challenge,
  approval: Approval,
  vtxos: readonly Vtxo[],
  before?: SignedTransaction,
): VerifiedChallenge {
  checkHead(challenge, approval, "ark_tx");
  const tx = readTransaction(challenge, approval, spendableSats(vtxos, approval));
  // Two transactions that share no input could both be settled, and the user would have paid twice.
  must(
    before === undefined || tx.mine.some(({ vtxoId }) => vtxoId in before.inputs),
    "this payment was signed before, with other inputs",
  );
  checkOutputs(tx, approval);
  const leaf = collaborativeLeaf(approval.pubkey, approval.pins);
  const items = tx.mine.map(({ index }) => ({
    role: "ark",
    txid: tx.ark.id,
    input: index,
    ...digestOf(tx.ark, index, leaf),
  }));
  checkItems(challenge, items, approval);
  return { items, transaction: tx.signed };
}

/**
 * Stage checkpoint_txs: `before` is what was signed in stage ark_tx. arkd could take a signed checkpoint alone after a while, so it
 * is signed only when arkd is bound as well: its signature is on every input of the ark tx and on the checkpoint. Throws Refused.
 */
export function verifyCheckpoints(
  challenge: Challenge,
  approval: Approval,
  before: SignedTransaction | undefined,
): VerifiedChallenge {
  checkHead(challenge, approval, "checkpoint_txs");
  must(before !== undefined, "the transaction of this payment was never signed here");
  const tx = readTransaction(challenge, approval, new Map(Object.entries(before.inputs)));
  must(canonicalJson(tx.signed) === canonicalJson(before), "it is not the transaction that was signed");
  checkOutputs(tx, approval);
  const { signer } = approval.pins;
  for (let index = 0; index < tx.ark.inputsLength; index += 1) {
    must(isSignedBy(signer, tx.ark, index), `arkd has not signed input ${index}`);
  }
  const leaf = collaborativeLeaf(approval.pubkey, approval.pins);
  const items = tx.mine.map(({ checkpoint }) => {
    must(isSignedBy(signer, checkpoint, 0), "arkd has not signed my checkpoint");
    return { role: "checkpoint", txid: checkpoint.id, input: 0, ...digestOf(checkpoint, 0, leaf) };
  });
  checkItems(challenge, items, approval);
  return { items, transaction: tx.signed };
}

function checkHead(challenge: Challenge, { sessionId, pins }: Approval, stage: Challenge["stage"]): void {
  const { session_id, ark_psbt, checkpoint_psbts, items, params } = challenge;
  must(challenge.type === "sign_tx" && challenge.stage === stage && challenge.algo === "BIP340", "not what is due");
  must(session_id === sessionId, "it belongs to another session");
  const covered = canonicalJson({ session_id, stage, ark_psbt, checkpoint_psbts, items, params });
  must(challenge.payload_ref === `sha256:${sha256Hex(covered)}`, "payload_ref is not of its content");
  must(
    params.signer === pins.signer &&
      params.checkpoint_tapscript === pins.checkpointTapscript &&
      params.exit_delay === pins.exitDelay,
    "arkd's parameters are not the pinned ones",
  );
}

/** VTXOs that a payment in sats may spend. What carries an asset is left out: the asset would be burnt by an output that forgets it. */
function spendableSats(vtxos: readonly Vtxo[], { pubkey, pins }: Approval): ReadonlyMap<string, number> {
  const script = toHex(vtxoScript(pubkey, pins));
  const plain = vtxos.filter(
    ({ asset_id, script: found, expires_at }) =>
      asset_id === "gBTC" && found === script && (expires_at === null || Date.parse(expires_at) > Date.now()),
  );
  const burdened = new Set(vtxos.filter(({ asset_id }) => asset_id !== "gBTC").map(({ vtxo_id }) => vtxo_id));
  return new Map(plain.filter(({ vtxo_id }) => !burdened.has(vtxo_id)).map((vtxo) => [vtxo.vtxo_id, vtxo.amount_sats]));
}

interface OwnInput {
  readonly index: number;
  readonly vtxoId: string;
  readonly sats: bigint;
  readonly checkpoint: Transaction;
}

interface ArkTransaction {
  readonly ark: Transaction;
  readonly mine: readonly OwnInput[];
  readonly signed: SignedTransaction;
}

/** Every input of the ark tx spends a checkpoint, and every checkpoint one VTXO: mine are those that I would have built myself. */
function readTransaction(
  challenge: Challenge,
  approval: Approval,
  satsByVtxo: ReadonlyMap<string, number>,
): ArkTransaction {
  const ark = parsePsbt(challenge.ark_psbt);
  const checkpoints = new Map(challenge.checkpoint_psbts.map(parsePsbt).map((tx) => [tx.id, tx]));
  must(ark.version === VERSION && ark.lockTime === 0, "not an ark tx");
  must(ark.inputsLength === checkpoints.size, "not one checkpoint per input");
  const mine: OwnInput[] = [];
  for (let index = 0; index < ark.inputsLength; index += 1) {
    const [txid = "", vout] = outpointOf(ark, index).split(":");
    const checkpoint = checkpoints.get(txid);
    must(checkpoint?.inputsLength === 1 && vout === "0", `input ${index} does not spend a checkpoint`);
    const [output] = outputsOf(checkpoint);
    const prevout = prevoutOf(ark, index);
    must(prevout.script === output?.script && prevout.sats === output.sats, `input ${index} misstates its checkpoint`);
    const vtxoId = outpointOf(checkpoint, 0);
    const known = satsByVtxo.get(vtxoId);
    if (known === undefined) continue;
    const own = { index, vtxoId, sats: BigInt(known), checkpoint };
    checkOwnCheckpoint(own, approval);
    mine.push(own);
  }
  must(mine.length > 0, "it spends nothing of mine");
  must(new Set(mine.map(({ vtxoId }) => vtxoId)).size === mine.length, "a VTXO is spent twice");
  const inputs = Object.fromEntries(mine.map(({ vtxoId, sats }) => [vtxoId, Number(sats)]));
  return { ark, mine, signed: { arkTxid: ark.id, checkpointTxids: [...checkpoints.keys()].toSorted(), inputs } };
}

/** Built from what I know of the VTXO and from the pins: an equal txid proves every field of it. */
function checkOwnCheckpoint({ vtxoId, sats, checkpoint }: OwnInput, { pubkey, pins }: Approval): void {
  const [txid, vout] = vtxoId.split(":");
  const rebuilt = new Transaction({ version: VERSION, allowUnknownOutputs: true, disableScriptCheck: true });
  rebuilt.addInput({ txid: txid ?? "", index: Number(vout), sequence: FINAL_SEQUENCE });
  rebuilt.addOutput({ amount: sats, script: checkpointScript(pubkey, pins) });
  rebuilt.addOutput({ amount: 0n, script: fromHex(ANCHOR) });
  must(rebuilt.id === checkpoint.id, `the checkpoint of ${vtxoId} is not the one I would build`);
  // A txid says nothing about the prevout, and the sighash is made of it.
  const prevout = prevoutOf(checkpoint, 0);
  must(prevout.sats === sats && prevout.script === toHex(vtxoScript(pubkey, pins)), `${vtxoId} is misstated`);
}

/** The recipient gets what was agreed, I get the rest less the fee, and the sums are right: so nobody else gets more than the fee. */
function checkOutputs({ ark, mine }: ArkTransaction, approval: Approval): void {
  const outputs = outputsOf(ark);
  const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((all, sats) => all + sats, 0n);
  const inSats = sum(Array.from({ length: ark.inputsLength }, (_, index) => prevoutOf(ark, index).sats));
  must(inSats === sum(outputs.map(({ sats }) => sats)), "it does not pay out what it takes in");
  must(outputs.filter(({ script, sats }) => script === ANCHOR && sats === 0n).length === 1, "not exactly one anchor");

  const me = toHex(vtxoScript(approval.pubkey, approval.pins));
  must(approval.recipientScript !== me, "the recipient is this wallet");
  const paid = outputs.filter(({ script }) => script === approval.recipientScript);
  must(paid.length === 1 && paid[0]?.sats === approval.paidSats, "the recipient does not get what was agreed");
  const change = sum(mine.map(({ sats }) => sats)) - approval.paidSats - approval.gainSats;
  const returned = outputs.filter(({ script }) => script === me);
  must(returned.length <= 1 && sum(returned.map(({ sats }) => sats)) === change, "my change is not what is left over");
}

/** The gateway asks for exactly my inputs, each with the digest that I compute. */
function checkItems(
  challenge: Challenge,
  expected: readonly { role: string; txid: string; input: number; sighash: string; leafHash: string }[],
  { pubkey }: Approval,
): void {
  const mine = expected.map(({ role, txid, input, sighash, leafHash }) =>
    canonicalJson({ role, txid, input, sighash, leaf_hash: leafHash, pubkey }),
  );
  const asked = challenge.items.map(({ role, txid, input, sighash, leaf_hash, pubkey }) =>
    canonicalJson({ role, txid, input, sighash, leaf_hash, pubkey }),
  );
  must(asked.length === mine.length && mine.every((item) => asked.includes(item)), "the items are not my inputs");
  const digests = challenge.items.map(({ sighash }) => sighash).join("");
  must(challenge.payload_to_sign === digests, "payload_to_sign is not of the items");
}

function must(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new Refused(reason);
}
