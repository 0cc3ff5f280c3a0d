import type { ArkVtxo } from "@arkrelay/core/ports/ark-daemon";
import type { InMemoryArkd } from "@arkrelay/core/testing/in-memory-arkd";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";

import type { CeremonyWorld } from "./ceremony-world";

/** Sats (of gBTC) and units by arkd's id; what is not named is nothing. */
export type Holdings = ReadonlyMap<string, bigint>;

/** The sum of what is on these VTXOs. */
export function sumOf(vtxos: readonly Pick<ArkVtxo, "amountSats" | "assets">[]): Holdings {
  const sums = new Map<string, bigint>();
  const add = (id: string, amount: bigint) => sums.set(id, (sums.get(id) ?? 0n) + amount);
  for (const { amountSats, assets } of vtxos) {
    add(GBTC, amountSats);
    for (const { assetId, amount } of assets) add(assetId, amount);
  }
  return sums;
}

export function plus(a: Holdings, b: Holdings): Holdings {
  return withoutZeros(new Map([...new Set([...a.keys(), ...b.keys()])].map((id) => [id, of(a, id) + of(b, id)])));
}

export function minus(a: Holdings, b: Holdings): Holdings {
  return plus(a, new Map([...b].map(([id, amount]) => [id, -amount])));
}

export const of = (holdings: Holdings, id: string): bigint => holdings.get(id) ?? 0n;

const withoutZeros = (holdings: Holdings): Holdings => new Map([...holdings].filter(([, amount]) => amount !== 0n));

export function isOwnedByAny(arkd: InMemoryArkd, vtxo: ArkVtxo, pubkeys: readonly string[]): boolean {
  return pubkeys.some((pubkey) => arkd.isOwnedBy(vtxo, pubkey));
}

/** What these keys have at arkd that is not spent. */
export function holdingsOf(arkd: InMemoryArkd, pubkeys: readonly string[]): Holdings {
  return sumOf([...arkd.vtxos.values()].filter((vtxo) => !vtxo.isSpent && isOwnedByAny(arkd, vtxo, pubkeys)));
}

export function gatewayKeysOf({ deps }: CeremonyWorld): readonly string[] {
  return Object.values(deps.wallet.keys).map(({ pubkey }) => pubkey);
}
