import { P2A, Transaction } from "@arkade-os/sdk";
import { base64, hex } from "@scure/base";

import { checkpointScriptHex, vtxoScriptHex } from "../ark-script.js";
import type { SignTxChallenge } from "../event-schemas.js";
import { readAllowedInputs } from "./read-payment.js";
import { must, orRefuse } from "./refuse.js";
import type { LinkedInput, LinkedTx, OwnVtxo, VerifyOptions } from "./verifier-types.js";

const TX_VERSION = 3;
const FINAL_SEQUENCE = 0xffffffff;
const anchorScript = hex.encode(P2A.script);

/** Check 2: the challenge was built for the arkd this wallet pinned. */
export function checkPins({ params }: Pick<SignTxChallenge, "params">, { pins }: VerifyOptions): void {
  must(params.signer === pins.signer, "pins", "another signer key");
  must(params.checkpoint_tapscript === pins.checkpointTapscript, "pins", "another checkpoint script");
  must(params.exit_delay === pins.exitDelay, "pins", "another exit delay");
}

/**
 * Check 3: every ark input spends output 0 of its own checkpoint, and my checkpoints are the ones I would build from
 * pinned values. A sighash commits to all prevouts, so the prevout of each ark input must be the checkpoint's output.
 */
export function linkInputs(content: SignTxChallenge, options: VerifyOptions): LinkedTx {
  const ark = parsePsbt(content.ark_psbt);
  const checkpoints = new Map(content.checkpoint_psbts.map(parsePsbt).map((tx) => [tx.id, tx] as const));
  must(checkpoints.size === content.checkpoint_psbts.length, "structure", "a checkpoint is there twice");
  must(ark.version === TX_VERSION && ark.lockTime === 0, "structure", "not an ark tx");
  must(ark.inputsLength === checkpoints.size, "structure", "not exactly one checkpoint per ark input");
  const inputs = Array.from({ length: ark.inputsLength }, (_, index) => linkInput(ark, index, checkpoints, options));
  must(new Set(inputs.map((input) => input.vtxoId)).size === inputs.length, "structure", "a VTXO is spent twice");
  return { ark, inputs };
}

function parsePsbt(psbt: string): Transaction {
  return orRefuse("structure", "a PSBT cannot be read", () =>
    Transaction.fromPSBT(base64.decode(psbt), { disableScriptCheck: true }),
  );
}

function linkInput(
  ark: Transaction,
  index: number,
  checkpoints: ReadonlyMap<string, Transaction>,
  options: VerifyOptions,
): LinkedInput {
  const input = ark.getInput(index);
  const checkpoint = checkpoints.get(hex.encode(input.txid ?? new Uint8Array()));
  must(checkpoint && input.index === 0, "structure", `ark input ${index} does not spend output 0 of a checkpoint`);
  must((input.sequence ?? FINAL_SEQUENCE) === FINAL_SEQUENCE, "structure", `ark input ${index} has a relative lock`);
  const { vtxoId, amountSats, scriptHex } = readCheckpoint(checkpoint);
  const prevout = input.witnessUtxo;
  must(
    prevout?.amount === amountSats && hex.encode(prevout.script) === scriptHex,
    "structure",
    `the prevout of ark input ${index} is not its checkpoint's output`,
  );
  const own = options.vtxoView.get(vtxoId);
  if (own !== undefined) checkOwnCheckpoint(checkpoint, own, options);
  return { index, checkpoint, vtxoId, amountSats, own };
}

function readCheckpoint(tx: Transaction): { vtxoId: string; amountSats: bigint; scriptHex: string } {
  must(
    tx.version === TX_VERSION && tx.inputsLength === 1 && tx.outputsLength === 2,
    "structure",
    "a checkpoint has version 3, one input and two outputs",
  );
  const [input, output, anchor] = [tx.getInput(0), tx.getOutput(0), tx.getOutput(1)];
  must(
    input.txid && input.index !== undefined && output.script && output.amount !== undefined,
    "structure",
    "an incomplete checkpoint",
  );
  must(
    anchor.script && hex.encode(anchor.script) === anchorScript && anchor.amount === 0n,
    "structure",
    "a checkpoint without anchor",
  );
  return {
    vtxoId: `${hex.encode(input.txid)}:${input.index}`,
    amountSats: output.amount,
    scriptHex: hex.encode(output.script),
  };
}

/** Built from the wallet's own view (amount) and pins (script), so a txid that matches proves every field. */
function checkOwnCheckpoint(checkpoint: Transaction, own: OwnVtxo, { myPubkey, pins }: VerifyOptions): void {
  must(own.script === vtxoScriptHex(myPubkey, pins), "inputs", `${own.vtxoId} has a script this wallet did not pin`);
  const rebuilt = orRefuse("structure", "my checkpoint cannot be rebuilt", () =>
    checkpointTxid(own, checkpointScriptHex(myPubkey, pins)),
  );
  must(rebuilt === checkpoint.id, "structure", `the checkpoint of ${own.vtxoId} is not the one I would build`);
  // The PSBT's prevout feeds the sighash of the checkpoint: it must be my VTXO as I know it.
  const prevout = checkpoint.getInput(0).witnessUtxo;
  must(
    prevout?.amount === own.amountSats && hex.encode(prevout.script) === own.script,
    "structure",
    `the checkpoint of ${own.vtxoId} states another prevout`,
  );
}

/** A checkpoint moves the whole VTXO to its checkpoint script; the anchor carries nothing. */
function checkpointTxid(own: OwnVtxo, script: string): string {
  // The checks of output scripts cost a square root each; this script was derived here.
  const tx = new Transaction({ version: TX_VERSION, disableScriptCheck: true });
  const { txid, vout } = outpointOf(own.vtxoId);
  tx.addInput({ txid, index: vout, sequence: FINAL_SEQUENCE });
  tx.addOutput({ amount: own.amountSats, script: hex.decode(script) });
  tx.addOutput(P2A);
  return tx.id;
}

function outpointOf(vtxoId: string): { txid: string; vout: number } {
  const [txid, vout] = vtxoId.split(":");
  must(txid !== undefined && vout !== undefined, "inputs", "a VTXO id is txid:vout");
  return { txid, vout: Number(vout) };
}

/** Check 4: my inputs are live and are the ones the intent allows. */
export function checkInputs(tx: LinkedTx, content: SignTxChallenge, { intent, now }: VerifyOptions): OwnVtxo[] {
  const mine = tx.inputs.flatMap((input) => (input.own === undefined ? [] : [input.own]));
  must(mine.length > 0, "inputs", "no input of this transaction is mine");
  // In stage checkpoint_txs arkd has them marked as spent by this very transaction.
  for (const vtxo of content.stage === "ark_tx" ? mine : []) {
    must(!vtxo.isSpent && vtxo.expiresAt > now, "inputs", `${vtxo.vtxoId} is spent or expired`);
  }
  const { named, countMax } = readAllowedInputs(intent.content);
  must(mine.length <= countMax, "inputs", "more of my VTXOs than the intent allows");
  if (named === null) return mine;
  const ids = new Set(named);
  must(
    ids.size === mine.length && mine.every((vtxo) => ids.has(vtxo.vtxoId)),
    "inputs",
    "not the inputs the intent names",
  );
  return mine;
}
