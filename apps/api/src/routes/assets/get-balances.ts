import { DEFAULT_ARK_TX_LIMITS } from "@arkrelay/core/ark/build-ark-tx";
import { findArkAssetId, nameOf, readAssetNames } from "@arkrelay/core/asset/asset-names";
import { BalanceParams, BalanceReply, BalancesReply } from "@arkrelay/core/http/assets";
import { UserPubkeyParams } from "@arkrelay/core/http/transactions";
import { toJsonAmount } from "@arkrelay/core/json-amount";
import type { BalanceRow } from "@arkrelay/core/ports/vtxo-store";
import { availableBalance } from "@arkrelay/core/vtxo/available-balance";

import type { ApiDeps } from "../../api-deps";
import { readRoute } from "../../http/route";
import { toAssetId } from "../asset-alias";
import { assertMayReadFunds } from "../read-rights";
import { shorten } from "../short-id";

const common = { auth: ["owner", "solver"], scope: "assets" } as const;

/** arkd is compared at least this often while a key is in use; an older mirror is shown as what it is. */
const MIRROR_STALE_MS = 300_000;

export const getBalancesRoute = readRoute({
  ...common,
  path: "/balances/:user_pubkey",
  summary: "Balances, derived from VTXOs",
  params: UserPubkeyParams,
  replies: { 200: BalancesReply },
}).handle(async ({ deps, caller, params }) => {
  await assertMayReadFunds(deps, caller, params.user_pubkey);
  const { rows, syncedAt, isStale } = await readBalances(deps, params.user_pubkey);
  const names = await readAssetNames(
    deps.session.assets,
    undefined,
    rows.map((row) => row.assetId),
  );
  return {
    status: 200,
    body: {
      balances: rows.map((row) => ({
        asset_id: nameOf(names, row.assetId),
        ...toAmounts(row),
        last_updated: later(row.seenAt, syncedAt).toISOString(),
      })),
      user_pubkey: shorten(params.user_pubkey),
      total_assets: rows.length,
      ...(isStale && { stale: true }),
      ...(syncedAt !== undefined && { as_of: syncedAt.toISOString() }),
    },
  };
});

export const getBalanceRoute = readRoute({
  ...common,
  path: "/balances/:user_pubkey/:asset_id",
  summary: "The balance of one asset; zeros when there is none",
  params: BalanceParams,
  replies: { 200: BalanceReply },
}).handle(async ({ deps, caller, params }) => {
  await assertMayReadFunds(deps, caller, params.user_pubkey);
  const { assets } = deps.session;
  const arkAssetId = await findArkAssetId(assets, undefined, toAssetId(params.asset_id));
  const names = await readAssetNames(assets, undefined, [arkAssetId]);
  const { rows, syncedAt } = await readBalances(deps, params.user_pubkey);
  const row = rows.find((each) => each.assetId === arkAssetId);
  const updatedAt = row === undefined ? syncedAt : later(row.seenAt, syncedAt);
  return {
    status: 200,
    body: {
      user_pubkey: params.user_pubkey,
      asset_id: nameOf(names, arkAssetId),
      ...toAmounts(row ?? { balance: 0n, reserved: 0n, freeCarriers: 0 }),
      ...(updatedAt !== undefined && { last_updated: updatedAt.toISOString() }),
    },
  };
});

async function readBalances(deps: ApiDeps, pubkey: string) {
  const now = deps.clock.now();
  const [rows, syncedAt] = await Promise.all([
    deps.session.vtxos.sumBalances(pubkey, now),
    deps.session.vtxos.findSyncedAt(pubkey),
  ]);
  const isStale = syncedAt === undefined || now.getTime() - syncedAt.getTime() > MIRROR_STALE_MS;
  return { rows, syncedAt, isStale };
}

/** A transfer books its outputs without a look at the whole key, so either may be the newer one. */
function later(seenAt: Date, syncedAt: Date | undefined): Date {
  return syncedAt !== undefined && syncedAt > seenAt ? syncedAt : seenAt;
}

function toAmounts(row: Pick<BalanceRow, "balance" | "reserved" | "freeCarriers">) {
  return {
    balance: toJsonAmount(row.balance),
    reserved_balance: toJsonAmount(row.reserved),
    available_balance: toJsonAmount(availableBalance(row, DEFAULT_ARK_TX_LIMITS.dustSats)),
  };
}
