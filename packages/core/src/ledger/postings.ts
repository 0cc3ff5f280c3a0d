import type { AssetBacking } from "../asset/registered-asset";
import { assert } from "../errors";
import type { LedgerAccount, Posting } from "../ports/ledger-store";
import { GBTC } from "../vtxo/vtxo";

/**
 * The bookings of users' operations in gBTC, one function per event. Amounts come in sats or msat as their names say and are posted
 * in msat; debit positive, credit negative. Each event is posted once: `kind` below with the id of the operation it belongs to.
 */
export const POSTING_KINDS = {
  /** Business id = ark txid. */
  l2Fee: "l2_fee",
  /** Business id of all lift and land kinds = operation_id. */
  liftDelivered: "lift_delivered",
  liftPaid: "lift_paid",
  liftLost: "lift_lost",
  landReceived: "land_received",
  landPaid: "land_paid",
  landRefunded: "land_refunded",
  /** Business id of both = session id. */
  renewalReceived: "renewal_received",
  renewalPaid: "renewal_paid",
  /** Business id = `<account>:<asset id>`. */
  openingBalance: "opening_balance",
  /** Business id = vtxo_id. */
  vtxoUnsolicited: "vtxo_unsolicited",
  /** Business id = name of the asset. */
  assetIssued: "asset_issued",
  /** Business id = job_id. */
  assetMinted: "asset_minted",
  /** Business id = job_id. */
  vtxoAssigned: "vtxo_assigned",
  /** Business id = `<name of the asset>:<units left>`. */
  assetBurnt: "asset_burnt",
  /** Business id = id of the operator's job. */
  channelOpened: "channel_opened",
  onchainSent: "onchain_sent",
  /** Business id = commitment txid. */
  batch: "batch",
  /** Business id of both = session id. */
  ceremonyFrozen: "ceremony_frozen",
  ceremonyThawed: "ceremony_thawed",
  /** Business id = channel point. */
  channelClosed: "channel_closed",
  /** Business id = txid; entries without postings, which say that a close has counted this transaction. */
  channelSwept: "channel_swept",
  /** Business id = when it settled (ns) and its two channels. */
  forward: "forward",
  /** Business id = the operator's reference. */
  operatorEntry: "operator_entry",
} as const;

export const MSAT_PER_SAT = 1000n;

/** The L2 fee at finalisation: the co-input came back `feeSats` larger. */
export function l2FeePostings(feeSats: bigint): readonly Posting[] {
  return gbtcPostings([
    ["asset:ark", feeSats * MSAT_PER_SAT],
    ["income:l2_fee", -feeSats * MSAT_PER_SAT],
  ]);
}

/** The user's VTXO is final: until the invoice is settled Lightning owes it to us. */
export function liftDeliveredPostings(amountSats: bigint): readonly Posting[] {
  return gbtcPostings([
    ["asset:ark", -amountSats * MSAT_PER_SAT],
    ["receivable:lift", amountSats * MSAT_PER_SAT],
  ]);
}

/** The invoice is settled; what was paid above its amount is not ours to keep as income. */
export function liftPaidPostings(amountSats: bigint, paidMsat: bigint): readonly Posting[] {
  const amountMsat = amountSats * MSAT_PER_SAT;
  assert(paidMsat >= amountMsat, `a settled lift of ${amountMsat} msat was paid ${paidMsat} msat`);
  return gbtcPostings([
    ["receivable:lift", -amountMsat],
    ["asset:ln", paidMsat],
    ["liability:overpaid", amountMsat - paidMsat],
  ]);
}

/** Delivered, and the HTLC was gone before it could be settled. */
export function liftLostPostings(amountSats: bigint): readonly Posting[] {
  return gbtcPostings([
    ["expense:loss", amountSats * MSAT_PER_SAT],
    ["receivable:lift", -amountSats * MSAT_PER_SAT],
  ]);
}

/**
 * The user's VTXO is final at the gateway. `excessSats` = what the VTXO carries above amount + fee (change too small for an output of
 * its own that the user gave to the recipient).
 */
export function landReceivedPostings(amountSats: bigint, feeSats: bigint, excessSats = 0n): readonly Posting[] {
  return gbtcPostings([
    ["asset:ark", (amountSats + feeSats + excessSats) * MSAT_PER_SAT],
    ["liability:land", -amountSats * MSAT_PER_SAT],
    ["income:land_fee", -feeSats * MSAT_PER_SAT],
    ["liability:overpaid", -excessSats * MSAT_PER_SAT],
  ]);
}

/** The payment succeeded: amount and routing fee have left our channels. */
export function landPaidPostings(amountSats: bigint, routingFeeMsat: bigint): readonly Posting[] {
  const amountMsat = amountSats * MSAT_PER_SAT;
  return gbtcPostings([
    ["liability:land", amountMsat],
    ["expense:routing", routingFeeMsat],
    ["asset:ln", -(amountMsat + routingFeeMsat)],
  ]);
}

/** Exactly the received VTXO went back to the user, its fee (and `excessSats`) included. The failure before it posts nothing. */
export function landRefundedPostings(amountSats: bigint, feeSats: bigint, excessSats = 0n): readonly Posting[] {
  return reversed(landReceivedPostings(amountSats, feeSats, excessSats));
}

/**
 * A batch gave back less than it took. When it paid the treasury more, somebody else in it has sent the difference unasked.
 */
export function batchPostings(feeSats: bigint): readonly Posting[] {
  return gbtcPostings([
    ["asset:ark", -feeSats * MSAT_PER_SAT],
    [feeSats < 0n ? "suspense:unsolicited" : "expense:batch", feeSats * MSAT_PER_SAT],
  ]);
}

/** Somebody sent to a script of ours unasked. */
export function vtxoUnsolicitedPostings(
  amountSats: bigint,
  units: readonly { readonly assetId: string; readonly amount: bigint }[] = [],
): readonly Posting[] {
  const sats = gbtcPostings([
    ["asset:ark", amountSats * MSAT_PER_SAT],
    ["suspense:unsolicited", -amountSats * MSAT_PER_SAT],
  ]);
  const lines = units.flatMap(({ assetId, amount }): Posting[] => [
    { account: "asset:ark", assetId, amount },
    { account: "suspense:unsolicited", assetId, amount: -amount },
  ]);
  return balanced([...sats, ...lines]);
}

/** All units of a new asset, in the treasury: a twin's are owed to whoever holds them, others are the operator's own. */
export function assetIssuedPostings(assetId: string, units: bigint, backing: AssetBacking): readonly Posting[] {
  const from = backing === "taproot" ? "liability:issued" : "equity:operator";
  return balanced([
    { account: "asset:ark", assetId, amount: units },
    { account: from, assetId, amount: -units },
  ]);
}

/** A user got units, and the sats under them as a gift. */
export function assetMintedPostings(assetId: string, units: bigint, carrierSats: bigint): readonly Posting[] {
  return balanced([
    { account: "expense:grant", assetId, amount: units },
    { account: "asset:ark", assetId, amount: -units },
    ...gbtcPostings([
      ["expense:carrier", carrierSats * MSAT_PER_SAT],
      ["asset:ark", -carrierSats * MSAT_PER_SAT],
    ]),
  ]);
}

/** A user got some of the stock as a gift. */
export function assignedPostings(assetId: string, amount: bigint, amountSats: bigint): readonly Posting[] {
  if (assetId !== GBTC) return assetMintedPostings(assetId, amount, amountSats);
  return gbtcPostings([
    ["expense:grant", amountSats * MSAT_PER_SAT],
    ["asset:ark", -amountSats * MSAT_PER_SAT],
  ]);
}

/** Somebody burnt units of a twin: nobody can claim them any more. Of other assets it is remembered without a posting. */
export function assetBurntPostings(assetId: string, units: bigint, backing: AssetBacking): readonly Posting[] {
  if (backing === "ark") return [];
  return balanced([
    { account: "liability:issued", assetId, amount: units },
    { account: "equity:operator", assetId, amount: -units },
  ]);
}

/** Inputs of ours that arkd has taken for a transaction that does not become final: neither ours to spend nor lost. */
export function frozenPostings(inputSats: bigint): readonly Posting[] {
  return gbtcPostings([
    ["suspense:frozen", inputSats * MSAT_PER_SAT],
    ["asset:ark", -inputSats * MSAT_PER_SAT],
  ]);
}

/** The wallet funded a channel; what it spent is the capacity and the miners' fee. */
export function channelOpenedPostings(spentSats: bigint, feeSats: bigint): readonly Posting[] {
  return gbtcPostings([
    ["asset:onchain", -spentSats * MSAT_PER_SAT],
    ["asset:ln", (spentSats - feeSats) * MSAT_PER_SAT],
    ["expense:onchain", feeSats * MSAT_PER_SAT],
  ]);
}

/** A channel is gone: what of its worth did not come to the wallet has paid for the closing. */
export function channelClosedPostings(worthSats: bigint, cameSats: bigint): readonly Posting[] {
  return gbtcPostings([
    ["asset:ln", -worthSats * MSAT_PER_SAT],
    ["asset:onchain", cameSats * MSAT_PER_SAT],
    ["expense:onchain", (worthSats - cameSats) * MSAT_PER_SAT],
  ]);
}

/** The operator took coins out of the wallet. */
export function onchainSentPostings(spentSats: bigint, feeSats: bigint): readonly Posting[] {
  return gbtcPostings([
    ["asset:onchain", -spentSats * MSAT_PER_SAT],
    ["equity:operator", (spentSats - feeSats) * MSAT_PER_SAT],
    ["expense:onchain", feeSats * MSAT_PER_SAT],
  ]);
}

/** A payment of others left its fee in our channels. */
export function forwardPostings(feeMsat: bigint): readonly Posting[] {
  return gbtcPostings([
    ["asset:ln", feeMsat],
    ["income:routing", -feeMsat],
  ]);
}

export function reversed(postings: readonly Posting[]): readonly Posting[] {
  return postings.map((posting) => ({ ...posting, amount: -posting.amount }));
}

/** Lines in msat; those of zero are left out, because a posting of nothing says nothing. */
export function gbtcPostings(lines: readonly (readonly [LedgerAccount, bigint])[]): readonly Posting[] {
  const moved = lines.filter(([, amount]) => amount !== 0n);
  return balanced(moved.map(([account, amount]) => ({ account, assetId: GBTC, amount })));
}

/** Sum zero per asset, checked before every write (and again by the store). */
export function balanced(postings: readonly Posting[]): readonly Posting[] {
  const sums = new Map<string, bigint>();
  for (const { assetId, amount } of postings) sums.set(assetId, (sums.get(assetId) ?? 0n) + amount);
  for (const [assetId, sum] of sums) assert(sum === 0n, `postings of ${assetId} sum to ${sum}`);
  return postings;
}
