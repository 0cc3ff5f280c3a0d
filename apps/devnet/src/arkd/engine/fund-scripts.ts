import { P2A, Transaction } from "@arkade-os/sdk";
import { sha256 } from "@noble/hashes/sha2.js";
import { hex } from "@scure/base";

import { utf8 } from "./bytes";
import { toPsbt } from "./psbt";
import type { ArkdRecord } from "./records";
import type { AssetAmount } from "./vtxo";

/** Outputs of one leaf tx; far below the weight limit of a real tree leaf. */
export const FUNDED_OUTPUTS_MAX = 1000;

const NO_ASSETS = { assets: [], newAssetIds: [] };

/**
 * The faucet: VTXOs rooted directly in a commitment, as a batch would have made them. The commitment itself is only a txid,
 * derived from seed and count so that it repeats in a run with the same seed and never within one. Assets ride on each of the VTXOs; their units come from nowhere too, without a packet that says so.
 */
export function fundScript(
  input: {
    readonly seed: string;
    readonly commitmentCount: number;
    readonly nowMs: number;
    readonly expirySeconds: number;
  },
  script: string,
  amountSats: bigint,
  count: number,
  funds: { readonly assets: readonly AssetAmount[]; readonly newAssetIds: readonly string[] } = NO_ASSETS,
): Extract<ArkdRecord, { type: "funded" }> {
  const commitmentTxid = hex.encode(sha256(utf8(`${input.seed}/commitment/${input.commitmentCount}`)));
  const leaf = new Transaction({ version: 3 });
  const pkScript = hex.decode(script);
  leaf.addInput({
    txid: commitmentTxid,
    index: 0,
    witnessUtxo: { script: pkScript, amount: amountSats * BigInt(count) },
  });
  for (let vout = 0; vout < count; vout += 1) leaf.addOutput({ script: pkScript, amount: amountSats });
  leaf.addOutput(P2A);
  return {
    type: "funded",
    atMs: input.nowMs,
    commitmentTxid,
    txid: leaf.id,
    psbt: toPsbt(leaf),
    expiresAt: Math.floor(input.nowMs / 1000) + input.expirySeconds,
    vtxos: Array.from({ length: count }, (_, vout) => ({
      vout,
      amountSats: String(amountSats),
      script,
      isSwept: false,
      assets: funds.assets.map(({ assetId, amount }) => ({ assetId, amount: String(amount) })),
    })),
    supply: funds.assets.map(({ assetId, amount }) => ({
      assetId,
      issued: String(amount * BigInt(count)),
      burnt: "0",
      ...(funds.newAssetIds.includes(assetId) && { genesis: { controlAssetId: "", metadata: "" } }),
    })),
  };
}
