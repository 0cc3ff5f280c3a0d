import {
  CosignerPublicKey,
  CSVMultisigTapscript,
  Extension,
  P2A,
  Transaction,
  VtxoTreeExpiry,
  asset,
  setArkPsbtField,
} from "@arkade-os/sdk";
import { sha256 } from "@noble/hashes/sha2.js";
import { hex } from "@scure/base";
import { tapLeafHash } from "@scure/btc-signer/payment.js";

import { utf8 } from "../engine/bytes";
import { TX_OPTIONS } from "../engine/psbt";
import { toTimelock } from "../engine/server-keys";
import { aggregateKeys } from "./aggregate-keys";
import type { BatchOutput, BatchVtxo, RegisteredIntent } from "./registered-intent";

/** One transaction of a tree, with what a client needs to check and sign it. */
export interface TreeNode {
  readonly tx: Transaction;
  /** Child txid by output. */
  readonly children: Readonly<Record<number, string>>;
  /** Compressed, sorted by nobody; none in the tree of connectors. */
  readonly cosigners: readonly string[];
  /** The output it spends. */
  readonly prevout: { readonly script: Uint8Array; readonly amount: bigint };
  /** Set on leaves of the VTXO tree. */
  readonly output?: BatchOutput;
}

/** The transactions of one batch, unsigned. */
export interface BuiltBatch {
  readonly commitmentTx: Transaction;
  /** Root first. */
  readonly vtxoTree: readonly TreeNode[];
  /** Root first; none when nothing has to be forfeited. */
  readonly connectorTree: readonly TreeNode[];
  /** Connector i belongs to whoever forfeits VTXO i; all are worth dust. */
  readonly connectors: readonly { readonly txid: string; readonly script: Uint8Array; readonly amount: bigint }[];
  /** Tap leaf hash of the server's sweep leaf: the tweak of every key of the tree. */
  readonly sweepLeafHash: Uint8Array;
}

export interface BatchParams {
  /** Compressed. */
  readonly signerPubkey: string;
  readonly forfeitPubkey: string;
  readonly forfeitScript: Uint8Array;
  /** What the tree expires after; below 512 blocks, else seconds in multiples of 512. */
  readonly batchExpiry: number;
  readonly dustSats: bigint;
  /** Names the coin of the server's wallet that pays for the batch. */
  readonly walletCoin: string;
}

/**
 * Builds a batch: a commitment tx with the VTXO tree's root in output 0 and the connectors' in output 1. Simplified against the
 * real one: a flat tree (one root over all leaves, or the leaf itself), and a wallet coin of exactly the right size.
 */
export function buildBatch(
  params: BatchParams,
  intents: readonly RegisteredIntent[],
  live: readonly BatchVtxo[],
): BuiltBatch {
  const sweepLeafHash = tapLeafHash(sweepLeafOf(params));
  const leaves = intents.flatMap((intent) =>
    intent.outputs.map((output, index) => ({
      output,
      cosigners: [...intent.cosigners, params.signerPubkey],
      packet: packetOf(intent, output, index),
    })),
  );
  const treeKey = keyScript(
    leaves.flatMap(({ cosigners }) => cosigners),
    sweepLeafHash,
  );
  const treeAmount = leaves.reduce((sum, { output }) => sum + output.amountSats, 0n);
  const connectorAmount = params.dustSats * BigInt(live.length);

  const commitmentTx = new Transaction({ version: 2, ...TX_OPTIONS });
  commitmentTx.addInput({
    txid: hex.encode(sha256(utf8(params.walletCoin))),
    index: 0,
    witnessUtxo: { script: params.forfeitScript, amount: treeAmount + connectorAmount },
  });
  commitmentTx.addOutput({ script: treeKey, amount: treeAmount });
  if (live.length > 0) commitmentTx.addOutput({ script: params.forfeitScript, amount: connectorAmount });

  const root = { txid: commitmentTx.id, index: 0, script: treeKey, amount: treeAmount };
  const vtxoTree = buildVtxoTree(root, leaves, { sweepLeafHash, batchExpiry: params.batchExpiry });
  const connectorTree = buildConnectors(
    { txid: commitmentTx.id, index: 1, script: params.forfeitScript, amount: connectorAmount },
    live.length,
    params.dustSats,
  );
  const connectors = connectorTree
    .filter(({ children }) => Object.keys(children).length === 0)
    .map(({ tx }) => ({ txid: tx.id, script: params.forfeitScript, amount: params.dustSats }));
  return { commitmentTx, vtxoTree, connectorTree, connectors, sweepLeafHash };
}

/** The leaf by which the server sweeps the tree at its expiry. */
function sweepLeafOf({ batchExpiry, forfeitPubkey }: Pick<BatchParams, "batchExpiry" | "forfeitPubkey">) {
  return CSVMultisigTapscript.encode({
    timelock: toTimelock(batchExpiry),
    pubkeys: [hex.decode(forfeitPubkey).subarray(1)],
  }).script;
}

/** A taproot output that all cosigners spend together. */
function keyScript(cosigners: readonly string[], sweepLeafHash: Uint8Array): Uint8Array {
  return Uint8Array.of(0x51, 0x20, ...aggregateKeys(cosigners, sweepLeafHash).subarray(1));
}

interface Leaf {
  readonly output: BatchOutput;
  readonly cosigners: readonly string[];
  readonly packet: Uint8Array | undefined;
}

interface Parent {
  readonly txid: string;
  readonly index: number;
  readonly script: Uint8Array;
  readonly amount: bigint;
}

function buildVtxoTree(
  parent: Parent,
  leaves: readonly Leaf[],
  tweak: { readonly sweepLeafHash: Uint8Array; readonly batchExpiry: number },
): readonly TreeNode[] {
  const [only] = leaves;
  if (only !== undefined && leaves.length === 1) return [buildLeaf(parent, only, tweak.batchExpiry)];
  const cosigners = [...new Set(leaves.flatMap((leaf) => leaf.cosigners))];
  const outputs = leaves.map((leaf) => ({
    script: keyScript(leaf.cosigners, tweak.sweepLeafHash),
    amount: leaf.output.amountSats,
  }));
  const root = buildTreeTx(parent, outputs, cosigners, tweak.batchExpiry);
  const children = leaves.map((leaf, index) => {
    const output = outputs[index];
    if (output === undefined) throw new Error("a leaf without its output");
    return buildLeaf({ txid: root.id, index, ...output }, leaf, tweak.batchExpiry);
  });
  return [{ tx: root, children: childrenOf(children), cosigners, prevout: parent }, ...children];
}

function buildLeaf(parent: Parent, { output, cosigners, packet }: Leaf, batchExpiry: number): TreeNode {
  const outputs = [
    { script: hex.decode(output.script), amount: output.amountSats },
    ...(packet === undefined ? [] : [{ script: packet, amount: 0n }]),
  ];
  const unique = [...new Set(cosigners)];
  return {
    tx: buildTreeTx(parent, outputs, unique, batchExpiry),
    children: {},
    cosigners: unique,
    prevout: parent,
    output,
  };
}

function buildConnectors(parent: Parent, count: number, dustSats: bigint): readonly TreeNode[] {
  if (count === 0) return [];
  const output = { script: parent.script, amount: dustSats };
  const leaf = (from: Parent): TreeNode => ({
    tx: buildTreeTx(from, [output], [], undefined),
    children: {},
    cosigners: [],
    prevout: from,
  });
  if (count === 1) return [leaf(parent)];
  const root = buildTreeTx(
    parent,
    Array.from({ length: count }, () => output),
    [],
    undefined,
  );
  const leaves = Array.from({ length: count }, (_, index) => leaf({ txid: root.id, index, ...output }));
  return [{ tx: root, children: childrenOf(leaves), cosigners: [], prevout: parent }, ...leaves];
}

function childrenOf(nodes: readonly TreeNode[]): Record<number, string> {
  return Object.fromEntries(nodes.map(({ tx }, index) => [index, tx.id]));
}

function buildTreeTx(
  { txid, index, script, amount }: Parent,
  outputs: readonly { readonly script: Uint8Array; readonly amount: bigint }[],
  cosigners: readonly string[],
  batchExpiry: number | undefined,
): Transaction {
  const tx = new Transaction({ version: 3, ...TX_OPTIONS });
  tx.addInput({ txid, index, witnessUtxo: { script, amount } });
  for (const output of outputs) tx.addOutput(output);
  tx.addOutput(P2A);
  for (const [position, cosigner] of cosigners.entries()) {
    setArkPsbtField(tx, 0, CosignerPublicKey, { index: position, key: hex.decode(cosigner) });
  }
  if (batchExpiry !== undefined) {
    setArkPsbtField(tx, 0, VtxoTreeExpiry, toTimelock(batchExpiry));
  }
  return tx;
}

/** The packet of a leaf: its units come from the intent, whose txid and output it names. */
function packetOf({ proofTxid }: RegisteredIntent, { assets }: BatchOutput, vin: number): Uint8Array | undefined {
  if (assets.length === 0) return undefined;
  const groups = assets.map(({ assetId, amount }) =>
    asset.AssetGroup.create(
      asset.AssetId.fromString(assetId),
      null,
      [asset.AssetInput.createIntent(proofTxid, vin, amount)],
      [asset.AssetOutput.create(0, amount)],
      [],
    ),
  );
  return Extension.create([asset.Packet.create(groups)]).txOut().script;
}
