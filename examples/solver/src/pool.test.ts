import { quoteTrade, type Reserves, type Trade } from "./pool.js";

const FEE_BPS = 30n;
const POOL: Reserves = { sats: 1_000_000n, units: 500_000n };
const NETWORK_FEE_SATS = 10n;

/** The pool after a trade, its share of the gateway's fee paid. */
function after({ sats, units }: Reserves, { direction, amountIn }: Trade, amountOut: bigint): Reserves {
  return direction === "sats_in"
    ? { sats: sats + amountIn - NETWORK_FEE_SATS, units: units - amountOut }
    : { sats: sats - amountOut - NETWORK_FEE_SATS, units: units + amountIn };
}

it("never lets the product of a pool fall, whatever is traded in whichever order", () => {
  let pool = POOL;
  let trades = 0;
  for (let step = 1n; step <= 400n; step += 1n) {
    const direction = (step * 7n) % 3n === 0n ? "sats_in" : "units_in";
    const trade: Trade = { direction, amountIn: 330n + ((step * 7919n) % 30_000n) };
    const quote = quoteTrade(pool, trade, FEE_BPS);
    if (!quote.ok) continue;
    const next = after(pool, trade, quote.amountOut);
    expect(next.sats * next.units).toBeGreaterThanOrEqual(pool.sats * pool.units);
    pool = next;
    trades += 1;
  }
  expect(trades).toBeGreaterThan(100);
});

it("pays less for a round trip than went in", () => {
  const there = quoteTrade(POOL, { direction: "sats_in", amountIn: 20_000n }, 0n);
  if (!there.ok) throw new Error(there.reason);
  const pool = after(POOL, { direction: "sats_in", amountIn: 20_000n }, there.amountOut);
  const back = quoteTrade(pool, { direction: "units_in", amountIn: there.amountOut }, 0n);
  expect(back.ok && back.amountOut).toBeLessThan(20_000n);
});

it.each<[string, Reserves, Trade, string]>([
  ["sats below dust", POOL, { direction: "sats_in", amountIn: 329n }, "dust"],
  ["units that buy less than dust", POOL, { direction: "units_in", amountIn: 100n }, "dust"],
  ["no units at all", POOL, { direction: "units_in", amountIn: 0n }, "dust"],
  ["more than a quarter of what is there", POOL, { direction: "sats_in", amountIn: 400_000n }, "too_large"],
  ["a pool with nothing in it", { sats: 0n, units: 5n }, { direction: "units_in", amountIn: 1n }, "empty_pool"],
])("does not trade %s", (_case, pool, trade, reason) => {
  expect(quoteTrade(pool, trade, FEE_BPS)).toEqual({ ok: false, reason });
});
