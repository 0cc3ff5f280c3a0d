import { liftPaidPostings, MSAT_PER_SAT } from "../ledger/postings";
import { isHeld } from "./held-payment";
import type { LiftRail } from "./lift-rail";
import type { LightningDeps } from "./lightning-deps";

/** Lifts of gBTC: lnd makes the invoice, and a sat that came in is a sat that goes out. */
export function satsLiftRail({
  lightning,
  lightningConfig,
}: Pick<LightningDeps, "lightning" | "lightningConfig">): LiftRail {
  return {
    arkAssetId: undefined,
    makeInvoice: ({ paymentHash, amountSats, memo }, expirySeconds) =>
      lightning.addHoldInvoice({
        paymentHash,
        valueMsat: amountSats * MSAT_PER_SAT,
        memo,
        expirySeconds,
        cltvExpiry: lightningConfig.liftCltvDelta,
      }),
    judgeIncoming: ({ amountSats }, invoice) => {
      if (invoice.state !== "settled") return { kind: isHeld(invoice) ? "whole" : "partial" };
      const { amtPaidMsat } = invoice;
      if (amtPaidMsat >= amountSats * MSAT_PER_SAT) return { kind: "whole" };
      return { kind: "wrong", why: `lnd settled ${amtPaidMsat} msat for a lift of ${amountSats} sats` };
    },
    readCarrierMsat: () => Promise.resolve(undefined),
    paidPostings: ({ amountSats }, { amtPaidMsat }) => liftPaidPostings(amountSats, amtPaidMsat),
  };
}
