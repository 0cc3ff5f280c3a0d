import { buildForfeitTx, Transaction, TxTree, validateConnectorsTxGraph } from "@arkade-os/sdk";
import { base64, hex } from "@scure/base";
import { SigHash } from "@scure/btc-signer";

import { toPsbt } from "../ark/psbt";
import { sighashOf } from "../ark/sighash";
import { defaultVtxoScript } from "../ark/vtxo-script";
import type { GatewayKey } from "../ark/wallet-keys";
import { AppError, assert } from "../errors";
import type { TreeNode } from "../ports/ark-batches";
import type { Random } from "../ports/random";
import { signSchnorr } from "../schnorr";
import type { BatchInput } from "./batch-intent";

export interface ForfeitRules {
  readonly commitmentPsbt: string;
  /** As the tree was signed for: no other commitment may take our VTXOs. */
  readonly commitmentTxid: string;
  /** Output script of arkd's forfeit address. */
  readonly forfeitScript: Uint8Array;
  readonly keys: readonly GatewayKey[];
  readonly random: Pick<Random, "bytes">;
}

/**
 * One signed forfeit tx per live input, base64 PSBTs: it gives arkd the VTXO, but spends a connector too, which only exists once
 * the commitment tx is on the chain. Throws `payload_mismatch` when the connectors do not hang on that commitment.
 */
export function buildForfeits(
  inputs: readonly BatchInput[],
  connectorNodes: readonly TreeNode[],
  rules: ForfeitRules,
): readonly string[] {
  const commitment = orMismatch(() => Transaction.fromPSBT(base64.decode(rules.commitmentPsbt)));
  if (commitment.id !== rules.commitmentTxid) throw mismatch("the commitment is another one than the tree's");
  const live = inputs.filter(({ isRecoverable }) => !isRecoverable);
  if (live.length === 0) return [];
  const leaves = orMismatch(() => {
    const tree = TxTree.create(connectorNodes.map(({ txid, psbt, children }) => ({ txid, tx: psbt, children })));
    validateConnectorsTxGraph(rules.commitmentPsbt, tree);
    return tree.leaves();
  });
  return live.map((input, index) => {
    const leaf = leaves[index];
    if (leaf === undefined) throw mismatch("there are fewer connectors than VTXOs to forfeit");
    return toPsbt(buildForfeit(input, leaf, rules));
  });
}

function buildForfeit(input: BatchInput, connector: Transaction, rules: ForfeitRules): Transaction {
  const { script, amount } = connector.getOutput(0);
  if (script === undefined || amount === undefined) throw mismatch("a connector has no output");
  const vtxoScript = defaultVtxoScript(input.ownerPubkey, input);
  const tx = buildForfeitTx(
    [
      {
        txid: input.txid,
        index: input.vout,
        witnessUtxo: { amount: input.amountSats, script: vtxoScript.pkScript },
        sighashType: SigHash.DEFAULT,
        tapLeafScript: [vtxoScript.forfeit()],
      },
      { txid: connector.id, index: 0, witnessUtxo: { amount, script } },
    ],
    rules.forfeitScript,
  );
  const key = rules.keys.find(({ pubkey }) => pubkey === input.ownerPubkey);
  assert(key !== undefined, "a forfeit is signed by the key that owns its VTXO");
  const { sighash, leafHash } = sighashOf(tx, 0);
  const signature = signSchnorr(sighash, key.secretKey, rules.random.bytes(32));
  tx.updateInput(0, { tapScriptSig: [[{ pubKey: hex.decode(key.pubkey), leafHash }, signature]] });
  return tx;
}

function orMismatch<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw mismatch(cause instanceof Error ? cause.message : "malformed", cause);
  }
}

function mismatch(internal: string, cause?: unknown): AppError {
  return new AppError("payload_mismatch", { message: "arkd's batch is not what was asked for", internal, cause });
}
