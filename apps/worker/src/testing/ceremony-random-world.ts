import type { AssetAmount } from "@arkrelay/core/ark/asset-types";
import type { ArkVtxo } from "@arkrelay/core/ports/ark-daemon";
import type { Random } from "@arkrelay/core/ports/random";
import { testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import { registerTestAsset } from "@arkrelay/db/testing/register-asset";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import { openAssetWorld } from "./asset-world";
import { gatewayKeysOf, holdingsOf, type Holdings } from "./holdings";
import { openReconciliation } from "./reconciliation";

const USERS = ["u0", "u1", "u2"].map((name) => testKey(name)) as [TestKey, TestKey, TestKey];
const USD = `${testKey("usd issuance").pubkey}0000`;
const EUR = `${testKey("eur issuance").pubkey}0000`;
/** arkd knows it, the registry does not: it only ever rides along. */
const STRANGE = `${testKey("strange issuance").pubkey}0000`;
const CARRIED: readonly (readonly AssetAmount[])[] = [
  [
    { assetId: USD, amount: 100n },
    { assetId: STRANGE, amount: 7n },
  ],
  [{ assetId: EUR, amount: 100n }],
];
/** Old enough for a renewal, and too old for any transfer before a history has ended, if it is a slow one. */
const OLD_LIFE_MS = 26 * 3_600_000;
const NEARLY_DEAD_LIFE_MS = 2 * 3_600_000;

/** A user's coins at the beginning. */
export interface FirstCoins {
  /** Plain sats. */
  readonly coin: string;
  /** By our name of the units on it. */
  readonly carriers: Readonly<Record<string, string>>;
  readonly all: readonly string[];
}

/** What was there before anything happened, and what users took out behind the gateway's back. */
export interface RunFacts {
  readonly before: Readonly<Record<string, Holdings>>;
  readonly gatewayBefore: Holdings;
  readonly sats: bigint;
  readonly units: ReadonlyMap<string, bigint>;
  readonly lost: ArkVtxo[];
}

/** Three users with sats and units of two assets, and a gateway with stock for their renewals. */
export async function openRandomWorld(test: TestDatabase, random: Random) {
  const world = await openAssetWorld(test, {}, { maxSessionsPerUser: 6 }, random);
  const { arkd, deps } = world;
  await registerTestAsset(test.database, "gUSD", USD);
  await registerTestAsset(test.database, "gEUR", EUR);
  const [gUSD = [], gEUR = []] = CARRIED;
  const coins = USERS.map(({ pubkey }, index): FirstCoins => {
    const coin = arkd.fund(pubkey, 30_000n);
    const old = arkd.fund(pubkey, 20_000n, [], index === 0 ? NEARLY_DEAD_LIFE_MS : OLD_LIFE_MS);
    const carriers = { gUSD: arkd.fund(pubkey, 1_000n, gUSD), gEUR: arkd.fund(pubkey, 1_000n, gEUR, OLD_LIFE_MS) };
    return { coin, carriers, all: [coin, old, carriers.gEUR] };
  });
  const stock = deps.wallet.keys.stock.pubkey;
  for (const sats of [60_000n, 40_000n]) arkd.fund(stock, sats);
  for (const amount of [100n, 300n]) arkd.fund(stock, 1_000n, [{ assetId: EUR, amount }]);
  await world.stockFees(10);
  await syncVtxos(deps, { ownerPubkey: stock });
  const reconciliation = openReconciliation(test, world);
  await reconciliation.run();
  const facts: RunFacts = {
    before: Object.fromEntries(USERS.map(({ pubkey }) => [pubkey, holdingsOf(arkd, [pubkey])])),
    gatewayBefore: holdingsOf(arkd, gatewayKeysOf(world)),
    sats: arkd.totalSats(),
    units: new Map([USD, EUR, STRANGE].map((id) => [id, arkd.totalUnits(id)])),
    lost: [],
  };
  return { world, users: USERS, coins, facts, reconciliation };
}
