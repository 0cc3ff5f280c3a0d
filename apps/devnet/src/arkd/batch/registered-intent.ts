import { P2A, type Transaction } from "@arkade-os/sdk";
import { hex } from "@scure/base";
import { z } from "zod";

import { ArkdError } from "../engine/arkd-error";
import { assetsByOutput, readAssetGroups } from "../engine/asset-packet";
import { checkAssets } from "../engine/checks/check-assets";
import type { CheckContext } from "../engine/checks/check-context";
import { checkVtxosFree } from "../engine/checks/check-vtxos-free";
import { type DecodedVtxoScript, decodeVtxoScript } from "../engine/decode-vtxo-script";
import { tapTreeOf } from "../engine/psbt";
import type { SupplyRecord } from "../engine/records";
import { minVtxoSats } from "../engine/settings";
import { supplyChanges } from "../engine/supply-changes";
import { parseIntentMessage, verifyIntentProof } from "../engine/verify-intent-proof";
import { type AssetAmount, type Vtxo, isSpent } from "../engine/vtxo";

/** What one owner wants of the next batch: these VTXOs in, these outputs out. */
export interface RegisteredIntent {
  readonly intentId: string;
  /** Of the proof; the packets of the leaves name it. */
  readonly proofTxid: string;
  readonly vtxos: readonly BatchVtxo[];
  readonly outputs: readonly BatchOutput[];
  /** Compressed keys (66 hex) that sign the tree with the server. */
  readonly cosigners: readonly string[];
  /** Unix seconds; 0 = no limit. */
  readonly validAt: number;
  readonly expireAt: number;
  readonly feeSats: bigint;
  readonly supply: readonly SupplyRecord[];
}

/** A VTXO with the script its owner has shown. */
export interface BatchVtxo {
  readonly vtxo: Vtxo;
  readonly script: DecodedVtxoScript;
}

export interface BatchOutput {
  readonly script: string;
  readonly amountSats: bigint;
  readonly assets: readonly AssetAmount[];
}

const RegisterMessage = z.object({
  type: z.enum(["register", "estimate-intent-fee"]),
  onchain_output_indexes: z.array(z.int()).default([]),
  valid_at: z.int().min(0).default(0),
  expire_at: z.int().min(0).default(0),
  cosigners_public_keys: z.array(z.string().regex(/^0[23][0-9a-f]{64}$/)).min(1),
});

/**
 * Reads and checks an intent by arkd's rules: owned, unspent inputs (live or recoverable), VTXO outputs from dust up, assets
 * conserved or burnt, and a fee. Throws ArkdError. Beyond this simulator: on-chain outputs and boarding inputs.
 */
export function readIntent(context: CheckContext, intentId: string, proof: string, text: string): RegisteredIntent {
  const message = readMessage(context, text, "register");
  const { tx, vtxos } = verifyIntentProof(context, proof, text);
  checkVtxosFree(
    context,
    vtxos.map(({ vtxoId }) => vtxoId),
  );
  for (const vtxo of vtxos) checkRenewable(vtxo);
  const groups = readGroups(tx);
  if (groups.some((group) => group.isIssuance())) {
    throw new ArkdError("INTENT_ASSET_VALIDATION_FAILED", "an intent issues no assets");
  }
  const inputs = vtxos.map((vtxo, position) => ({ index: position + 1, vtxo }));
  checkAssets({ state: context.state, arkTx: tx, arkTxid: tx.id, inputs, groups });
  const assets = assetsByOutput(tx.id, groups);
  const outputs = readOutputs(context, tx).map(({ vout, ...output }) => ({
    ...output,
    assets: assets.get(vout) ?? [],
  }));
  return {
    intentId,
    proofTxid: tx.id,
    vtxos: vtxos.map((vtxo, position) => ({ vtxo, script: scriptOf(tx, position + 1) })),
    outputs,
    cosigners: [...new Set(message.cosigners_public_keys)],
    validAt: message.valid_at,
    expireAt: message.expire_at,
    feeSats: sumSats(vtxos) - sumSats(outputs),
    supply: supplyChanges(tx.id, groups),
  };
}

/** What the server asks for an intent: a flat amount for each input. */
export function intentFeeOf({ state }: CheckContext, inputCount: number): bigint {
  return BigInt(state.settings.intentInputFeeSats ?? 0) * BigInt(inputCount);
}

/** Number of inputs of an intent whose fee is asked for. */
export function readEstimate(context: CheckContext, proof: string, text: string): number {
  readMessage(context, text, "estimate-intent-fee");
  return verifyIntentProof(context, proof, text).vtxos.length;
}

/** The VTXOs whose intents the owner takes back. */
export function readDelete(context: CheckContext, proof: string, text: string): readonly Vtxo[] {
  const parsed = z.object({ type: z.literal("delete"), expire_at: z.int() }).safeParse(parseIntentMessage(text));
  if (!parsed.success) throw new ArkdError("INVALID_INTENT_MESSAGE", "not a delete message");
  checkNotExpired(context, parsed.data.expire_at);
  return verifyIntentProof(context, proof, text).vtxos;
}

function scriptOf(tx: Transaction, index: number): DecodedVtxoScript {
  const tapTree = tapTreeOf(tx, index);
  if (tapTree === undefined) throw new ArkdError("INVALID_INTENT_PSBT", `missing taptree of input ${index}`);
  return decodeVtxoScript(tapTree);
}

function readMessage(context: CheckContext, text: string, type: "register" | "estimate-intent-fee") {
  const parsed = RegisterMessage.safeParse(parseIntentMessage(text));
  if (!parsed.success || parsed.data.type !== type) {
    throw new ArkdError("INVALID_INTENT_MESSAGE", `not a ${type} message`);
  }
  if (parsed.data.onchain_output_indexes.length > 0) {
    throw new ArkdError("INVALID_INTENT_MESSAGE", "this development arkd makes no on-chain outputs");
  }
  checkNotExpired(context, parsed.data.expire_at);
  return parsed.data;
}

function checkNotExpired({ nowSeconds }: CheckContext, expireAt: number): void {
  if (expireAt > 0 && expireAt < nowSeconds) throw new ArkdError("INVALID_INTENT_TIMERANGE", "the intent has expired");
}

/** A batch takes live and swept VTXOs alike. */
function checkRenewable(vtxo: Vtxo): void {
  const metadata = { vtxo_outpoint: vtxo.vtxoId };
  if (isSpent(vtxo)) throw new ArkdError("VTXO_ALREADY_SPENT", `vtxo ${vtxo.vtxoId} is already spent`, metadata);
  if (vtxo.isUnrolled) {
    throw new ArkdError("VTXO_ALREADY_UNROLLED", `vtxo ${vtxo.vtxoId} is already unrolled`, metadata);
  }
}

function readGroups(tx: Transaction) {
  try {
    return readAssetGroups(tx);
  } catch {
    throw new ArkdError("ASSET_VALIDATION_FAILED", "malformed asset packet");
  }
}

function readOutputs({ state: { settings } }: CheckContext, tx: Transaction) {
  const outputs = Array.from({ length: tx.outputsLength }, (_, vout) => {
    const { script = new Uint8Array(), amount = 0n } = tx.getOutput(vout);
    return { vout, script: hex.encode(script), amountSats: amount };
  }).filter(({ script }) => script !== hex.encode(P2A.script) && !script.startsWith("6a"));
  if (outputs.length === 0) throw new ArkdError("INVALID_INTENT_PROOF", "the intent has no outputs");
  for (const { vout, script, amountSats } of outputs) {
    const metadata = { output_index: String(vout), amount: String(amountSats) };
    if (!/^5120[0-9a-f]{64}$/.test(script)) {
      throw new ArkdError("INVALID_PKSCRIPT", `output ${vout} is not P2TR`, { script });
    }
    const min = bigMax(minVtxoSats(settings), BigInt(settings.dustSats));
    if (amountSats < min) {
      throw new ArkdError("AMOUNT_TOO_LOW", `output ${vout} is below the minimum`, {
        ...metadata,
        min_amount: String(min),
      });
    }
    if (settings.vtxoMaxSats >= 0 && amountSats > BigInt(settings.vtxoMaxSats)) {
      throw new ArkdError("AMOUNT_TOO_HIGH", `output ${vout} is above the maximum`, metadata);
    }
  }
  return outputs;
}

function bigMax(left: bigint, right: bigint): bigint {
  return left > right ? left : right;
}

function sumSats(coins: readonly { readonly amountSats: bigint }[]): bigint {
  return coins.reduce((sum, { amountSats }) => sum + amountSats, 0n);
}
