import { toArkAddress } from "../ark/ark-address";
import { dustOf } from "../ceremony/ark-limits";
import { AppError } from "../errors";
import type { AccountState, BalanceView } from "../nostr/account-content";
import type { Tx } from "../ports/transactions";
import { ensureScript } from "../vtxo/ensure-script";
import { findGatewayScript } from "../vtxo/find-gateway-script";
import { GBTC, type Vtxo, type VtxoScriptRow } from "../vtxo/vtxo";
import { isMirrorFresh } from "./open-session";
import type { SessionDeps } from "./session-deps";

/** VTXOs of one page: some 300 bytes each, and one encrypted event holds 65 535. */
const PAGE_SIZE = 100;

export interface AccountStateQuery {
  readonly userPubkey: string;
  readonly assetId: string | undefined;
  /** Only VTXOs made since then. */
  readonly since: Date | undefined;
  /** `next_cursor` of the page before. */
  readonly cursor: string | undefined;
}

/** Errors: invalid_request (cursor), not_ready. */
export async function readAccountState(deps: SessionDeps, tx: Tx, query: AccountStateQuery): Promise<AccountState> {
  const { userPubkey, since } = query;
  const info = await deps.arkInfo.current();
  await ensureScript(deps.vtxos, tx, userPubkey, info, "user");
  const scripts = await deps.vtxos.listScripts(userPubkey);
  const page = await deps.vtxos.list(
    { ownerPubkey: userPubkey, liveOnly: true, ...(query.assetId === undefined ? {} : { assetId: query.assetId }) },
    PAGE_SIZE + 1,
    readCursor(query.cursor),
  );
  const shown = page.slice(0, PAGE_SIZE);
  const syncedAt = await deps.vtxos.findSyncedAt(userPubkey);
  return {
    user_vtxos: shown
      .filter((vtxo) => since === undefined || vtxo.createdAt >= since)
      .map((vtxo) => describeVtxo(vtxo, scripts)),
    user_balances: await readBalances(deps, userPubkey),
    user_scripts: scripts.map(({ script, signerPubkey, exitDelay }) => ({
      script,
      signer_pubkey: signerPubkey,
      exit_delay: exitDelay,
      address: toArkAddress({ signerPubkey, script }, deps.config.network),
    })),
    server: {
      network: deps.config.network,
      signer_pubkey: info.signerPubkey,
      checkpoint_tapscript: info.checkpointTapscript,
      unilateral_exit_delay: info.unilateralExitDelay,
      dust: Number(dustOf(info)),
      max_inputs: deps.config.maxInputs,
      l2_fee: { asset_id: GBTC, amount: Number(deps.config.l2FeeSats) },
      land_fee_bps: Number(deps.lightningConfig.landFeeBps),
      land_script: (await findGatewayScript(deps.vtxos, "land", info)).script,
    },
    last_sync: syncedAt?.toISOString() ?? null,
    next_cursor: page.length > PAGE_SIZE ? String(shown.at(-1)?.id) : null,
    ...((await isMirrorFresh(deps, userPubkey)) ? {} : { stale: true as const }),
  };
}

/** Balances of the assets asked for, those without a VTXO as zero; of all it has when none is named. */
export async function readBalanceViews(
  deps: SessionDeps,
  userPubkey: string,
  assetIds: readonly string[] | undefined,
): Promise<readonly BalanceView[]> {
  const rows = await deps.vtxos.sumBalances(userPubkey, deps.clock.now());
  const live = await deps.vtxos.listLive(undefined, userPubkey, LIVE_MAX);
  const wanted = assetIds ?? rows.map((row) => row.assetId);
  return wanted.map((assetId) => {
    const row = rows.find((each) => each.assetId === assetId);
    const [balance, reserved] = [row?.balance ?? 0n, row?.reserved ?? 0n];
    return {
      asset_id: assetId,
      balance: Number(balance),
      reserved: Number(reserved),
      available: Number(balance - reserved),
      vtxo_count: live.filter((vtxo) => vtxo.assetId === assetId).length,
    };
  });
}

/** VTXOs that are looked at to count them. */
const LIVE_MAX = 5_000;

async function readBalances(deps: SessionDeps, userPubkey: string): Promise<AccountState["user_balances"]> {
  const rows = await deps.vtxos.sumBalances(userPubkey, deps.clock.now());
  return rows.map(({ assetId, balance, reserved }) => ({
    asset_id: assetId,
    balance: Number(balance),
    reserved: Number(reserved),
  }));
}

function describeVtxo(vtxo: Vtxo, scripts: readonly VtxoScriptRow[]): AccountState["user_vtxos"][number] {
  return {
    vtxo_id: vtxo.vtxoId,
    amount: Number(vtxo.amountSats),
    amount_sats: Number(vtxo.amountSats),
    asset_id: vtxo.assetId ?? GBTC,
    status: vtxo.status,
    locked: vtxo.lockedBy !== undefined,
    expires_at: vtxo.expiresAt?.toISOString() ?? null,
    script: scripts.find((each) => each.id === vtxo.scriptId)?.script ?? "",
  };
}

function readCursor(cursor: string | undefined): bigint | undefined {
  if (cursor === undefined) return undefined;
  if (/^\d{1,18}$/.test(cursor)) return BigInt(cursor);
  throw new AppError("invalid_request", {
    errors: [{ path: "cursor", code: "bad_cursor", message: "Not a next_cursor of this gateway" }],
  });
}
