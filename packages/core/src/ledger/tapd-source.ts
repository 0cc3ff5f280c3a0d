import { readTapdUnits, type TwinReserveSource } from "../asset/read-tapd-units";
import type { AssetRegistry } from "../ports/asset-registry";
import type { ExternalBalance, ExternalSource } from "./reconcile-source";

export interface TapdSourceDeps {
  readonly tapd: TwinReserveSource;
  readonly assets: Pick<AssetRegistry, "listTaprootBacked">;
}

/**
 * The units behind each twin, in tapd's wallet (confirmed, unconfirmed change, leased) and in its channels, over all tranches of a group.
 * An account per asset, under the name that the registry gives it; what tapd holds of other assets is nobody's business here.
 */
export function tapdSource(deps: TapdSourceDeps): ExternalSource {
  const listTwins = () => deps.assets.listTaprootBacked(undefined);
  return {
    source: "tapd",
    listAccounts: async () => (await listTwins()).map(({ assetId }) => ({ account: "asset:tapd", assetId })),
    read: async () => {
      // One that is registered later has no place in the caller's cut: it is left to the next run.
      const twins = await listTwins();
      const units = await readTapdUnits(deps.tapd, twins);
      return twins.map(({ assetId }, index): ExternalBalance => {
        return { account: "asset:tapd", assetId, external: units[index] ?? 0n, explained: [], rounding: 0n };
      });
    },
  };
}
