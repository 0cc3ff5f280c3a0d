import { findField } from "../bolt11/decode-bolt11";
import { blockHash } from "../lnd/engine/blocks";
import { NETWORK } from "../lnd/engine/lnd-context";
import type { LndEngine } from "../lnd/engine/lnd-engine";
import { LND_PROFILES } from "../lnd/engine/lnd-settings";
import { planRoutes } from "../lnd/engine/plan-routes";
import { expiresAt, finalCltvDeltaOf, readPaymentRequest } from "../lnd/engine/send-payment";
import { CARRIER_MSAT } from "./engine/asset-rate";
import type { LndFacts } from "./engine/lnd-facts";

/** More than any route costs. */
const ANY_FEE_MSAT = 2_100_000_000_000_000_000n;

/** The facts tapd wants, read from the simulated lnd. */
export function lndFactsOf(lnd: LndEngine): LndFacts {
  const { context, store } = lnd;
  return {
    get version() {
      return LND_PROFILES[store.settings.profile].version;
    },
    alias: "devnet",
    network: NETWORK,
    blockHash: (height) => blockHash(context, height),
    confirmationHeight: (txid) => {
      const height = store.transactions.get(txid)?.height ?? 0;
      return height === 0 ? undefined : height;
    },
    decodePaymentRequest: (text) => {
      const invoice = readPaymentRequest(text);
      return {
        paymentHash: findField(invoice, "payment_hash")?.hash ?? "",
        amountMsat: invoice.amountMsat ?? 0n,
        expiresAt: expiresAt(invoice),
      };
    },
    estimateFeeMsat: (text, amountMsat) => {
      const invoice = readPaymentRequest(text);
      const plan = planRoutes(context, {
        from: "node",
        to: context.keys.partyOf(invoice.payeePubkey),
        amountMsat,
        feeLimitMsat: ANY_FEE_MSAT,
        finalCltvDelta: finalCltvDeltaOf(invoice),
        cltvLimit: 0,
        maxParts: 1,
        outgoingChanIds: [],
        lastHopPubkey: "",
        firstHopCarrierMsat: CARRIER_MSAT,
        lastHopCarrierMsat: undefined,
      });
      return plan.ok ? plan.routes.reduce((sum, { totalFeesMsat }) => sum + totalFeesMsat, 0n) : undefined;
    },
    closingTxid: (channelPoint) => store.channels.get(channelPoint)?.closing?.txid,
  };
}
