import fc from "fast-check";

import type { Posting } from "../ports/ledger-store";
import { GBTC } from "../vtxo/vtxo";
import {
  assetLandPaidPostings,
  assetLandReceivedPostings,
  assetLandRefundedPostings,
  assetLiftDeliveredPostings,
  assetLiftLostPostings,
  assetLiftPaidPostings,
} from "./asset-postings";

const units = fc.bigInt({ min: 1n, max: 2n ** 53n });
const few = fc.bigInt({ min: 0n, max: 1_000n });
const sats = fc.bigInt({ min: 330n, max: 100_000n });

function sumOf(postings: readonly Posting[], account: string, assetId: string): bigint {
  const lines = postings.filter((each) => each.account === account && each.assetId === assetId);
  return lines.reduce((sum, { amount }) => sum + amount, 0n);
}

/** What we hold on Ark, at tapd (units) and in channels (msat), as the books say after these events. */
function holdings(...events: readonly (readonly Posting[])[]) {
  const all = events.flat();
  return {
    arkUnits: sumOf(all, "asset:ark", "gold"),
    tapdUnits: sumOf(all, "asset:tapd", "gold"),
    arkMsat: sumOf(all, "asset:ark", GBTC),
    lnMsat: sumOf(all, "asset:ln", GBTC),
  };
}

it("a lift of an asset moves its units and its carrier out of Ark, what was paid into tapd and the sats under it into channels", () => {
  fc.assert(
    fc.property(units, few, few, sats, few, (amount, carrierUnits, aboveUnits, carrierSats, carrierMsat) => {
      const delivered = assetLiftDeliveredPostings("gold", amount, carrierSats);
      const paidUnits = amount + aboveUnits;
      const paid = assetLiftPaidPostings("gold", { amount, carrierUnits, paidUnits, carrierMsat });
      expect(holdings(delivered, paid)).toEqual({
        arkUnits: -amount,
        tapdUnits: paidUnits,
        arkMsat: -carrierSats * 1_000n,
        lnMsat: carrierMsat,
      });
      const owed = [...delivered, ...paid];
      expect(sumOf(owed, "receivable:lift", "gold")).toBe(0n);
      const aboveThePrice = aboveUnits > carrierUnits ? aboveUnits - carrierUnits : 0n;
      expect(sumOf(owed, "liability:overpaid", "gold")).toBe(-aboveThePrice);
      expect(sumOf(owed, "income:carrier", "gold")).toBe(aboveThePrice - aboveUnits);
    }),
  );
});

it("a lost lift of an asset is a loss of its units", () => {
  fc.assert(
    fc.property(units, sats, (amount, carrierSats) => {
      const events = [
        ...assetLiftDeliveredPostings("gold", amount, carrierSats),
        ...assetLiftLostPostings("gold", amount),
      ];
      expect(sumOf(events, "expense:loss", "gold")).toBe(amount);
      expect(sumOf(events, "receivable:lift", "gold")).toBe(0n);
    }),
  );
});

it("a land of an asset keeps fee, carrier and what its payment did not take; a refunded one keeps nothing", () => {
  fc.assert(
    fc.property(units, few, sats, few, few, (debitedUnits, rest, carrierSats, carrierMsat, fee) => {
      const amount = debitedUnits + rest;
      const received = assetLandReceivedPostings("gold", { amount, fee, carrierSats });
      const paid = assetLandPaidPostings("gold", { amount, carrierSats, debitedUnits, carrierMsat });
      expect(holdings(received, paid)).toEqual({
        arkUnits: amount + fee,
        tapdUnits: -debitedUnits,
        arkMsat: carrierSats * 1_000n,
        lnMsat: -carrierMsat,
      });
      const all = [...received, ...paid];
      expect([sumOf(all, "liability:land", "gold"), sumOf(all, "liability:land", GBTC)]).toEqual([0n, 0n]);
      expect(sumOf(all, "income:rfq", "gold")).toBe(-rest);
      const refunded = assetLandRefundedPostings("gold", { amount, fee, carrierSats });
      expect(holdings(received, refunded)).toEqual({ arkUnits: 0n, tapdUnits: 0n, arkMsat: 0n, lnMsat: 0n });
    }),
  );
});
