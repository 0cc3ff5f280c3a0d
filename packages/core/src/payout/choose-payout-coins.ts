import type { Tx } from "../ports/transactions";
import type { Freshness, VtxoStore } from "../ports/vtxo-store";
import type { CeremonyDeps } from "../session/session-deps";
import type { Vtxo } from "../vtxo/vtxo";

export interface PayoutCoins {
  readonly targetSats: bigint;
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

/** Other stock is not given to users. */
export function freshStock(deps: Pick<CeremonyDeps, "clock" | "config">): Freshness {
  const now = deps.clock.now();
  const minExpiresAt = new Date(now.getTime() + Math.max(FRESH_MS_MIN, deps.config.vtxoMinRemainingMs));
  return { minExpiresAt, quarterLeftAt: now };
}

/**
 * Takes the fewest free stock VTXOs that make up the target, and locks them without an end. undefined = there are not enough; the
 * caller rolls back, because some may be locked by then.
 */
export async function choosePayoutCoins(
  vtxos: VtxoStore,
  tx: Tx,
  wanted: PayoutCoins,
): Promise<readonly Vtxo[] | undefined> {
  const { held, targetSats, dustSats } = wanted;
  if (isPayable(sumOf(held), targetSats, dustSats)) return held;
  const shortSats = targetSats - sumOf(held);
  const added =
    (await takeFewest(vtxos, tx, wanted, shortSats + dustSats)) ?? (await takeExact(vtxos, tx, wanted, shortSats));
  if (added === undefined) return undefined;
  await vtxos.extendLocks(tx, wanted.lockedBy, null);
  return [...held, ...added];
}

/** The fewest whose sum is at least `sumSats`: n VTXOs of at least an n-th of it each. */
async function takeFewest(
  vtxos: VtxoStore,
  tx: Tx,
  { held, maxInputs, ...wanted }: PayoutCoins,
  sumSats: bigint,
): Promise<readonly Vtxo[] | undefined> {
  for (let count = 1n; count <= maxInputs - held.length; count++) {
    const minAmountSats = (sumSats + count - 1n) / count;
    const taken = await lockStock(vtxos, tx, wanted, minAmountSats, Number(count));
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
  const { targetSats, dustSats } = wanted;
  if (isPayable(sumOf([...wanted.held, ...taken]), targetSats, dustSats)) return taken;
  if (wanted.held.length + taken.length >= wanted.maxInputs) return undefined;
  const [more] = await lockStock(vtxos, tx, wanted, dustSats, 1);
  return more === undefined ? undefined : [...taken, more];
}

function lockStock(
  vtxos: VtxoStore,
  tx: Tx,
  { freshness, lockedBy }: Pick<PayoutCoins, "freshness" | "lockedBy">,
  minAmountSats: bigint,
  count: number,
): Promise<readonly Vtxo[]> {
  const query = { ...freshness, kind: "stock", minAmountSats, count } as const;
  // The lock gets its real end, none, once all are taken.
  return vtxos.lockGateway(tx, query, lockedBy, freshness.minExpiresAt);
}

function isPayable(sumSats: bigint, targetSats: bigint, dustSats: bigint): boolean {
  return sumSats === targetSats || sumSats >= targetSats + dustSats;
}

function sumOf(coins: readonly Vtxo[]): bigint {
  return coins.reduce((sum, coin) => sum + coin.amountSats, 0n);
}
