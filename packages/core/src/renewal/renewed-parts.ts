import { sumAssets } from "../ark/sum-assets";
import { AppError } from "../errors";
import type { PayoutPart } from "../payout/payout";
import type { Vtxo } from "../vtxo/vtxo";

/**
 * What comes back for these VTXOs: the same sats and units, each on a VTXO of its own. Those that are dust by arkd's present limit make
 * no output and join the largest. Throws `amount_below_minimum` when all of them together are dust.
 */
export function renewedParts(
  vtxos: readonly Pick<Vtxo, "amountSats" | "assets">[],
  dustSats: bigint,
): readonly PayoutPart[] {
  const whole = vtxos.map(({ amountSats, assets }) => ({ amountSats, assets }));
  const dust = whole.filter(({ amountSats }) => amountSats < dustSats);
  if (dust.length === 0) return whole;
  const [largest, ...others] = whole.toSorted((a, b) => Number(b.amountSats - a.amountSats));
  const joined = [largest, ...others.filter((each) => dust.includes(each))].flatMap((each) => each ?? []);
  const amountSats = joined.reduce((sum, each) => sum + each.amountSats, 0n);
  if (amountSats < dustSats) throw new AppError("amount_below_minimum", { details: { minimum: Number(dustSats) } });
  const first = { amountSats, assets: sumAssets(joined) };
  return [first, ...others.filter((each) => !dust.includes(each))];
}
