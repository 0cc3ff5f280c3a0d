import { quoteTrade, type Reserves } from "./pool.js";
import type { Order, Terms } from "./read-order.js";

export type Decision =
  | { readonly ok: true; readonly amountOut: bigint }
  | { readonly ok: false; readonly reason: "deadline" | "slippage" | "dust" | "too_large" | "empty_pool" };

/** Asking two wallets to sign takes seconds; an order that ends sooner would only lock funds and fail. */
const LIFE_MIN_SECONDS = 10;

/** Whether the pool takes an order, and what it pays. `now` in unix seconds. */
export function decideOrder(order: Order, reserves: Reserves, terms: Terms, now: number): Decision {
  if (order.endsAt - now < LIFE_MIN_SECONDS) return { ok: false, reason: "deadline" };
  const quote = quoteTrade(reserves, order.trade, terms.feeBps);
  if (!quote.ok) return quote;
  if (quote.amountOut < order.wantedOut) return { ok: false, reason: "slippage" };
  return { ok: true, amountOut: order.isExact ? order.wantedOut : quote.amountOut };
}
