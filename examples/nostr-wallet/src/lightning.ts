import { sha256Hex, fromHex } from "./bytes.js";
import { type GatewayLink, GatewayRefusal, KIND, nowSeconds } from "./gateway-link.js";
import {
  type Intent,
  type OnSigned,
  type PaymentResult,
  readResult,
  resultIds,
  settle,
  signIntent,
} from "./payment.js";
import type { Wallet } from "./wallet-file.js";

/**
 * Lightning in: asks for an invoice, shows it, and waits until it is paid and its VTXO is there. The gateway takes the payment only
 * when the VTXO is final, and nothing has to be signed.
 */
export async function lift(
  link: GatewayLink,
  amountSats: number,
  onInvoice: (invoice: string) => void,
): Promise<PaymentResult> {
  const answer = await link.request("lift_lightning", { asset_id: "gBTC", amount: amountSats });
  if (answer["amount"] !== amountSats || answer["asset_id"] !== "gBTC")
    throw new Error("an invoice for something else");
  const waitMs = Date.parse(String(answer["expires_at"])) - Date.now() + GRACE_MS;
  const filter = {
    kinds: [KIND.confirmation, KIND.failure],
    "#d": resultIds(link.pubkey, String(answer["operation_id"])),
  };
  let stop = (): void => undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    const result = await new Promise<PaymentResult | GatewayRefusal>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error("the invoice was not paid in time")), waitMs);
      stop = link.listen(filter, (event) => resolve(readResult(link, event)));
      onInvoice(String(answer["invoice"]));
    });
    if (result instanceof GatewayRefusal) throw result;
    return result;
  } finally {
    clearTimeout(timer);
    stop();
  }
}

/** A payment that came in the last moment is still on its way. */
const GRACE_MS = 60_000;
/** Notifications are a courtesy: the land is paid with or without one. */
const PROOF_WAIT_MS = 5_000;
const BPS = 10_000;

export interface LandResult extends PaymentResult {
  readonly feeSats: number;
  /** The proof of payment, 64 hex; undefined when the notification with it did not come. */
  readonly preimage: string | undefined;
}

/** Lightning out: asks what it costs, signs exactly the intent that was quoted if it is what was meant, and settles it. */
export async function land(
  link: GatewayLink,
  file: string,
  wallet: Wallet,
  request: { readonly amountSats: number; readonly invoice: string },
  onSigned: OnSigned,
): Promise<LandResult> {
  const quote = await link.request("land_lightning", {
    asset_id: "gBTC",
    amount: request.amountSats,
    lightning_invoice: request.invoice,
  });
  const intent = quote["intent_template"] as Intent;
  const feeSats = checkQuote(intent, request, wallet.pins.landFeeBps);
  const event = signIntent(link, intent);
  const proof = listenForPreimage(link, event.id, String(quote["payment_hash"]));
  try {
    const result = await settle(link, file, event, onSigned);
    return { ...result, feeSats, preimage: await proof.wait() };
  } finally {
    proof.stop();
  }
}

/** The template is the gateway's proposal, and the signature under it is the wallet's: it must say nothing that was not asked for. */
function checkQuote(
  { type, params, expires_at }: Intent,
  request: { readonly amountSats: number; readonly invoice: string },
  feeBps: number,
): number {
  const { asset_id, amount, lightning_invoice, fee_asset_id, fee_amount: feeSats, ...others } = params;
  const feeMax = Math.max(1, Math.ceil((request.amountSats * feeBps) / BPS));
  const isAsked =
    type === "lightning:land" &&
    asset_id === "gBTC" &&
    fee_asset_id === "gBTC" &&
    amount === request.amountSats &&
    lightning_invoice === request.invoice &&
    typeof feeSats === "number" &&
    feeSats >= 0 &&
    feeSats <= feeMax &&
    expires_at > nowSeconds() &&
    Object.keys(others).length === 0;
  if (!isAsked) throw new Error("the quote is not for what was asked");
  return feeSats;
}

function listenForPreimage(link: GatewayLink, intentId: string, paymentHash: string) {
  let found: (preimage: string) => void = () => undefined;
  const preimage = new Promise<string>((resolve) => (found = resolve));
  const stop = link.listen({ kinds: [KIND.notification], "#p": [link.pubkey], "#e": [intentId] }, (event) => {
    const { preimage: told } = link.decrypt(event) as { readonly preimage?: unknown };
    // Whoever knows the preimage was paid; a text that does not hash to the invoice's hash proves nothing.
    if (typeof told === "string" && sha256Hex(fromHex(told)) === paymentHash) found(told);
  });
  return {
    stop,
    wait: async (): Promise<string | undefined> => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), PROOF_WAIT_MS)));
      return Promise.race([preimage, late]).finally(() => clearTimeout(timer));
    },
  };
}
