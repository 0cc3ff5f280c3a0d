import { createSwapIntent } from "@arkrelay/sdk/swap-flows";
import { generateKey } from "@arkrelay/sdk/wallet-utils";

import { decideOrder } from "./decide-order.js";
import { readOrder, type Terms } from "./read-order.js";

const NOW = 1_800_000_000;
const ME = generateKey().pubkey;
const OTHER = "07".repeat(32);
const TERMS: Terms = { solverPubkey: ME, poolId: "gUSD-gBTC", assetId: "gUSD", feeBps: 30n };
const POOL = { sats: 1_000_000n, units: 500_000n };
const GBTC_IN = { in_asset: "gBTC", in_amount: 10_000, out_asset: "gUSD", min_out_amount: 4_900, pool_id: "gUSD-gBTC" };

const event = {
  id: "e1".repeat(32),
  pubkey: "0a".repeat(32),
  created_at: NOW,
  kind: 31510,
  tags: [],
  content: "",
  sig: "",
};

function anAmmSwap(params: Readonly<Record<string, unknown>> = {}, over: Readonly<Record<string, unknown>> = {}) {
  const content = {
    action_id: "swap-0001",
    type: "amm:swap",
    expires_at: NOW + 600,
    params: { ...GBTC_IN, ...params },
  };
  return { event, intent: { ...content, ...over } };
}

function judge(received: ReturnType<typeof anAmmSwap>, now = NOW) {
  const read = readOrder(received, TERMS);
  return read.ok ? decideOrder(read.order, POOL, TERMS, now) : read;
}

it("takes an amm:swap at the pool's price when that is no less than the user's least", () => {
  expect(judge(anAmmSwap())).toEqual({ ok: true, amountOut: 4_930n });
});

it("pays an atomic_swap that states its amounts exactly that, and keeps the rest", () => {
  const request = {
    give: [{ assetId: "gUSD", amount: 5_000 }],
    receive: [{ assetId: "gBTC", amount: 9_000 }],
    counterparties: [ME],
    expiresAt: NOW + 600,
  };
  const { expires_at = 0, ...intent } = createSwapIntent(request);
  expect(judge({ event, intent: { ...intent, expires_at } } as never)).toEqual({ ok: true, amountOut: 9_000n });
});

it.each<[string, ReturnType<typeof anAmmSwap>, string]>([
  ["more than the price brings", anAmmSwap({ min_out_amount: 4_931 }), "slippage"],
  ["another pool", anAmmSwap({ pool_id: "gEUR-gBTC" }), "unknown_pool"],
  ["an asset that is not in the pool", anAmmSwap({ out_asset: "gEUR" }), "unknown_pool"],
  ["an asset for itself", anAmmSwap({ out_asset: "gBTC" }), "unknown_pool"],
  ["too few sats", anAmmSwap({ in_amount: 200, min_out_amount: 1 }), "dust"],
  ["most of the pool", anAmmSwap({ in_amount: 900_000, min_out_amount: 1 }), "too_large"],
  ["a deadline that is about to pass", anAmmSwap({ deadline: NOW + 5 }), "deadline"],
  ["an expiry that is about to pass", anAmmSwap({}, { expires_at: NOW + 5 }), "deadline"],
  ["a third key in the swap", anAmmSwap({ counterparties: [ME, OTHER] }), "unsupported"],
  ["legs that cannot be read", anAmmSwap({ in_amount: "10000" }), "unsupported"],
])("refuses %s", (_case, received, reason) => {
  expect(judge(received)).toEqual({ ok: false, reason });
});
