import { hex } from "@scure/base";
import { xOnlyPointFromScalar } from "tiny-secp256k1";

import { readAssetGroups } from "./asset-packet";
import { type OwnerSignatures, checkArkSignatures } from "./checks/check-ark-signatures";
import { checkAssets } from "./checks/check-assets";
import type { CheckContext } from "./checks/check-context";
import { checkVtxosFree } from "./checks/check-vtxos-free";
import { checkWeight } from "./checks/check-weight";
import { parseSubmission } from "./checks/parse-submission";
import { type ArkInput, readArkInputs } from "./checks/read-ark-inputs";
import { readArkOutputs } from "./checks/read-ark-outputs";
import { type RebuiltTxs, rebuildTxs } from "./checks/rebuild-txs";
import { leafHashOf } from "./decode-vtxo-script";
import { addSignature, sighashOf, toPsbt } from "./psbt";
import type { ArkdRecord, CheckpointRecord } from "./records";
import { signWith } from "./server-keys";

/**
 * Decides about a SubmitTx: every check of arkd in arkd's order, then both signatures of the server. Pure; the record it
 * returns marks the inputs spent. Throws ArkdError, and then nothing has happened and the same transfer may come again.
 */
export function acceptTransfer(
  context: CheckContext,
  signerSecret: Uint8Array,
  nowMs: number,
  request: { readonly signedArkTx: string; readonly checkpointTxs: readonly string[] },
): {
  readonly accepted: Extract<ArkdRecord, { type: "accepted" }>;
  readonly owners: readonly Extract<ArkdRecord, { type: "owner" }>[];
} {
  const submission = parseSubmission(context.state, request.signedArkTx, request.checkpointTxs);
  const vtxoIds = [...submission.checkpoints.values()].map(({ vtxoId }) => vtxoId);
  const vtxos = checkVtxosFree(context, vtxoIds);
  const inputs = readArkInputs(context, submission, vtxos);
  const outputs = readArkOutputs(context.state.settings, submission);
  const { arkTx, arkTxid } = submission;
  checkAssets({ state: context.state, arkTx, arkTxid, inputs, groups: readAssetGroups(arkTx) });
  const rebuilt = rebuildTxs(context, submission, inputs, outputs);
  const signatures = checkArkSignatures(context, submission, inputs, rebuilt);
  checkWeight(context.state.settings, submission, inputs, rebuilt, signatures);
  return {
    accepted: {
      type: "accepted",
      atMs: nowMs,
      arkTxid: submission.arkTxid,
      psbt: signArkTx(rebuilt, inputs, signatures, signerSecret),
      checkpoints: signCheckpoints(inputs, rebuilt, signerSecret),
    },
    owners: learnOwners(context, inputs),
  };
}

/** Our own copy with the owners' verified signatures and the server's; whatever else the client attached is dropped. */
function signArkTx(
  { arkTx }: RebuiltTxs,
  inputs: readonly ArkInput[],
  signatures: readonly OwnerSignatures[],
  signerSecret: Uint8Array,
): string {
  const pubKey = xOnlyPointFromScalar(signerSecret);
  const own = inputs.map(({ index, leafScript }) => signWith(signerSecret, sighashOf(arkTx, index, leafScript)));
  for (const { index, leafScript } of inputs) {
    const leafHash = leafHashOf(leafScript);
    const server = own[index];
    if (server === undefined) throw new Error("more inputs than signatures");
    const owners = (signatures[index] ?? []).map(({ pubkey, encoded }): TapScriptSig => [
      { pubKey: hex.decode(pubkey), leafHash },
      encoded,
    ]);
    arkTx.updateInput(index, { tapScriptSig: [...owners, [{ pubKey, leafHash }, server]] }, true);
  }
  return toPsbt(arkTx);
}

type TapScriptSig = [{ pubKey: Uint8Array; leafHash: Uint8Array }, Uint8Array];

function signCheckpoints(
  inputs: readonly ArkInput[],
  rebuilt: RebuiltTxs,
  signerSecret: Uint8Array,
): readonly CheckpointRecord[] {
  const pubkey = hex.encode(xOnlyPointFromScalar(signerSecret));
  return rebuilt.checkpoints.map((tx, index) => {
    const input = inputs[index];
    if (input === undefined) throw new Error("more checkpoints than inputs");
    addSignature(tx, 0, input.leafScript, pubkey, signWith(signerSecret, sighashOf(tx, 0, input.leafScript)));
    return { txid: tx.id, psbt: toPsbt(tx), vtxoId: input.vtxo.vtxoId };
  });
}

/** A spend shows the key behind a script; the conservation view groups balances by it. */
function learnOwners(
  { state, signerPubkey }: CheckContext,
  inputs: readonly ArkInput[],
): readonly Extract<ArkdRecord, { type: "owner" }>[] {
  return inputs.flatMap(({ vtxo, closure }) => {
    const owners = closure.pubkeys.filter((pubkey) => pubkey !== signerPubkey);
    const [pubkey] = owners;
    if (pubkey === undefined || owners.length > 1 || state.owners.has(vtxo.script)) return [];
    return [{ type: "owner" as const, script: vtxo.script, pubkey }];
  });
}
