import { hex } from "@scure/base";

import { taggedHash } from "./payloads.js";
import type { SettlementProof } from "./response-schemas.js";

const HASH = /^[0-9a-f]{64}$/;
/** Higher than any tree that can be built. */
const PATH_MAX = 64;

/**
 * Whether the leaf and its path lead to the Merkle root. Compare `merkle_root` with that of a 31342 which the gateway has signed, and
 * the amounts with arkd's indexer: the proof itself only says that this root holds this output. It is the gateway's claim, not L1's.
 */
export function verifySettlementProof(
  proof: Pick<SettlementProof, "vtxo_id" | "amount_sats" | "assets" | "merkle_root" | "path">,
): boolean {
  const { path, merkle_root: root } = proof;
  if (!HASH.test(root) || path.length > PATH_MAX || path.some(({ hash }) => !HASH.test(hash))) return false;
  const top = path.reduce(
    (hash, step) => (step.side === "left" ? nodeHash(step.hash, hash) : nodeHash(hash, step.hash)),
    leafHash(proof),
  );
  return top === root;
}

/** `txid:vout:amount_sats`, then `:asset_id:amount` for each asset in order of the id. */
function leafHash({
  vtxo_id,
  amount_sats,
  assets,
}: Pick<SettlementProof, "vtxo_id" | "amount_sats" | "assets">): string {
  const sorted = assets.toSorted((a, b) => (a.asset_id < b.asset_id ? -1 : 1));
  const carried = sorted.flatMap(({ asset_id, amount }) => [asset_id, String(amount)]);
  return taggedHash("arkrelay/merkle/leaf/v1", [vtxo_id, String(amount_sats), ...carried].join(":"));
}

function nodeHash(left: string, right: string): string {
  return taggedHash("arkrelay/merkle/node/v1", new Uint8Array([...hex.decode(left), ...hex.decode(right)]));
}
