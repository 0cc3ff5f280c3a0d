import { assert } from "../errors";
import type { Posting } from "../ports/ledger-store";
import { GBTC } from "../vtxo/vtxo";

const MSAT_PER_SAT = 1000n;

/** The L2 fee at finalisation: the co-input came back `feeSats` larger. Business id = ark txid, so it is posted once. */
export function l2FeePostings(feeSats: bigint): readonly Posting[] {
  const amount = feeSats * MSAT_PER_SAT;
  return balanced([
    { account: "asset:ark", assetId: GBTC, amount },
    { account: "income:l2_fee", assetId: GBTC, amount: -amount },
  ]);
}

/** Sum zero per asset, checked before every write (and again by the store). */
export function balanced(postings: readonly Posting[]): readonly Posting[] {
  const sums = new Map<string, bigint>();
  for (const { assetId, amount } of postings) sums.set(assetId, (sums.get(assetId) ?? 0n) + amount);
  for (const [assetId, sum] of sums) assert(sum === 0n, `postings of ${assetId} sum to ${sum}`);
  return postings;
}
