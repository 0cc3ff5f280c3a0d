import { PassThrough } from "node:stream";

import type { AssetAmount } from "@arkrelay/core/ark/asset-types";
import type { Session } from "@arkrelay/core/session/session";
import type { SessionConfig } from "@arkrelay/core/session/session-deps";
import type { TestKey } from "@arkrelay/core/testing/ark-transfer";
import type { InMemoryArkd } from "@arkrelay/core/testing/in-memory-arkd";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import { registerTestAsset } from "@arkrelay/db/testing/register-asset";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";
import { createLogger } from "@arkrelay/runtime/logger";

import { reconcileDaemonsTask } from "../handlers/reconcile-daemons";
import { toReconcileDeps } from "../reconcile-deps";
import type { TaskContext } from "../task-handler";
import { openAssetWorld } from "./asset-world";

export const GOLD_ID = `${"aa".repeat(32)}0000`;
export const SILVER_ID = `${"bb".repeat(32)}0000`;

export const gold = (amount: bigint): AssetAmount => ({ assetId: GOLD_ID, amount });
export const silver = (amount: bigint): AssetAmount => ({ assetId: SILVER_ID, amount });

/** Renewals of sats, gold and silver on the real database, with arkd in memory. */
export async function openRenewalWorld(test: TestDatabase, config: Partial<SessionConfig> = {}) {
  const world = await openAssetWorld(test, {}, config);
  const { deps, arkd } = world;
  const stockKey = deps.wallet.keys.stock.pubkey;
  await registerTestAsset(test.database, "gold", GOLD_ID);
  await registerTestAsset(test.database, "silver", SILVER_ID);
  await world.stockFees(8);
  const reconcile = reconcileDaemonsTask(
    toReconcileDeps({ database: test.database, ceremony: deps, lightning: deps, lnd: undefined, tapd: undefined }),
  );
  const quiet = {
    payload: { v: 1 },
    signal: new AbortController().signal,
    log: createLogger({ service: "test", stream: new PassThrough().resume() }),
  } as unknown as TaskContext<{ v: 1 }>;

  /** The wallet answers whatever is open; workers drive the session. Ends where nobody signs any more. */
  const sign = async (user: TestKey, sessionId: string): Promise<Session> => {
    for (let round = 0; round < 3; round++) {
      await world.drive(sessionId);
      if ((await world.openChallenge(sessionId)) === undefined) break;
      await world.answer(user, sessionId);
    }
    return world.getSession(sessionId);
  };
  return {
    ...world,
    /** Stock of the gateway with units, known to its mirror. */
    stockUnits: async (...amounts: readonly AssetAmount[]): Promise<void> => {
      for (const amount of amounts) arkd.fund(stockKey, 1_000n, [amount]);
      await syncVtxos(deps, { ownerPubkey: stockKey });
    },
    /** VTXOs of a user, known to our mirror. */
    give: async (user: TestKey, ...vtxos: readonly (readonly [bigint, ...AssetAmount[]])[]): Promise<string[]> => {
      const ids = vtxos.map(([sats, ...assets]) => arkd.fund(user.pubkey, sats, assets));
      await syncVtxos(deps, { ownerPubkey: user.pubkey });
      return ids;
    },
    renew: (user: TestKey, vtxoIds: readonly string[], extra: Parameters<typeof world.open>[2] = {}) =>
      world.open(user, { type: "vtxo:renew", params: { vtxo_ids: vtxoIds } }, extra),
    sign,
    /** Opens, signs twice, and has the payout made. */
    renewWhole: async (user: TestKey, vtxoIds: readonly string[]): Promise<Session> => {
      const { session } = await world.open(user, { type: "vtxo:renew", params: { vtxo_ids: vtxoIds } });
      await sign(user, session.sessionId);
      await world.runPayouts();
      return world.getSession(session.sessionId);
    },
    /** What a key has at arkd, one entry a VTXO: sats and units, in order. */
    holdings: (pubkey: string) => holdingsOf(arkd, pubkey),
    /** Everything that the reconciliation finds wrong with arkd; it compares at one cut of the ledger. */
    drifts: async (): Promise<readonly unknown[]> => {
      const { result } = await reconcile(quiet);
      const { compared } = result as { readonly compared: Record<string, readonly { readonly drift: string }[]> };
      return Object.values(compared)
        .flat()
        .filter(({ drift }) => drift !== "0");
    },
    locks: () => test.database.select("SELECT vtxo_id, locked_by FROM vtxos WHERE locked_by IS NOT NULL"),
    renewedToday: async ({ pubkey }: TestKey): Promise<bigint> => {
      const [row] = await test.database.select("SELECT used FROM daily_budgets WHERE name = ?", [`renew:${pubkey}`]);
      return row === undefined ? 0n : BigInt(Number(row["used"]));
    },
  };
}

export type RenewalWorld = Awaited<ReturnType<typeof openRenewalWorld>>;

export function holdingsOf(arkd: InMemoryArkd, pubkey: string): readonly string[] {
  return [...arkd.vtxos.values()]
    .filter((vtxo) => !vtxo.isSpent && arkd.isOwnedBy(vtxo, pubkey))
    .map(({ amountSats, assets }) =>
      [`${amountSats}`, ...assets.map(({ assetId, amount }) => `${amount} ${nameOf(assetId)}`).toSorted()].join(" + "),
    )
    .toSorted();
}

function nameOf(assetId: string): string {
  if (assetId === GOLD_ID) return "gold";
  return assetId === SILVER_ID ? "silver" : assetId;
}
