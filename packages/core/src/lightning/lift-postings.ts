import { assetLiftDeliveredPostings, assetLiftLostPostings } from "../ledger/asset-postings";
import { liftDeliveredPostings, liftLostPostings } from "../ledger/postings";
import type { Posting } from "../ports/ledger-store";
import { GBTC } from "../vtxo/vtxo";
import type { LightningOperation } from "./lightning-operation";

type Lift = Pick<LightningOperation, "assetId" | "amount" | "amountSats">;

/** The user's VTXO is final: until the invoice is settled Lightning owes us for it. */
export function deliveredPostings({ assetId, amount, amountSats }: Lift): readonly Posting[] {
  return assetId === GBTC ? liftDeliveredPostings(amountSats) : assetLiftDeliveredPostings(assetId, amount, amountSats);
}

/** Delivered, and the HTLC was gone before it could be settled. */
export function lostPostings({ assetId, amount, amountSats }: Lift): readonly Posting[] {
  return assetId === GBTC ? liftLostPostings(amountSats) : assetLiftLostPostings(assetId, amount);
}
