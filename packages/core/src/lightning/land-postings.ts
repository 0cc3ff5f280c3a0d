import { assetLandPaidPostings, assetLandReceivedPostings, assetLandRefundedPostings } from "../ledger/asset-postings";
import { landPaidPostings, landReceivedPostings, landRefundedPostings } from "../ledger/postings";
import type { Posting } from "../ports/ledger-store";
import type { LightningPayment } from "../ports/lightning-node";
import { GBTC, type Vtxo } from "../vtxo/vtxo";
import type { LightningOperation } from "./lightning-operation";

type Land = Pick<LightningOperation, "assetId" | "amount" | "amountSats" | "fee">;
type Received = Pick<Vtxo, "amountSats">;

/** The user's VTXO is the gateway's. */
export function receivedPostings(land: Land, { amountSats: carrierSats }: Received): readonly Posting[] {
  const { assetId, amount, amountSats, fee } = land;
  if (assetId === GBTC) return landReceivedPostings(amountSats, fee);
  return assetLandReceivedPostings(assetId, { amount, fee, carrierSats });
}

/** The payment succeeded. `debitedUnits` and what lay under them are an asset's. */
export function paidPostings(
  land: Land,
  { amountSats: carrierSats }: Received,
  { payment, debitedUnits }: { readonly payment: LightningPayment; readonly debitedUnits: bigint },
): readonly Posting[] {
  const { assetId, amount, amountSats } = land;
  if (assetId === GBTC) return landPaidPostings(amountSats, payment.feeMsat);
  const arrived = payment.htlcs.filter(({ status }) => status === "succeeded");
  const carrierMsat = arrived.reduce((sum, { sentMsat }) => sum + sentMsat, 0n);
  return assetLandPaidPostings(assetId, { amount, carrierSats, debitedUnits, carrierMsat });
}

/** The user has its VTXO back. */
export function refundedPostings(land: Land, { amountSats: carrierSats }: Received): readonly Posting[] {
  const { assetId, amount, amountSats, fee } = land;
  if (assetId === GBTC) return landRefundedPostings(amountSats, fee);
  return assetLandRefundedPostings(assetId, { amount, fee, carrierSats });
}
