import { readFileSync } from "node:fs";
import path from "node:path";

import { testKey } from "../testing/ark-transfer";
import { buildMerkleTree, leafHash, merkleProof, rootOfProof } from "./merkle-tree";
import type { SettlementLeaf } from "./settlement";

interface VectorTree {
  readonly name: string;
  readonly merkle_root: string;
  readonly leaves: readonly {
    readonly vtxo_id: string;
    readonly amount_sats: number;
    readonly assets: readonly { readonly asset_id: string; readonly amount: number }[];
    readonly index: number;
    readonly leaf_hash: string;
    readonly path: readonly { readonly side: "left" | "right"; readonly hash: string }[];
  }[];
}

const file = path.join(__dirname, "../../test-vectors/settlement-proofs.vectors.json");
const { trees } = JSON.parse(readFileSync(file, "utf8")) as { readonly trees: readonly VectorTree[] };

const toLeaf = ({ vtxo_id, amount_sats, assets }: VectorTree["leaves"][number]): SettlementLeaf => ({
  vtxoId: vtxo_id,
  amountSats: BigInt(amount_sats),
  assets: assets.map(({ asset_id, amount }) => ({ assetId: asset_id, amount: BigInt(amount) })),
});

const aLeaf = (index: number): SettlementLeaf => ({
  vtxoId: `${testKey(`leaf ${index}`).pubkey}:${index % 4}`,
  amountSats: 330n + BigInt(index),
  assets: index % 3 === 0 ? [{ assetId: `${"ab".repeat(32)}0000`, amount: BigInt(index + 1) }] : [],
});

describe("the Merkle tree of a settlement", () => {
  it.each(trees)("is the one of the vectors: $name", ({ merkle_root, leaves }) => {
    const tree = buildMerkleTree(leaves.map(toLeaf).toReversed());
    expect(tree.root).toBe(merkle_root);
    expect(tree.leaves.map(leafHash)).toEqual(leaves.map(({ leaf_hash }) => leaf_hash));
    expect(leaves.map(({ index }) => merkleProof(tree, index))).toEqual(leaves.map((leaf) => leaf.path));
  });

  it("proves every leaf of a tree of any size", () => {
    for (let size = 1; size <= 40; size++) {
      const tree = buildMerkleTree(Array.from({ length: size }, (_, index) => aLeaf(index)));
      for (const [index, leaf] of tree.leaves.entries()) {
        expect([size, rootOfProof(leaf, merkleProof(tree, index))]).toEqual([size, tree.root]);
      }
    }
  });

  it("proves no leaf that was changed, and none with another one's path", () => {
    for (let size = 1; size <= 20; size++) {
      const tree = buildMerkleTree(Array.from({ length: size }, (_, index) => aLeaf(index)));
      for (const [index, leaf] of tree.leaves.entries()) {
        const path = merkleProof(tree, index);
        const changes: readonly SettlementLeaf[] = [
          { ...leaf, amountSats: leaf.amountSats + 1n },
          { ...leaf, vtxoId: `${leaf.vtxoId}0` },
          { ...leaf, assets: [...leaf.assets, { assetId: `${"cd".repeat(32)}0000`, amount: 1n }] },
        ];
        for (const changed of changes) expect(rootOfProof(changed, path)).not.toBe(tree.root);
        if (size > 1) {
          expect(rootOfProof(leaf, merkleProof(tree, (index + 1) % size))).not.toBe(tree.root);
          expect(rootOfProof(leaf, path.slice(1))).not.toBe(tree.root);
        }
      }
    }
  });

  it("does not depend on the order of its leaves", () => {
    const leaves = Array.from({ length: 9 }, (_, index) => aLeaf(index));
    const { root } = buildMerkleTree(leaves);
    expect(buildMerkleTree(leaves.toReversed()).root).toBe(root);
    expect(buildMerkleTree([...leaves.slice(4), ...leaves.slice(0, 4)]).root).toBe(root);
  });

  it("takes no leaf twice and none of nothing", () => {
    expect(() => buildMerkleTree([aLeaf(1), aLeaf(1)])).toThrow();
    expect(() => buildMerkleTree([])).toThrow();
  });
});
