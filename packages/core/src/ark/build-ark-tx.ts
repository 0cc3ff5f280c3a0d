import {
  P2A,
  setArkPsbtField,
  type TapLeafScript,
  Transaction,
  type VtxoScript,
  VtxoTaprootTree,
} from "@arkade-os/sdk";
import { hex } from "@scure/base";

import { AppError, assert } from "../errors";
import { isValidXOnly } from "../schnorr";
import { toArkAssetId } from "./asset-id";
import type { AssetIssuance, AssetPacket } from "./asset-types";
import { buildAssetPacket } from "./build-asset-packet";
import { encodeAssetExtension } from "./extension";
import { outpointOf, toPsbt } from "./psbt";
import { arkTxWeight, maxAssetsPerVtxo } from "./tx-weight";
import type { ArkInput, ArkOutput, ArkParams, BuiltArkTx } from "./types";
import { checkpointScript, defaultVtxoScript } from "./vtxo-script";

/** arkd's limits on one ark tx, from GetInfo; the defaults are arkd's own. */
export interface ArkTxLimits {
  readonly dustSats: bigint;
  /** Smallest VTXO; arkd's -1 means dust. */
  readonly vtxoMinSats: bigint;
  /** Largest VTXO; undefined = no limit. */
  readonly vtxoMaxSats: bigint | undefined;
  readonly maxTxWeight: number;
}

export const DEFAULT_ARK_TX_LIMITS: ArkTxLimits = {
  dustSats: 330n,
  vtxoMinSats: -1n,
  vtxoMaxSats: undefined,
  maxTxWeight: 40_000,
};

/**
 * Builds an off-chain transfer: one checkpoint per VTXO and the ark tx that spends them, unsigned. A pure function of its
 * arguments, so the txid is known before anybody signs and a rebuild gives the same bytes. Input i spends checkpoint i,
 * outputs keep their order, then comes the packet when assets move or are issued, and the zero-value anchor last.
 * Throws `amount_below_minimum`, `amount_above_maximum` or `too_many_inputs` (weight, assets on one output); all else, a unit
 * of an asset too many or too few among them, is a bug of the caller.
 */
export function buildArkTx(
  params: ArkParams,
  inputs: readonly ArkInput[],
  outputs: readonly ArkOutput[],
  limits: ArkTxLimits = DEFAULT_ARK_TX_LIMITS,
  issuances: readonly AssetIssuance[] = [],
): BuiltArkTx {
  checkInputs(inputs);
  checkOutputs(outputs, limits);
  // Off-chain transfers carry no sats fee: arkd refuses a difference in either direction.
  assert(sumSats(inputs) === sumSats(outputs), "sats in equal sats out");
  const packet = buildAssetPacket(inputs, outputs, issuances);
  const packetScript = packet === undefined ? undefined : hex.decode(encodeAssetExtension(packet));
  checkSize(inputs.length, outputs.length, packet, packetScript, limits);

  const spends = inputs.map((input) => buildCheckpoint(input, params.checkpointTapscript));
  const checkpoints = spends.map(({ checkpoint }) => checkpoint);
  const arkTx = buildTx(
    spends.map(({ output }) => output),
    [
      ...outputs.map(({ script, amountSats }) => ({ script: hex.decode(script), amount: amountSats })),
      ...(packetScript === undefined ? [] : [{ script: packetScript, amount: 0n }]),
    ],
  );
  checkShape(arkTx, checkpoints, outputs, packetScript);
  return {
    txid: arkTx.id,
    arkPsbt: toPsbt(arkTx),
    checkpoints: inputs.map(({ vtxoId }, i) => {
      const checkpoint = checkpoints[i];
      assert(checkpoint !== undefined && outpointOf(checkpoint, 0) === vtxoId, "checkpoint i spends input i");
      return { txid: checkpoint.id, psbt: toPsbt(checkpoint), vtxoId };
    }),
    issuedAssetIds: (packet ?? []).flatMap((group, index) =>
      group.assetId === undefined ? [toArkAssetId(arkTx.id, index)] : [],
    ),
  };
}

function checkInputs(inputs: readonly ArkInput[]): void {
  assert(inputs.length > 0, "an ark tx has an input");
  assert(new Set(inputs.map(({ vtxoId }) => vtxoId)).size === inputs.length, "no VTXO is spent twice");
  for (const input of inputs) {
    assert(input.vtxoId === `${input.txid}:${input.vout}`, "a VTXO id is its outpoint");
    assert(input.amountSats > 0n, "an input holds sats");
  }
}

function checkOutputs(outputs: readonly ArkOutput[], limits: ArkTxLimits): void {
  assert(outputs.length > 0, "an ark tx has an output");
  const minimum = limits.vtxoMinSats > limits.dustSats ? limits.vtxoMinSats : limits.dustSats;
  for (const { script, amountSats } of outputs) {
    assert(/^5120[0-9a-f]{64}$/.test(script) && isValidXOnly(script.slice(4)), "an output pays a taproot key");
    // Below dust arkd would want an OP_RETURN output, which can only be pooled in a batch: never made here.
    if (amountSats < minimum) throw new AppError("amount_below_minimum", { details: { minimum: Number(minimum) } });
    if (limits.vtxoMaxSats !== undefined && amountSats > limits.vtxoMaxSats) {
      throw new AppError("amount_above_maximum", { details: { max_sats: Number(limits.vtxoMaxSats) } });
    }
  }
}

function checkSize(
  inputCount: number,
  outputCount: number,
  packet: AssetPacket | undefined,
  packetScript: Uint8Array | undefined,
  { maxTxWeight }: ArkTxLimits,
): void {
  const weight = arkTxWeight(inputCount, outputCount, packetScript?.length ?? 0);
  if (weight > maxTxWeight) throw new AppError("too_many_inputs");
  const assetsPerOutput = new Map<number, number>();
  for (const { vout } of (packet ?? []).flatMap((group) => group.outputs)) {
    assetsPerOutput.set(vout, (assetsPerOutput.get(vout) ?? 0) + 1);
  }
  if (Math.max(0, ...assetsPerOutput.values()) > maxAssetsPerVtxo(maxTxWeight)) throw new AppError("too_many_inputs");
}

function sumSats(coins: readonly { readonly amountSats: bigint }[]): bigint {
  return coins.reduce((sum, { amountSats }) => sum + amountSats, 0n);
}

/** An output and how it is spent: with one leaf of its script. */
interface Spend {
  readonly txid: string;
  readonly vout: number;
  readonly amountSats: bigint;
  readonly script: VtxoScript;
  readonly leaf: TapLeafScript;
}

/** A checkpoint moves one VTXO to an output that owner and signer spend by the same leaf, or arkd alone after its delay. */
function buildCheckpoint(input: ArkInput, checkpointTapscript: string): { checkpoint: Transaction; output: Spend } {
  const { txid, vout, amountSats } = input;
  const vtxoScript = defaultVtxoScript(input.ownerPubkey, input);
  const script = checkpointScript(vtxoScript, checkpointTapscript);
  const checkpoint = buildTx(
    [{ txid, vout, amountSats, script: vtxoScript, leaf: vtxoScript.forfeit() }],
    [{ script: script.pkScript, amount: amountSats }],
  );
  const leaf = script.findLeaf(vtxoScript.forfeitScript);
  return { checkpoint, output: { txid: checkpoint.id, vout: 0, amountSats, script, leaf } };
}

/** The SDK's own way to lay out both kinds of transaction (its `buildOffchainTx`, held to it by the tests). */
function buildTx(
  spends: readonly Spend[],
  outputs: readonly { readonly script: Uint8Array; readonly amount: bigint }[],
): Transaction {
  // The check of a script costs a square root in JavaScript: ours were derived or checked here.
  const tx = new Transaction({ version: 3, disableScriptCheck: true });
  for (const [i, { txid, vout, amountSats, script, leaf }] of spends.entries()) {
    tx.addInput({
      txid,
      index: vout,
      witnessUtxo: { script: script.pkScript, amount: amountSats },
      tapLeafScript: [leaf],
    });
    setArkPsbtField(tx, i, VtxoTaprootTree, script.encode());
  }
  for (const output of outputs) tx.addOutput(output);
  tx.addOutput(P2A);
  return tx;
}

/** What arkd will rebuild and compare; a future SDK that lays transactions out otherwise fails here, not at arkd. */
function checkShape(
  arkTx: Transaction,
  checkpoints: readonly Transaction[],
  outputs: readonly ArkOutput[],
  packetScript: Uint8Array | undefined,
): void {
  const anchorVout = outputs.length + (packetScript === undefined ? 0 : 1);
  assert(arkTx.inputsLength === checkpoints.length, "one checkpoint per input");
  for (const [i, checkpoint] of checkpoints.entries()) {
    assert(outpointOf(arkTx, i) === `${checkpoint.id}:0`, "ark input i spends output 0 of checkpoint i");
  }
  assert(arkTx.outputsLength === anchorVout + 1, "packet and anchor are the only outputs added");
  for (const [i, { script, amountSats }] of outputs.entries()) {
    const built = arkTx.getOutput(i);
    assert(built.amount === amountSats && hexOf(built.script) === script, "outputs keep their order");
  }
  if (packetScript !== undefined) {
    const built = arkTx.getOutput(outputs.length);
    assert(built.amount === 0n && hexOf(built.script) === hex.encode(packetScript), "the packet follows the outputs");
  }
  const anchor = arkTx.getOutput(anchorVout);
  assert(anchor.amount === 0n && hexOf(anchor.script) === hex.encode(P2A.script), "the anchor comes last");
}

function hexOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? "" : hex.encode(bytes);
}
