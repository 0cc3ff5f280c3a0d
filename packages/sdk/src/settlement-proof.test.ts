import { readFileSync } from "node:fs";
import path from "node:path";

import { verifySettlementProof } from "./settlement-proof.js";

interface Proof {
  readonly vtxo_id: string;
  readonly amount_sats: number;
  readonly assets: { readonly asset_id: string; readonly amount: number }[];
  readonly path: { readonly side: "left" | "right"; readonly hash: string }[];
}

/** Frozen trees, read as data: this package shares no code with the gateway. */
const file = path.join(__dirname, "../../core/test-vectors/settlement-proofs.vectors.json");
const { trees } = JSON.parse(readFileSync(file, "utf8")) as {
  readonly trees: readonly { readonly name: string; readonly merkle_root: string; readonly leaves: readonly Proof[] }[];
};

describe("verifySettlementProof", () => {
  it.each(trees)("accepts every leaf: $name", ({ merkle_root, leaves }) => {
    for (const leaf of leaves) expect(verifySettlementProof({ ...leaf, merkle_root })).toBe(true);
  });

  it.each(trees)("refuses a leaf that says something else: $name", ({ merkle_root, leaves }) => {
    for (const leaf of leaves) {
      const proof = { ...leaf, merkle_root };
      expect(verifySettlementProof({ ...proof, amount_sats: leaf.amount_sats + 1 })).toBe(false);
      expect(verifySettlementProof({ ...proof, merkle_root: "00".repeat(32) })).toBe(false);
      expect(verifySettlementProof({ ...proof, assets: [{ asset_id: "aa", amount: 1 }] })).toBe(false);
      expect(verifySettlementProof({ ...proof, path: [...leaf.path, { side: "left", hash: merkle_root }] })).toBe(
        false,
      );
    }
  });

  it("refuses a malformed path without throwing", () => {
    const [tree] = trees;
    const [leaf] = tree?.leaves ?? [];
    if (tree === undefined || leaf === undefined) throw new Error("no vectors");
    const proof = { ...leaf, merkle_root: tree.merkle_root };
    expect(verifySettlementProof({ ...proof, path: [{ side: "left", hash: "zz" }] })).toBe(false);
    expect(verifySettlementProof({ ...proof, merkle_root: "" })).toBe(false);
    const long = Array.from({ length: 65 }, () => ({ side: "left" as const, hash: "ab".repeat(32) }));
    expect(verifySettlementProof({ ...proof, path: long })).toBe(false);
  });
});
