import { GATEWAY_KEY_NAMES } from "../ark/wallet-keys";
import type { ArkDaemon, ArkVtxo } from "../ports/ark-daemon";
import type { AssetRegistry } from "../ports/asset-registry";
import type { GatewayVtxoBooks } from "../ports/gateway-vtxo-books";
import type { VtxoStore } from "../ports/vtxo-store";
import { GBTC, unitsOn, type VtxoKind } from "../vtxo/vtxo";
import { MSAT_PER_SAT } from "./postings";
import type { ExternalBalance, ExternalSource } from "./reconcile-source";

export interface ArkSourceDeps {
  readonly arkd: ArkDaemon;
  readonly vtxos: Pick<VtxoStore, "listScriptsOfKind">;
  readonly vtxoBooks: GatewayVtxoBooks;
  readonly assets: Pick<AssetRegistry, "listIssued">;
}

/** Outpoints asked for in one read of arkd's indexer. */
const OUTPOINTS_MAX = 100;
/** Expired VTXOs enter the next batch; more than this are compared again when some have. */
const EXPIRED_MAX = 2_000;

/**
 * The sats and the units of every issued asset on the gateway's own VTXOs as arkd has them: spendable and recoverable ones, and for every transaction of ours that is not
 * booked its inputs instead of its outputs, whether arkd has taken it or not. So a transfer under way never shows as a difference.
 * VTXOs that others sent and that are not booked yet are left out.
 */
export function arkSource(deps: ArkSourceDeps): ExternalSource {
  return {
    source: "arkd",
    listAccounts: async () => [
      { account: "asset:ark", assetId: GBTC },
      { account: "suspense:frozen", assetId: GBTC },
      ...(await deps.assets.listIssued()).map(({ assetId }) => ({ account: "asset:ark", assetId }) as const),
    ],
    read: async () => {
      // One that is issued later has no place in the caller's cut: it is left to the next run.
      const issued = await deps.assets.listIssued();
      const held = await listHeld(deps);
      const sats = held.reduce((sum, vtxo) => sum + vtxo.amountSats, 0n);
      const balance = (assetId: string, external: bigint): ExternalBalance => ({
        account: "asset:ark",
        assetId,
        external,
        explained: [],
        rounding: 0n,
      });
      return [
        balance(GBTC, sats * MSAT_PER_SAT),
        ...issued.map(({ assetId, arkAssetId = "" }) =>
          balance(
            assetId,
            held.reduce((sum, vtxo) => sum + unitsOn(vtxo, arkAssetId), 0n),
          ),
        ),
      ];
    },
  };
}

async function listHeld(deps: ArkSourceDeps): Promise<readonly ArkVtxo[]> {
  const scripts = await Promise.all(
    GATEWAY_KEY_NAMES.map((kind: Exclude<VtxoKind, "user">) => deps.vtxos.listScriptsOfKind(kind)),
  );
  const spendable = await deps.arkd.listVtxosByScripts(
    scripts.flat().map((each) => each.script),
    { spendableOnly: true },
  );
  const expired = await lookUp(deps, await deps.vtxoBooks.listExpired(EXPIRED_MAX));
  // Asked for after arkd: what arkd has taken by then is on the list, or booked, and then the cut is no cut.
  const transfers = await deps.vtxoBooks.listUnbookedTransfers();
  const inputs = await lookUp(deps, transfers.inputVtxoIds);
  const held = new Map(
    [
      ...spendable,
      ...expired.filter((vtxo) => !vtxo.isSpent && !vtxo.isUnrolled && vtxo.settledBy === ""),
      ...inputs.filter(
        (vtxo) => vtxo.isSpent && [vtxo.arkTxid, vtxo.settledBy].some((txid) => transfers.txids.has(txid)),
      ),
    ].map((vtxo) => [vtxo.vtxoId, vtxo]),
  );
  for (const [vtxoId, vtxo] of held) if (transfers.txids.has(vtxo.txid)) held.delete(vtxoId);
  const booked = await deps.vtxoBooks.filterBooked([...held.keys()]);
  return [...held.values()].filter((vtxo) => booked.has(vtxo.vtxoId));
}

async function lookUp(deps: ArkSourceDeps, vtxoIds: readonly string[]) {
  const found = [];
  for (let start = 0; start < vtxoIds.length; start += OUTPOINTS_MAX)
    found.push(...(await deps.arkd.listVtxosByOutpoints(vtxoIds.slice(start, start + OUTPOINTS_MAX))));
  return found;
}
