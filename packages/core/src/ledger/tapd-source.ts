import { AppError } from "../errors";
import type { AssetRegistry } from "../ports/asset-registry";
import type { TaprootAssets } from "../ports/taproot-assets";
import type { ExternalBalance, ExternalSource } from "./reconcile-source";

export interface TapdSourceDeps {
  readonly tapd: Pick<TaprootAssets, "getInfo" | "getAssetBalances">;
  readonly assets: Pick<AssetRegistry, "listTaprootBacked">;
}

/**
 * The units behind each twin, in tapd's wallet (confirmed, unconfirmed change, leased) and in its channels. An account per asset, under
 * the name that the registry gives it; what tapd holds of other assets is nobody's business here.
 */
export function tapdSource(deps: TapdSourceDeps): ExternalSource {
  const listTwins = () => deps.assets.listTaprootBacked(undefined);
  return {
    source: "tapd",
    listAccounts: async () => (await listTwins()).map(({ assetId }) => ({ account: "asset:tapd", assetId })),
    read: async () => {
      // One that is registered later has no place in the caller's cut: it is left to the next run.
      const twins = await listTwins();
      if (twins.length === 0) return [];
      await refuseUnsynced(deps.tapd);
      const balances = await deps.tapd.getAssetBalances();
      return twins.map(({ assetId, taprootAssetId }): ExternalBalance => {
        const held = balances.find((balance) => balance.assetId === taprootAssetId);
        const external = (held?.balanceUnits ?? 0n) + (held?.channelUnits ?? 0n);
        return { account: "asset:tapd", assetId, external, explained: [], rounding: 0n };
      });
    },
  };
}

/** A tapd that is still catching up does not know yet which of its sends are confirmed. */
async function refuseUnsynced(tapd: TapdSourceDeps["tapd"]): Promise<void> {
  const { syncedToChain } = await tapd.getInfo();
  if (syncedToChain) return;
  throw new AppError("daemon_unavailable", { details: { service: "tapd", reason: "not synced to chain" } });
}
