import type { Tx } from "../ports/transactions";
import type { Freshness } from "../ports/vtxo-store";
import type { CeremonyDeps } from "../session/session-deps";
import type { Vtxo } from "../vtxo/vtxo";
import { GBTC } from "../vtxo/vtxo";
import { freshSource, freshStock } from "./choose-payout-coins";
import type { GatewayPubkeys } from "./gateway-pubkeys";
import type { Payout } from "./payout";

export type SourceKind = "stock" | "treasury";

/** A mint hands out what the issuance gave to the treasury, and a fan-out makes stock of it; everything else is paid from stock. */
export function unitsKindOf({ kind }: Pick<Payout, "kind">): SourceKind {
  return kind === "mint" || kind === "fanout" ? "treasury" : "stock";
}

/** How much life the coins of a payout must have left. */
export function freshnessFor(deps: Pick<CeremonyDeps, "clock" | "config">, { kind }: Pick<Payout, "kind">): Freshness {
  return kind === "fanout" ? freshSource(deps) : freshStock(deps);
}

/**
 * Where the sats of a payout come from. Those of a fan-out are of one kind, so that what is left goes back there: the treasury's, when it
 * has enough of them, else the stock's (stock of sats is never made of stock); with coins that are held already it stays with theirs.
 */
export async function chooseSatsKind(
  deps: Pick<CeremonyDeps, "clock" | "config" | "vtxos"> & { readonly wallet: GatewayPubkeys },
  tx: Tx,
  payout: Pick<Payout, "kind" | "assetId" | "ownerPubkey">,
  {
    targetSats,
    dustSats,
    held,
  }: { readonly targetSats: bigint; readonly dustSats: bigint; readonly held: readonly Vtxo[] },
): Promise<SourceKind> {
  if (payout.kind !== "fanout" || held.some(isPlain)) return satsKindOf(payout, held);
  if (payout.assetId === GBTC && payout.ownerPubkey === deps.wallet.keys.stock.pubkey) return "treasury";
  const freeSats = await deps.vtxos.sumFree(tx, "treasury", freshSource(deps));
  return freeSats === targetSats || freeSats >= targetSats + dustSats ? "treasury" : "stock";
}

/** Of the plain ones among the coins of a fan-out; without any, of those that carry the units. */
export function satsKindOf({ kind }: Pick<Payout, "kind">, coins: readonly Vtxo[]): SourceKind {
  const coin = coins.find(isPlain) ?? coins[0];
  return kind === "fanout" && coin?.kind === "treasury" ? "treasury" : "stock";
}

function isPlain({ assets }: Vtxo): boolean {
  return assets.length === 0;
}
