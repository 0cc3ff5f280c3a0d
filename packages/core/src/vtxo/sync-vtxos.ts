import { GATEWAY_KEY_NAMES } from "../ark/wallet-keys";
import type { ArkDaemon, ArkVtxo } from "../ports/ark-daemon";
import type { Clock } from "../ports/clock";
import type { Transactions } from "../ports/transactions";
import type { VtxoStore } from "../ports/vtxo-store";
import type { ArkInfoSource, GatewayWallet } from "../session/session-deps";
import { ensureScript } from "./ensure-script";
import type { VtxoKind } from "./vtxo";

export interface SyncDeps {
  readonly clock: Clock;
  readonly transactions: Transactions;
  readonly vtxos: VtxoStore;
  readonly arkd: ArkDaemon;
  readonly arkInfo: ArkInfoSource;
}

export interface SyncCounts {
  readonly live: number;
  readonly gone: number;
}

/** Outpoints asked for in one read of arkd's indexer. */
const OUTPOINTS_MAX = 100;
/** Rows written in one transaction, so that a large wallet holds no locks for long. */
const ROWS_MAX = 200;
/** Mirror rows of one key that are compared; more live VTXOs than this are read again by the next run. */
const LIVE_ROWS_MAX = 5_000;

/**
 * Brings the mirror of one key's VTXOs up to arkd's state: everything spendable is written, and what the mirror still has as
 * live but arkd no longer lists is looked up one by one. arkd is the authority; a stream only says when to ask.
 */
export async function syncVtxos(deps: SyncDeps, input: { readonly ownerPubkey: string }): Promise<SyncCounts> {
  const startedAt = deps.clock.now();
  const scripts = await scriptsOf(deps, input.ownerPubkey);
  const live = await deps.arkd.listVtxosByScripts(
    scripts.map((each) => each.script),
    { spendableOnly: true },
  );
  const listed = new Set(live.map((vtxo) => vtxo.vtxoId));
  const rows = await deps.vtxos.listLive(undefined, input.ownerPubkey, LIVE_ROWS_MAX);
  const missing = rows.filter((row) => !listed.has(row.vtxoId)).map((row) => row.vtxoId);
  const gone: ArkVtxo[] = [];
  for (const ids of chunks(missing, OUTPOINTS_MAX)) gone.push(...(await deps.arkd.listVtxosByOutpoints(ids)));
  await recordVtxos(deps, [...live, ...gone]);
  await deps.transactions.run((tx) =>
    deps.vtxos.markSynced(
      tx,
      scripts.map((each) => each.id),
      startedAt,
    ),
  );
  return { live: live.length, gone: gone.length };
}

/** Writes what arkd says about VTXOs on scripts we know; others are none of ours. */
export async function recordVtxos(
  deps: Pick<SyncDeps, "transactions" | "vtxos">,
  vtxos: readonly ArkVtxo[],
): Promise<void> {
  const scripts = await deps.vtxos.listScriptsByScript([...new Set(vtxos.map((vtxo) => vtxo.script))]);
  const byScript = new Map(scripts.map((each) => [each.script, each]));
  const rows = vtxos.flatMap((vtxo) => {
    const script = byScript.get(vtxo.script);
    return script === undefined ? [] : [{ vtxo, script }];
  });
  for (const part of chunks(rows, ROWS_MAX))
    await deps.transactions.run((tx) => deps.vtxos.upsert(tx, part, "reconcile"));
}

/** Makes the gateway's own script rows, so that the API can build with them without holding their keys. Run at start. */
export async function registerGatewayScripts(
  deps: Pick<SyncDeps, "transactions" | "vtxos" | "arkInfo">,
  wallet: GatewayWallet,
): Promise<void> {
  const info = await deps.arkInfo.current();
  await deps.transactions.run(async (tx) => {
    for (const kind of GATEWAY_KEY_NAMES) await ensureScript(deps.vtxos, tx, wallet.keys[kind].pubkey, info, kind);
  });
}

async function scriptsOf(deps: SyncDeps, ownerPubkey: string) {
  const info = await deps.arkInfo.current();
  const known = await deps.vtxos.listScripts(ownerPubkey);
  const kind: VtxoKind = known[0]?.kind ?? "user";
  const hasCurrent = known.some(
    (each) => each.signerPubkey === info.signerPubkey && each.exitDelay === info.unilateralExitDelay,
  );
  if (hasCurrent) return known;
  const current = await deps.transactions.run((tx) => ensureScript(deps.vtxos, tx, ownerPubkey, info, kind));
  return [...known, current];
}

function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const parts: (readonly T[])[] = [];
  for (let start = 0; start < items.length; start += size) parts.push(items.slice(start, start + size));
  return parts;
}
