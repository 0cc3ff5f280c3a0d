import { assert } from "../errors";
import { MSAT_PER_SAT } from "../ledger/postings";
import { decodeBolt11 } from "./bolt11";
import { wantedSubsidySats } from "./fees";
import type { LandRail } from "./land-rail";
import type { LightningDeps } from "./lightning-deps";

export function satsLandRail({
  lightning,
  lightningConfig,
}: Pick<LightningDeps, "lightning" | "lightningConfig">): LandRail {
  return {
    routingFeeSats: ({ fee }) => fee,
    wantedSubsidySats: ({ amountSats, fee }) => wantedSubsidySats(lightningConfig, { amountSats, feeSats: fee }),
    findOffer: () => Promise.resolve({}),
    send: ({ bolt11, paymentHash, feeLimitMsat, amountSats }, _offer, sending) => {
      assert(bolt11 !== undefined && feeLimitMsat !== undefined, "a land in flight has its invoice and its fee limit");
      const isAmountless = decodeBolt11(bolt11).amountMsat === undefined;
      const amountMsat = isAmountless ? amountSats * MSAT_PER_SAT : undefined;
      const { landPaymentTimeoutSeconds: timeoutSeconds, landCltvLimit: cltvLimit } = lightningConfig;
      return lightning.sendPayment(
        { bolt11, paymentHash, amountMsat, feeLimitMsat, timeoutSeconds, cltvLimit },
        sending,
      );
    },
    debitedUnits: () => undefined,
  };
}
