import { hex } from "@scure/base";

import vectors from "../../test-vectors/ark-transfer.vectors.json";
import { NO_RANDOM, signArkTx, signCheckpoints, type TestKey } from "../testing/ark-transfer";
import type { AssetAmount } from "./asset-types";
import { buildArkTx } from "./build-ark-tx";
import { getPendingTxProof } from "./pending-proof";
import { matchServerCheckpoints, verifyServerSignedArkTx } from "./server-signatures";
import { arkItems, checkpointItems } from "./signing-items";
import type { ArkInput, ArkParams } from "./types";
import { verifyFinalizable, verifySubmittable } from "./verify-finalizable";
import { vtxoScriptFor } from "./vtxo-script";

// The wallet-side verifier of the SDK is written apart from this code and held to the same file.

const params: ArkParams = {
  signerPubkey: vectors.params.signer_pubkey,
  checkpointTapscript: vectors.params.checkpoint_tapscript,
  exitDelay: vectors.params.exit_delay,
};

const owners = [vectors.keys.alice, vectors.keys.bob, vectors.keys.gateway].map(toKey);
const arkd = [toKey(vectors.keys.arkd_signer)];

function toKey({ secret_key, pubkey }: { secret_key: string; pubkey: string }): TestKey {
  return { secretKey: hex.decode(secret_key), pubkey };
}

/** Units are decimal text: they go up to 64 bits. */
interface FrozenAssets {
  readonly assets?: readonly { readonly asset_id: string; readonly amount: string }[];
}

function assetsOf({ assets = [] }: FrozenAssets): readonly AssetAmount[] {
  return assets.map(({ asset_id, amount }) => ({ assetId: asset_id, amount: BigInt(amount) }));
}

function toInput(vtxoId: string, amountSats: number, ownerPubkey: string): ArkInput {
  const [txid = "", vout = ""] = vtxoId.split(":");
  const { signerPubkey, exitDelay } = params;
  return {
    vtxoId,
    txid,
    vout: Number(vout),
    amountSats: BigInt(amountSats),
    ownerPubkey,
    signerPubkey,
    exitDelay,
  };
}

test.each(vectors.vtxo_scripts)("the script and address of $owner_pubkey are the frozen ones", (frozen) => {
  const { script, tapTree, address } = vtxoScriptFor(frozen.owner_pubkey, params, "regtest");
  expect({ script, tap_tree: tapTree, address }).toEqual({
    script: frozen.script,
    tap_tree: frozen.tap_tree,
    address: frozen.address,
  });
});

describe.each(vectors.transfers)("$name", (frozen) => {
  const checkpointPsbts = frozen.unsigned.checkpoint_psbts;

  test("is built to the frozen bytes", () => {
    const built = buildArkTx(
      params,
      frozen.inputs.map((input) => ({
        ...toInput(input.vtxo_id, input.amount_sats, input.owner_pubkey),
        assets: assetsOf(input),
      })),
      frozen.outputs.map((output) => ({
        script: output.script,
        amountSats: BigInt(output.amount_sats),
        assets: assetsOf(output),
      })),
    );
    expect(built.txid).toBe(frozen.txid);
    expect(built.arkPsbt).toBe(frozen.unsigned.ark_psbt);
    expect(built.checkpoints.map(({ psbt }) => psbt)).toEqual(checkpointPsbts);
    expect(built.checkpoints.map(({ txid }) => txid)).toEqual(frozen.checkpoint_txids);
  });

  test("asks for the frozen signatures", () => {
    const items = owners.flatMap(({ pubkey }) => [
      ...arkItems(frozen.unsigned.ark_psbt, pubkey),
      ...checkpointItems(checkpointPsbts, pubkey),
    ]);
    expect(items).toEqual(frozen.items);
  });

  test("is signed and completed to the frozen bytes", () => {
    const submitted = signArkTx(frozen.unsigned.ark_psbt, owners);
    verifySubmittable({ arkPsbt: submitted, checkpointPsbts });
    expect(submitted).toBe(frozen.submitted.ark_psbt);
    expect(verifyServerSignedArkTx(submitted, signArkTx(submitted, arkd))).toBe(frozen.accepted.ark_psbt);
    const matched = matchServerCheckpoints(checkpointPsbts, signCheckpoints(checkpointPsbts, arkd));
    expect(matched).toEqual(frozen.accepted.checkpoint_psbts);
    const final = signCheckpoints(matched, owners);
    expect(final).toEqual(frozen.final.checkpoint_psbts);
    verifyFinalizable({ arkPsbt: frozen.accepted.ark_psbt, checkpointPsbts: final });
  });
});

test("the ownership proof is the frozen one", () => {
  const { vtxo_ids, amounts_sats, expire_at, proof, message } = vectors.pending_proof;
  const { pubkey, secretKey } = toKey(vectors.keys.gateway);
  const inputs = vtxo_ids.map((vtxoId, i) => toInput(vtxoId, amounts_sats[i] ?? 0, pubkey));
  expect(getPendingTxProof(inputs, expire_at, secretKey, NO_RANDOM)).toEqual({ proof, message });
});
