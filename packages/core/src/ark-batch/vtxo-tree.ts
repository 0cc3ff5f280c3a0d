import {
  CosignerPublicKey,
  CSVMultisigTapscript,
  getArkPsbtFields,
  Transaction,
  TxTree,
  validateVtxoTxGraph,
} from "@arkade-os/sdk";
import { schnorr } from "@noble/curves/secp256k1.js";
import { base64, hex } from "@scure/base";
import { keyAggregate, sortKeys } from "@scure/btc-signer/musig2.js";
import { tapLeafHash } from "@scure/btc-signer/payment.js";

import { findAssetPacket } from "../ark/extension";
import type { ArkOutput } from "../ark/types";
import { AppError } from "../errors";
import type { TreeNode } from "../ports/ark-batches";
import { verifySchnorr } from "../schnorr";
import { delaySeconds, FIRST_DELAY_IN_SECONDS } from "./min-expiry";

const TREE_TX_VERSION = 3;
const FINAL_SEQUENCE = 0xffffffff;

/** One transaction of a checked VTXO tree. */
export interface CheckedNode {
  readonly txid: string;
  /** Compressed keys, sorted as MuSig2 wants them. */
  readonly cosigners: readonly Uint8Array[];
  readonly tapTweak: Uint8Array;
  /** What its signature signs. */
  readonly sighash: Uint8Array;
  /** x-only key that the signature must verify under. */
  readonly outputKey: Uint8Array;
}

export interface CheckedTree {
  readonly commitmentTxid: string;
  /** Script of the commitment's first output, which holds the tree; hex. */
  readonly batchScript: string;
  readonly nodes: readonly CheckedNode[];
  /** Where the wanted outputs will be: VTXO ids in their order. */
  readonly vtxoIds: readonly string[];
}

export interface TreeRules {
  readonly commitmentPsbt: string;
  /** As arkd announced it: below 512 blocks, else seconds. */
  readonly batchExpiry: number;
  readonly minExpirySeconds: number;
  /** x-only, pinned: who may sweep the tree at its expiry. */
  readonly forfeitPubkey: string;
  readonly cosignerPubkey: string;
  readonly outputs: readonly ArkOutput[];
}

/**
 * Checks the unsigned tree that arkd wants signed: it hangs on the commitment tx, adds up, lives long enough, can be spent before its
 * expiry by all cosigners alone, us among them in every transaction on the way to each of our outputs, and holds every wanted output
 * once with its assets. Throws `payload_mismatch`.
 */
export function checkVtxoTree(chunks: readonly TreeNode[], rules: TreeRules): CheckedTree {
  const expirySeconds = delaySeconds(rules.batchExpiry);
  if (expirySeconds < rules.minExpirySeconds) {
    throw mismatch(`the tree may be swept after ${expirySeconds} s, before ${rules.minExpirySeconds} s`);
  }
  const commitment = parse(rules.commitmentPsbt);
  const sweepLeafHash = sweepLeafHashOf(rules);
  const tree = orMismatch(() => {
    const built = TxTree.create(chunks.map(({ txid, psbt, children }) => ({ txid, tx: psbt, children })));
    validateVtxoTxGraph(built, commitment, sweepLeafHash);
    return built;
  });
  const batchOutput = commitment.getOutput(0);
  const nodes = [...tree.iterator()].map(({ root }) => checkNode(root, tree, batchOutput, sweepLeafHash));
  return {
    commitmentTxid: commitment.id,
    batchScript: hex.encode(batchOutput.script ?? new Uint8Array()),
    nodes,
    vtxoIds: findOutputs(tree, rules),
  };
}

/** Whether every transaction of the tree carries the signature of all its cosigners. */
export function isTreeSigned(tree: CheckedTree, signatures: ReadonlyMap<string, string>): boolean {
  return tree.nodes.every(({ txid, sighash, outputKey }) => {
    const signature = signatures.get(txid);
    return signature !== undefined && verifySchnorr(hex.decode(signature), sighash, outputKey);
  });
}

function cosignersOf(tx: Transaction): readonly Uint8Array[] {
  return getArkPsbtFields(tx, 0, CosignerPublicKey).map(({ key }) => key);
}

function checkNode(
  tx: Transaction,
  tree: TxTree,
  batchOutput: { readonly script?: Uint8Array; readonly amount?: bigint },
  sweepLeafHash: Uint8Array,
): CheckedNode {
  const { txid = new Uint8Array(), index = 0, sequence = FINAL_SEQUENCE } = tx.getInput(0);
  // Anything else would keep the transaction from the chain, maybe until arkd may sweep what it spends.
  const isAlwaysMinable = tx.version === TREE_TX_VERSION && tx.lockTime === 0 && sequence === FINAL_SEQUENCE;
  if (!isAlwaysMinable || tx.inputsLength !== 1) throw mismatch(`${tx.id} cannot go to the chain at any time`);
  const parent = tx.id === tree.txid ? undefined : tree.find(hex.encode(txid))?.root;
  const spent = parent === undefined ? batchOutput : parent.getOutput(index);
  if (spent.script === undefined || spent.amount === undefined) throw mismatch(`${tx.id} spends nothing`);
  const cosigners = orMismatch(() => sortKeys([...cosignersOf(tx)]));
  const tapTweak = tapTweakOf(cosigners, sweepLeafHash);
  const outputKey = keyAggregate(cosigners, [tapTweak], [true]).aggPublicKey.toBytes(true).subarray(1);
  // The SDK looks at the outputs inside the tree; the root's own key, the commitment's output, is left to us.
  if (hex.encode(spent.script) !== `5120${hex.encode(outputKey)}`) throw mismatch(`${tx.id} is not its cosigners'`);
  const sighash = tx.preimageWitnessV1(0, [spent.script], 0, [spent.amount]);
  return { txid: tx.id, cosigners, tapTweak, sighash, outputKey };
}

function tapTweakOf(keys: Uint8Array[], root: Uint8Array): Uint8Array {
  const { aggPublicKey } = keyAggregate(keys);
  return schnorr.utils.taggedHash("TapTweak", aggPublicKey.toBytes(true).subarray(1), root);
}

function sweepLeafHashOf({ batchExpiry, forfeitPubkey }: TreeRules): Uint8Array {
  const type = batchExpiry >= FIRST_DELAY_IN_SECONDS ? "seconds" : "blocks";
  const timelock = { type, value: BigInt(batchExpiry) } as const;
  return orMismatch(() =>
    tapLeafHash(CSVMultisigTapscript.encode({ timelock, pubkeys: [hex.decode(forfeitPubkey)] }).script),
  );
}

/** Each wanted output in a leaf of its own, which nobody can make void without us. */
function findOutputs(tree: TxTree, { outputs, cosignerPubkey }: TreeRules): readonly string[] {
  const free = leavesSignedBy(tree, cosignerPubkey).flatMap(outputsOf);
  return outputs.map((wanted) => {
    const position = free.findIndex((candidate) => isSame(candidate, wanted));
    const [found] = position < 0 ? [] : free.splice(position, 1);
    if (found === undefined) throw mismatch(`no leaf pays ${wanted.amountSats} sats to ${wanted.script}`);
    return found.vtxoId;
  });
}

/** Leaves with the key in every transaction down to them: the others of one that lacks it could spend its output another way. */
function leavesSignedBy({ root, children }: TxTree, cosignerPubkey: string): readonly Transaction[] {
  if (!cosignersOf(root).some((key) => hex.encode(key) === cosignerPubkey)) return [];
  if (children.size === 0) return [root];
  return [...children.values()].flatMap((child) => leavesSignedBy(child, cosignerPubkey));
}

function outputsOf(leaf: Transaction) {
  const scripts = Array.from({ length: leaf.outputsLength }, (_, vout) =>
    hex.encode(leaf.getOutput(vout).script ?? new Uint8Array()),
  );
  const packet = findAssetPacket(scripts) ?? [];
  return scripts.map((script, vout) => ({
    vtxoId: `${leaf.id}:${vout}`,
    script,
    amountSats: leaf.getOutput(vout).amount ?? 0n,
    assets: packet.flatMap((group) =>
      group.outputs
        .filter((output) => output.vout === vout)
        .map(({ amount }) => ({ assetId: group.assetId ?? "", amount })),
    ),
  }));
}

function isSame(candidate: ArkOutput, wanted: ArkOutput): boolean {
  const describe = ({ assets = [] }: ArkOutput): string =>
    assets
      .map(({ assetId, amount }) => `${assetId}=${amount}`)
      .toSorted()
      .join();
  return (
    candidate.script === wanted.script &&
    candidate.amountSats === wanted.amountSats &&
    describe(candidate) === describe(wanted)
  );
}

function parse(psbt: string): Transaction {
  return orMismatch(() => Transaction.fromPSBT(base64.decode(psbt)));
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
