import { toArkAddress } from "../ark/ark-address";
import { findArkAssetId, nameOf, readAssetNames, readNamesOf } from "../asset/asset-names";
import { dustOf } from "../ceremony/ark-limits";
import { toAppError } from "../errors";
import { toJsonAmount } from "../json-amount";
import type { AccountState } from "../nostr/account-content";
import type { ArkServerInfo } from "../ports/ark-daemon";
import type { Tx } from "../ports/transactions";
import type { BalanceRow } from "../ports/vtxo-store";
import { isMirrorFresh } from "../session/open-session";
import { ensureScript } from "../vtxo/ensure-script";
import { findGatewayScript } from "../vtxo/find-gateway-script";
import { GBTC, type VtxoScriptRow } from "../vtxo/vtxo";
import { type AccountCursor, formatCursor, parseCursor } from "./account-cursor";
import { describeVtxo } from "./describe-vtxo";
import type { ServiceRequestDeps } from "./service-deps";

/**
 * Bytes of plain text that a page aims at. NIP-44 would take 65 535, but the event around it grows by a third, and many relays take
 * none above 64 KiB. Only a VTXO with nearly all the assets that arkd allows (110) makes a larger page, and still fits.
 */
const PAGE_BYTES = 40_960;
/** Balances of one page: some 130 bytes each. */
const BALANCES_MAX = 100;
/** VTXOs read for one page: more than fit into it. */
const VTXOS_MAX = 200;

export interface AccountQuery {
  readonly userPubkey: string;
  /** By our name; what the registry does not know, by arkd's id. */
  readonly assetId: string | undefined;
  /** VTXOs that changed since then, those that are gone by now among them; without it those that live. */
  readonly since: Date | undefined;
  /** `next_cursor` of the page before. */
  readonly cursor: string | undefined;
}

type Deps = Pick<
  ServiceRequestDeps,
  "arkInfo" | "assets" | "clock" | "config" | "knownArkInfo" | "lightningConfig" | "vtxos"
>;

/**
 * One page of what a wallet needs to go on from nothing. Over its pages every balance and every VTXO is told once, balances first.
 * Errors: invalid_request (cursor), not_ready (arkd was never seen).
 */
export async function readAccount(deps: Deps, tx: Tx, asked: AccountQuery): Promise<AccountState> {
  const { userPubkey } = asked;
  const assetId = asked.assetId && (await findArkAssetId(deps.assets, tx, asked.assetId));
  const query = { ...asked, assetId };
  const cursor = parseCursor(query.cursor);
  const info = await lastArkInfo(deps);
  await ensureScript(deps.vtxos, tx, userPubkey, info, "user");
  const scripts = await deps.vtxos.listScripts(userPubkey);
  const syncedAt = await deps.vtxos.findSyncedAt(userPubkey);
  const balances = await readBalances(deps, query, cursor);
  const heldIds = balances.shown.map((row) => row.assetId);
  const names = await readAssetNames(deps.assets, tx, heldIds);
  const head = {
    user_vtxos: [],
    user_balances: balances.shown.map((row) => ({
      asset_id: nameOf(names, row.assetId),
      balance: toJsonAmount(row.balance),
      reserved: toJsonAmount(row.reserved),
    })),
    user_scripts: scripts.map((script) => describeScript(deps, script)),
    server: await describeServer(deps, info),
    last_sync: syncedAt?.toISOString() ?? null,
    next_cursor: balances.next ?? null,
    ...((await isMirrorFresh(deps, userPubkey)) ? {} : { stale: true as const }),
  };
  if (balances.next !== undefined) return head;
  const vtxos = await readVtxos(deps, query, cursor, scripts, PAGE_BYTES - sizeOf(head));
  return { ...head, user_vtxos: vtxos.shown, next_cursor: vtxos.next ?? null };
}

/** What arkd says now; while it is away, what it said last: a wallet must still see its funds. */
async function lastArkInfo({ arkInfo, knownArkInfo }: Deps): Promise<ArkServerInfo> {
  try {
    return await arkInfo.current();
  } catch (thrown) {
    if (toAppError(thrown).code !== "daemon_unavailable") throw thrown;
    const known = await knownArkInfo.find();
    if (known === undefined) throw thrown;
    return known;
  }
}

interface Part<T> {
  readonly shown: readonly T[];
  /** Cursor of what did not fit; undefined = that was the last. */
  readonly next: string | undefined;
}

async function readBalances(
  deps: Deps,
  { userPubkey, assetId }: AccountQuery,
  cursor: AccountCursor,
): Promise<Part<BalanceRow>> {
  if (cursor.after === "vtxo") return { shown: [], next: undefined };
  const rows = (await deps.vtxos.sumBalances(userPubkey, deps.clock.now()))
    .filter((row) => assetId === undefined || row.assetId === assetId)
    .filter((row) => cursor.after === "nothing" || row.assetId > cursor.assetId)
    .toSorted((a, b) => (a.assetId < b.assetId ? -1 : 1));
  const shown = rows.slice(0, BALANCES_MAX);
  const last = shown.at(-1);
  const hasMore = rows.length > shown.length && last !== undefined;
  return { shown, next: hasMore ? formatCursor({ after: "balance", assetId: last.assetId }) : undefined };
}

async function readVtxos(
  deps: Deps,
  { userPubkey, assetId, since }: AccountQuery,
  cursor: AccountCursor,
  scripts: readonly VtxoScriptRow[],
  room: number,
): Promise<Part<AccountState["user_vtxos"][number]>> {
  const rows = await deps.vtxos.list(
    {
      ownerPubkey: userPubkey,
      ...(since === undefined ? { liveOnly: true } : { changedSince: since }),
      ...(assetId === undefined ? {} : { assetId }),
    },
    VTXOS_MAX + 1,
    cursor.after === "vtxo" ? cursor.id : undefined,
  );
  const names = await readNamesOf(deps.assets, undefined, rows);
  const shown: AccountState["user_vtxos"][number][] = [];
  let [left, lastId] = [room, cursor.after === "vtxo" ? cursor.id : undefined];
  for (const vtxo of rows.slice(0, VTXOS_MAX)) {
    const entries = describeVtxo(vtxo, scripts, deps.clock.now(), names, assetId);
    left -= sizeOf(entries);
    // One at least, or a page would lead to itself.
    if (left < 0 && shown.length > 0) break;
    shown.push(...entries);
    lastId = vtxo.id;
  }
  const isAll = rows.length === 0 || rows.at(-1)?.id === lastId;
  return { shown, next: isAll || lastId === undefined ? undefined : formatCursor({ after: "vtxo", id: lastId }) };
}

function describeScript(deps: Deps, { script, signerPubkey, exitDelay }: VtxoScriptRow) {
  return {
    script,
    signer_pubkey: signerPubkey,
    exit_delay: exitDelay,
    address: toArkAddress({ signerPubkey, script }, deps.config.network),
  };
}

async function describeServer(deps: Deps, info: ArkServerInfo): Promise<AccountState["server"]> {
  return {
    network: deps.config.network,
    signer_pubkey: info.signerPubkey,
    checkpoint_tapscript: info.checkpointTapscript,
    unilateral_exit_delay: info.unilateralExitDelay,
    dust: Number(dustOf(info)),
    max_inputs: deps.config.maxInputs,
    l2_fee: { asset_id: GBTC, amount: Number(deps.config.l2FeeSats) },
    land_fee_bps: Number(deps.lightningConfig.landFeeBps),
    land_script: (await findGatewayScript(deps.vtxos, "land", info)).script,
  };
}

/** Bytes as JSON: everything in here is ASCII. */
function sizeOf(part: unknown): number {
  return JSON.stringify(part).length;
}
