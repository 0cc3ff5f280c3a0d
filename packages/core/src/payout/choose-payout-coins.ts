import type { Tx } from "../ports/transactions";
import type { Freshness, VtxoStore } from "../ports/vtxo-store";
import type { CeremonyDeps, SessionConfig } from "../session/session-deps";
import { unitsOn, type Vtxo } from "../vtxo/vtxo";

/** Units of one asset, by arkd's id. They are stock unless told otherwise. */
export interface WantedUnits {
  readonly arkAssetId: string;
  readonly target: bigint;
  readonly kind?: "stock" | "treasury";
}

export interface PayoutCoins {
  readonly targetSats: bigint;
  /** Units that go with the sats; none = sats only. */
  readonly units: readonly WantedUnits[];
  /** Of the plain VTXOs; stock unless told otherwise. */
  readonly satsKind?: "stock" | "treasury";
  /** Change is none, or at least this. */
  readonly dustSats: bigint;
  readonly maxInputs: number;
  readonly freshness: Freshness;
  readonly lockedBy: string;
  /** Locked by an earlier attempt and still unspent; used first and in this order. */
  readonly held: readonly Vtxo[];
}

/** What a user gets inherits the expiry of what it is made from, and must be fresh enough to be renewed: that takes a day. */
const FRESH_MS_MIN = 24 * 3_600_000;
const STOCK_LIFE_PERCENT_MIN = 25;
const SOURCE_LIFE_PERCENT_MIN = 75;

export interface FreshnessDeps extends Pick<CeremonyDeps, "clock"> {
  readonly config: Pick<SessionConfig, "vtxoMinRemainingMs">;
}

/** Other stock is not given to users. */
export function freshStock(deps: FreshnessDeps): Freshness {
  const now = deps.clock.now();
  const minExpiresAt = new Date(now.getTime() + Math.max(FRESH_MS_MIN, deps.config.vtxoMinRemainingMs));
  return { minExpiresAt, lifeLeft: { at: now, percent: STOCK_LIFE_PERCENT_MIN } };
}

/** What new stock is made from: it inherits the expiry, so older coins would make stock that is soon too old again. */
export function freshSource(deps: FreshnessDeps): Freshness {
  const { minExpiresAt } = freshStock(deps);
  return { minExpiresAt, lifeLeft: { at: deps.clock.now(), percent: SOURCE_LIFE_PERCENT_MIN } };
}

/**
 * Takes few free VTXOs that make up the target: those that carry the units first, then plain ones for the sats that are still
 * short. They are locked without an end. undefined = there are not enough; the caller rolls back, because some may be locked by then.
 */
export async function choosePayoutCoins(
  vtxos: VtxoStore,
  tx: Tx,
  wanted: PayoutCoins,
): Promise<readonly Vtxo[] | undefined> {
  let held = wanted.held;
  for (const units of wanted.units) {
    const carrying = await takeUnits(vtxos, tx, { ...wanted, held }, units);
    if (carrying === undefined) return undefined;
    held = [...held, ...carrying];
  }
  const coins = await takeSats(vtxos, tx, { ...wanted, held });
  if (coins === undefined) return undefined;
  if (coins.length > wanted.held.length) await vtxos.extendLocks(tx, wanted.lockedBy, null);
  return coins;
}

/** One VTXO that has them all, else ones of at least half of what is short, a quarter, and so on. */
async function takeUnits(
  vtxos: VtxoStore,
  tx: Tx,
  wanted: PayoutCoins,
  { arkAssetId: assetId, target, kind = "stock" }: WantedUnits,
): Promise<readonly Vtxo[] | undefined> {
  const { held, maxInputs } = wanted;
  const taken: Vtxo[] = [];
  let short = target - sumUnits(held, assetId);
  for (let minUnits = short; short > 0n;) {
    if (held.length + taken.length >= maxInputs) return undefined;
    const [coin] = await lockStock(vtxos, tx, wanted, { kind, assetId, minUnits, minAmountSats: 0n, count: 1 });
    if (coin === undefined) {
      if (minUnits === 1n) return undefined;
      minUnits = (minUnits + 1n) / 2n;
      continue;
    }
    taken.push(coin);
    short -= unitsOn(coin, assetId);
    if (short < minUnits) minUnits = short;
  }
  return taken;
}

async function takeSats(vtxos: VtxoStore, tx: Tx, wanted: PayoutCoins): Promise<readonly Vtxo[] | undefined> {
  const { held, targetSats } = wanted;
  if (isPayable(held, wanted)) return held;
  const shortSats = targetSats - sumSats(held);
  const added =
    (await takeFewest(vtxos, tx, wanted, shortSats + changeSatsMin(held, wanted))) ??
    (await takeExact(vtxos, tx, wanted, shortSats));
  return added && [...held, ...added];
}

/** The fewest whose sum is at least `sumSats`: n VTXOs of at least an n-th of it each. */
async function takeFewest(
  vtxos: VtxoStore,
  tx: Tx,
  wanted: PayoutCoins,
  sum: bigint,
): Promise<readonly Vtxo[] | undefined> {
  for (let count = 1n; count <= wanted.maxInputs - wanted.held.length; count++) {
    const minAmountSats = (sum + count - 1n) / count;
    const taken = await lockStock(vtxos, tx, wanted, { minAmountSats, count: Number(count) });
    if (taken.length > 0) return taken;
  }
  return undefined;
}

/** The last of the stock may fit without change; a change below dust takes one more VTXO in. */
async function takeExact(
  vtxos: VtxoStore,
  tx: Tx,
  wanted: PayoutCoins,
  shortSats: bigint,
): Promise<readonly Vtxo[] | undefined> {
  const taken = shortSats <= 0n ? [] : await takeFewest(vtxos, tx, wanted, shortSats);
  if (taken === undefined) return undefined;
  if (isPayable([...wanted.held, ...taken], wanted)) return taken;
  if (wanted.held.length + taken.length >= wanted.maxInputs) return undefined;
  const [more] = await lockStock(vtxos, tx, wanted, { minAmountSats: wanted.dustSats, count: 1 });
  return more === undefined ? undefined : [...taken, more];
}

function lockStock(
  vtxos: VtxoStore,
  tx: Tx,
  { freshness, lockedBy, satsKind = "stock" }: Pick<PayoutCoins, "freshness" | "lockedBy" | "satsKind">,
  least: {
    readonly kind?: "stock" | "treasury";
    readonly assetId?: string;
    readonly minUnits?: bigint;
    readonly minAmountSats: bigint;
    readonly count: number;
  },
): Promise<readonly Vtxo[]> {
  const query = { kind: satsKind, ...freshness, ...least } as const;
  // The lock gets its real end, none, once all are taken.
  return vtxos.lockGateway(tx, query, lockedBy, freshness.minExpiresAt);
}

/** Units that are left over need a change for each of their assets, and no change is dust. */
function isPayable(coins: readonly Vtxo[], wanted: PayoutCoins): boolean {
  const restSats = sumSats(coins) - wanted.targetSats;
  return restSats >= changeSatsMin(coins, wanted) || (restSats === 0n && countLeft(coins, wanted) === 0);
}

function changeSatsMin(coins: readonly Vtxo[], wanted: PayoutCoins): bigint {
  return wanted.dustSats * BigInt(Math.max(1, countLeft(coins, wanted)));
}

/** Assets of which not all units are paid. */
function countLeft(coins: readonly Vtxo[], { units }: PayoutCoins): number {
  return units.filter(({ arkAssetId, target }) => sumUnits(coins, arkAssetId) > target).length;
}

function sumSats(coins: readonly Vtxo[]): bigint {
  return coins.reduce((sum, coin) => sum + coin.amountSats, 0n);
}

function sumUnits(coins: readonly Vtxo[], arkAssetId: string): bigint {
  return coins.reduce((sum, coin) => sum + unitsOn(coin, arkAssetId), 0n);
}
