import type { Twin } from "../asset/lightning-side";
import { AppError, assert } from "../errors";
import { MSAT_PER_SAT } from "../ledger/postings";
import type { SendPaymentOutcome } from "../ports/lightning-node";
import type { AssetPaymentOutcome, AssetPayments } from "../ports/taproot-assets";
import type { LandRail, Offer } from "./land-rail";
import type { LightningConfig } from "./lightning-config";
import type { LightningDeps } from "./lightning-deps";
import type { LightningOperation } from "./lightning-operation";

/** As tapd names it, when a quote has run out between its giving and the payment. */
export const NO_QUOTE = "no_quote";

/**
 * Lands of an asset: a peer sells the payment for units, tapd pays with them. lnd keeps one payment per hash whoever asks for it, so
 * what became of a send is looked up there.
 */
export function assetLandRail(
  { tapd, lightningConfig }: Pick<LightningDeps, "tapd" | "lightningConfig">,
  { taprootAssetId }: Twin,
): LandRail {
  return {
    routingFeeSats: () => 0n,
    wantedSubsidySats: () => lightningConfig.landRoutingFeeFloorSats,
    findOffer: (operation) => findOffer(requireTapd(tapd), lightningConfig, taprootAssetId, operation),
    send: async (operation, offer, sending) => {
      const { bolt11, paymentHash, feeLimitMsat } = operation;
      const { rfqId, peerPubkey } = offer;
      assert(bolt11 !== undefined && feeLimitMsat !== undefined, "a land in flight has its invoice and its fee limit");
      assert(rfqId !== undefined && peerPubkey !== undefined, "units are paid on a quote");
      const { landPaymentTimeoutSeconds: timeoutSeconds, landCltvLimit: cltvLimit } = lightningConfig;
      const limits = { feeLimitMsat, timeoutSeconds, cltvLimit };
      const payment = { assetId: taprootAssetId, bolt11, paymentHash, rfqId, peerPubkey, ...limits };
      return toOutcome(await requireTapd(tapd).payAssetInvoice(payment, sending));
    },
    debitedUnits: ({ htlcs }) =>
      htlcs
        .filter(({ status }) => status === "succeeded")
        .reduce((sum, { units }) => sum + (units.get(taprootAssetId) ?? 0n), 0n),
  };
}

/** Units for the invoice and all that routing may cost must not be more than the user gave. */
async function findOffer(
  tapd: AssetPayments,
  config: LightningConfig,
  assetId: string,
  { amountSats, feeLimitMsat = 0n, amount }: LightningOperation,
): Promise<Offer | undefined> {
  const paymentMaxMsat = amountSats * MSAT_PER_SAT + feeLimitMsat;
  // It must stand until the payment is through.
  const expirySeconds = 2 * config.landPaymentTimeoutSeconds;
  const quote = await tapd.requestSellQuote({ assetId, paymentMaxMsat, expirySeconds });
  return quote === undefined || quote.units > amount ? undefined : quote;
}

function requireTapd(tapd: AssetPayments | undefined): AssetPayments {
  if (tapd !== undefined) return tapd;
  throw new AppError("daemon_unavailable", { details: { service: "tapd" } });
}

/** What exists is looked up at lnd, so its status is not asked for. */
function toOutcome(outcome: AssetPaymentOutcome): SendPaymentOutcome {
  switch (outcome.kind) {
    case "exists":
      return { kind: "exists", status: "in_flight" };
    case "no_quote":
      return { kind: "refused", reason: NO_QUOTE };
    default:
      return outcome;
  }
}
