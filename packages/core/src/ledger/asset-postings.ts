import { assert } from "../errors";
import type { LedgerAccount, Posting } from "../ports/ledger-store";
import { gbtcPostings, MSAT_PER_SAT, reversed, balanced } from "./postings";

/**
 * Bookings of lifts, lands and renewals of an asset: its units under its own name, beside the gBTC that carry them. An asset's Lightning leg is
 * asset:tapd in place of asset:ln.
 */

/** Units and their carrier are final at the user: Lightning owes us the units, the carrier is sold with them. */
export function assetLiftDeliveredPostings(assetId: string, amount: bigint, carrierSats: bigint): readonly Posting[] {
  return balanced([
    ...unitPostings(assetId, [
      ["asset:ark", -amount],
      ["receivable:lift", amount],
    ]),
    ...gbtcPostings([
      ["expense:carrier", carrierSats * MSAT_PER_SAT],
      ["asset:ark", -carrierSats * MSAT_PER_SAT],
    ]),
  ]);
}

export interface PaidAssetLift {
  readonly amount: bigint;
  /** Price of the carrier. */
  readonly carrierUnits: bigint;
  /** What the HTLCs brought. */
  readonly paidUnits: bigint;
  /** Sats under the units in the HTLCs. */
  readonly carrierMsat: bigint;
}

/** The invoice is settled; units above amount and price are not ours to keep as income. */
export function assetLiftPaidPostings(assetId: string, paid: PaidAssetLift): readonly Posting[] {
  const { amount, carrierUnits, paidUnits, carrierMsat } = paid;
  assert(paidUnits >= amount, `a settled lift of ${amount} units was paid ${paidUnits}`);
  const aboveUnits = paidUnits - amount;
  const priceUnits = aboveUnits < carrierUnits ? aboveUnits : carrierUnits;
  return balanced([
    ...unitPostings(assetId, [
      ["receivable:lift", -amount],
      ["asset:tapd", paidUnits],
      ["income:carrier", -priceUnits],
      ["liability:overpaid", priceUnits - aboveUnits],
    ]),
    ...gbtcPostings([
      ["asset:ln", carrierMsat],
      ["income:carrier", -carrierMsat],
    ]),
  ]);
}

/** Delivered, and the HTLC was gone before it could be settled; the carrier is an expense already. */
export function assetLiftLostPostings(assetId: string, amount: bigint): readonly Posting[] {
  return balanced(
    unitPostings(assetId, [
      ["expense:loss", amount],
      ["receivable:lift", -amount],
    ]),
  );
}

/** Units (fee included) and their carrier are final at the gateway. */
export function assetLandReceivedPostings(
  assetId: string,
  { amount, fee, carrierSats }: { readonly amount: bigint; readonly fee: bigint; readonly carrierSats: bigint },
): readonly Posting[] {
  return balanced([
    ...unitPostings(assetId, [
      ["asset:ark", amount + fee],
      ["liability:land", -amount],
      ["income:land_fee", -fee],
    ]),
    ...gbtcPostings([
      ["asset:ark", carrierSats * MSAT_PER_SAT],
      ["liability:land", -carrierSats * MSAT_PER_SAT],
    ]),
  ]);
}

/** Exactly the received VTXO went back to the user. */
export function assetLandRefundedPostings(...land: Parameters<typeof assetLandReceivedPostings>): readonly Posting[] {
  return reversed(assetLandReceivedPostings(...land));
}

/** A user's old VTXOs are final at the gateway, which owes the same sats and units: both by our names of assets. */
export function renewalReceivedPostings(
  amountSats: bigint,
  units: readonly { readonly assetId: string; readonly amount: bigint }[],
): readonly Posting[] {
  return balanced([
    ...gbtcPostings([
      ["asset:ark", amountSats * MSAT_PER_SAT],
      ["liability:renewal", -amountSats * MSAT_PER_SAT],
    ]),
    ...units.flatMap(({ assetId, amount }) =>
      unitPostings(assetId, [
        ["asset:ark", amount],
        ["liability:renewal", -amount],
      ]),
    ),
  ]);
}

/** The same sats and units are final at the user. */
export function renewalPaidPostings(...renewal: Parameters<typeof renewalReceivedPostings>): readonly Posting[] {
  return reversed(renewalReceivedPostings(...renewal));
}

export interface PaidAssetLand {
  readonly amount: bigint;
  /** Sats that the user sent under its units. */
  readonly carrierSats: bigint;
  /** What the payment took, routing included: a peer is paid for that in units, too. */
  readonly debitedUnits: bigint;
  /** Sats that left our channel under those units. */
  readonly carrierMsat: bigint;
}

/** The payment succeeded: what it did not take of the amount is what our price was better than the user's. */
export function assetLandPaidPostings(assetId: string, paid: PaidAssetLand): readonly Posting[] {
  const { amount, carrierSats, debitedUnits, carrierMsat } = paid;
  return balanced([
    ...unitPostings(assetId, [
      ["liability:land", amount],
      ["asset:tapd", -debitedUnits],
      ["income:rfq", debitedUnits - amount],
    ]),
    ...gbtcPostings([
      ["liability:land", carrierSats * MSAT_PER_SAT],
      ["income:carrier", -carrierSats * MSAT_PER_SAT],
      ["expense:carrier", carrierMsat],
      ["asset:ln", -carrierMsat],
    ]),
  ]);
}

/** Lines in units; those of zero are left out, because a posting of nothing says nothing. */
function unitPostings(assetId: string, lines: readonly (readonly [LedgerAccount, bigint])[]): readonly Posting[] {
  return lines.filter(([, amount]) => amount !== 0n).map(([account, amount]) => ({ account, assetId, amount }));
}
