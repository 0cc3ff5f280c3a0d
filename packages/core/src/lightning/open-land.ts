import { bytesToHex } from "@noble/hashes/utils.js";

import { AppError, assert } from "../errors";
import { MSAT_PER_SAT } from "../ledger/postings";
import type { Tx } from "../ports/transactions";
import type { LandIntent, Session } from "../session/session";
import type { SessionDeps } from "../session/session-deps";
import { ensureScript } from "../vtxo/ensure-script";
import { GBTC } from "../vtxo/vtxo";
import { decodeBolt11, type Bolt11Invoice } from "./bolt11";
import type { LightningOperation } from "./lightning-operation";

export interface WantedLand {
  readonly userPubkey: string;
  readonly amountSats: bigint;
  readonly invoice: Bolt11Invoice;
}

/**
 * What rows and node say against a land: the hash is a lift's or claimed, the invoice is our own node's, too many lands of the key in
 * flight, channels that hold too little. Errors: invoice_used, session_limit, inventory_exhausted, and those of the info source.
 */
export async function checkLand(deps: SessionDeps, tx: Tx, { userPubkey, amountSats, invoice }: WantedLand) {
  const { nodePubkey, localMsat } = await deps.lightningInfo.current();
  const known = await deps.operations.findByHash(tx, invoice.paymentHash);
  if (invoice.payeePubkey === nodePubkey || known?.claimedHash !== undefined) throw new AppError("invoice_used");
  const { landMaxInFlight } = deps.lightningConfig;
  const open = await deps.operations.countOpenLands(tx, userPubkey);
  if (open >= landMaxInFlight) {
    const message = `${open} lands of this key are in flight; the limit is ${landMaxInFlight}.`;
    throw new AppError("session_limit", { message, retryAfterSeconds: 30 });
  }
  await checkLiquidity(deps, tx, { amountSats, payeePubkey: invoice.payeePubkey, localSats: localMsat / MSAT_PER_SAT });
}

/** Nobody but one payee would be served any more if it could have all of our liquidity, and then keep its HTLCs open. */
async function checkLiquidity(
  deps: SessionDeps,
  tx: Tx,
  wanted: { readonly amountSats: bigint; readonly payeePubkey: string; readonly localSats: bigint },
): Promise<void> {
  const { amountSats, payeePubkey, localSats } = wanted;
  const { receivedSats, inFlightSats, toPayeeSats } = await deps.operations.sumOpenLands(tx, payeePubkey);
  const isCovered = amountSats <= localSats - receivedSats;
  const isShared = (toPayeeSats + amountSats) * 2n <= localSats + inFlightSats;
  if (isCovered && isShared) return;
  throw new AppError("inventory_exhausted", {
    message: "The gateway's channels cannot carry a payment of this size to this payee now.",
    details: { asset_id: GBTC },
    retryAfterSeconds: 60,
  });
}

/** The row of a land, for the session that was just opened for it. Errors: `invoice_used`. */
export async function openLand(deps: SessionDeps, tx: Tx, session: Session): Promise<LightningOperation> {
  const { intent, userPubkey, sessionId } = session;
  assert(intent.type === "lightning_land", "the session of a land has the intent of one");
  const script = await ensureScript(deps.vtxos, tx, userPubkey, await deps.arkInfo.current(), "user");
  const invoice = invoiceOf(intent);
  return deps.operations.insert(tx, {
    operationId: `land_${bytesToHex(deps.random.bytes(16))}`,
    invoiceType: "land",
    status: "pending_payment",
    paymentHash: intent.paymentHash,
    claimsHash: false,
    bolt11: intent.lightningInvoice,
    userPubkey,
    sessionId,
    assetId: intent.assetId,
    amount: intent.amount,
    amountSats: intent.amountSats,
    fee: intent.feeAmount,
    userScript: script.script,
    memo: "",
    preimage: undefined,
    payeePubkey: invoice.payeePubkey,
    expiresAt: invoice.expiresAt,
    wakeAt: undefined,
  });
}

/** The invoice of a land, whose text was checked before. */
export function invoiceOf(intent: Pick<LandIntent, "lightningInvoice">): Bolt11Invoice {
  return decodeBolt11(intent.lightningInvoice);
}
