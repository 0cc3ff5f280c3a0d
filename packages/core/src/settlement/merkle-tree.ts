import { hex } from "@scure/base";

import { assert } from "../errors";
import { taggedHash } from "../tagged-hash";
import type { SettlementLeaf } from "./settlement";

const LEAF_TAG = "arkrelay/merkle/leaf/v1";
const NODE_TAG = "arkrelay/merkle/node/v1";

/** One step from a leaf to the root: the other child and on which side of it the way up lies. */
export interface ProofStep {
  readonly side: "left" | "right";
  /** 64 hex. */
  readonly hash: string;
}

export interface MerkleTree {
  /** 64 hex. */
  readonly root: string;
  /** In the tree's order: by leaf hash. */
  readonly leaves: readonly SettlementLeaf[];
}

/** Tagged hash over `txid:vout:amount_sats`, then `:asset_id:amount` for each asset in order of asset_id. */
export function leafHash({ vtxoId, amountSats, assets }: SettlementLeaf): string {
  const sorted = assets.toSorted((a, b) => (a.assetId < b.assetId ? -1 : 1));
  const parts = [vtxoId, amountSats, ...sorted.flatMap(({ assetId, amount }) => [assetId, amount])];
  return hex.encode(taggedHash(LEAF_TAG, new TextEncoder().encode(parts.join(":"))));
}

/**
 * The tree over unique leaves, sorted by their hash. Leaves and nodes are hashed under different tags, so that no node can be shown as a
 * leaf; an odd node moves up unchanged, so no leaf can be counted twice.
 */
export function buildMerkleTree(leaves: readonly SettlementLeaf[]): MerkleTree {
  assert(leaves.length > 0, "a tree has a leaf");
  assert(new Set(leaves.map(({ vtxoId }) => vtxoId)).size === leaves.length, "leaves are unique");
  const hashed = leaves.map((leaf) => ({ leaf, hash: leafHash(leaf) })).toSorted((a, b) => (a.hash < b.hash ? -1 : 1));
  const root = levelsOf(hashed.map(({ hash }) => hash)).at(-1)?.[0];
  assert(root !== undefined, "the last level is the root");
  return { root, leaves: hashed.map(({ leaf }) => leaf) };
}

/** The path from leaf `index` of a tree up to its root; shorter where a node moved up unchanged. */
export function merkleProof({ leaves }: MerkleTree, index: number): readonly ProofStep[] {
  assert(index >= 0 && index < leaves.length, "a proof is of a leaf");
  const path: ProofStep[] = [];
  let position = index;
  for (const level of levelsOf(leaves.map(leafHash)).slice(0, -1)) {
    const isRight = position % 2 === 1;
    const sibling = level[isRight ? position - 1 : position + 1];
    if (sibling !== undefined) path.push({ side: isRight ? "left" : "right", hash: sibling });
    position = Math.floor(position / 2);
  }
  return path;
}

/** The root that a leaf and its path lead to. */
export function rootOfProof(leaf: SettlementLeaf, path: readonly ProofStep[]): string {
  return path.reduce(
    (hash, step) => (step.side === "left" ? nodeHash(step.hash, hash) : nodeHash(hash, step.hash)),
    leafHash(leaf),
  );
}

/** From the leaf hashes up to the root alone. */
function levelsOf(hashes: readonly string[]): readonly (readonly string[])[] {
  const levels = [hashes];
  for (let level = hashes; level.length > 1; levels.push(level)) {
    const below = level;
    level = Array.from({ length: Math.ceil(below.length / 2) }, (_, pair) => {
      const [left = "", right] = below.slice(2 * pair, 2 * pair + 2);
      return right === undefined ? left : nodeHash(left, right);
    });
  }
  return levels;
}

function nodeHash(left: string, right: string): string {
  return hex.encode(taggedHash(NODE_TAG, new Uint8Array([...hex.decode(left), ...hex.decode(right)])));
}
