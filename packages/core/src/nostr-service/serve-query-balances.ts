import { DEFAULT_ARK_TX_LIMITS } from "../ark/build-ark-tx";
import { findArkAssetId, nameOf, readAssetNames, readNamesOf } from "../asset/asset-names";
import { AppError } from "../errors";
import { toJsonAmount } from "../json-amount";
import type { AccountState, BalanceView } from "../nostr/account-content";
import type { BalancesRequest } from "../nostr/service-request";
import type { NostrEvent } from "../ports/nostr";
import type { Tx } from "../ports/transactions";
import type { BalanceRow } from "../ports/vtxo-store";
import type { Wake } from "../ports/waker";
import { availableBalance } from "../vtxo/available-balance";
import { answerService } from "./answer-service";
import { describeVtxo } from "./describe-vtxo";
import type { ServiceRequestDeps } from "./service-deps";

/** Bytes of balances and VTXOs that one answer may have, below the 65 535 of its event; more of them are paged by `sync_state`. */
const ANSWER_BYTES_MAX = 60_000;
/** More VTXOs than fit into an answer. */
const VTXOS_MAX = 250;

/** `query_balances`: of the assets asked for, those without a VTXO as zero; of all the author has when none is named. */
export async function serveQueryBalances(
  deps: ServiceRequestDeps,
  tx: Tx,
  event: NostrEvent,
  request: BalancesRequest,
): Promise<readonly Wake[]> {
  const { action, assetIds, includesVtxos } = request;
  const rows = await deps.vtxos.sumBalances(event.pubkey, deps.clock.now());
  const named = assetIds && (await Promise.all(assetIds.map((id) => findArkAssetId(deps.assets, tx, id))));
  const wanted = [...new Set(named ?? rows.map((row) => row.assetId))];
  const names = await readAssetNames(deps.assets, tx, wanted);
  const shown = {
    balances: wanted.map((arkAssetId) =>
      describeBalance(
        nameOf(names, arkAssetId),
        rows.find((row) => row.assetId === arkAssetId),
      ),
    ),
    ...(includesVtxos ? { vtxos: await listVtxos(deps, event.pubkey, named && wanted) } : {}),
  };
  if (JSON.stringify(shown).length > ANSWER_BYTES_MAX) throw tooMuch();
  const syncedAt = await deps.vtxos.findSyncedAt(event.pubkey);
  await answerService(deps, tx, event, request, (head) => ({
    ...head,
    action,
    status: "success",
    ...shown,
    last_updated: syncedAt?.toISOString() ?? null,
  }));
  return [];
}

function describeBalance(assetId: string, row: BalanceRow | undefined): BalanceView {
  return {
    asset_id: assetId,
    balance: toJsonAmount(row?.balance ?? 0n),
    reserved: toJsonAmount(row?.reserved ?? 0n),
    available: row === undefined ? 0 : toJsonAmount(availableBalance(row, DEFAULT_ARK_TX_LIMITS.dustSats)),
    vtxo_count: row?.vtxoCount ?? 0,
  };
}

async function listVtxos(
  deps: ServiceRequestDeps,
  userPubkey: string,
  arkAssetIds: readonly string[] | undefined,
): Promise<AccountState["user_vtxos"]> {
  const scripts = await deps.vtxos.listScripts(userPubkey);
  const live = await deps.vtxos.listLive(undefined, userPubkey, VTXOS_MAX);
  if (live.length === VTXOS_MAX) throw tooMuch();
  const names = await readNamesOf(deps.assets, undefined, live);
  const wanted = arkAssetIds?.map((id) => nameOf(names, id));
  return live
    .flatMap((vtxo) => describeVtxo(vtxo, scripts, deps.clock.now(), names))
    .filter((view) => wanted === undefined || wanted.includes(view.asset_id));
}

function tooMuch(): AppError {
  return new AppError("payload_too_large", {
    message: "The answer does not fit into one event; sync_state is paged",
    details: { use: "sync_state" },
  });
}
