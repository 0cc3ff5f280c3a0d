import { readTapdUnits, type TwinReserveSource } from "../asset/read-tapd-units";
import type { RegisteredAsset } from "../asset/registered-asset";
import type { AssetRegistry } from "../ports/asset-registry";
import type { ExplainedPart } from "../ports/reconciliation-store";
import type { ExternalBalance, ExternalSource } from "./reconcile-source";
import type { UnpostedDeps } from "./unposted-operations";
import { listUnpostedUnits } from "./unposted-units";

export interface TapdSourceDeps {
  readonly tapd: TwinReserveSource;
  readonly assets: Pick<AssetRegistry, "listTaprootBacked">;
  /** undefined = no lnd is configured: nothing moves over Lightning then. */
  readonly lightning: UnpostedDeps["lightning"] | undefined;
  readonly operations: UnpostedDeps["operations"];
}

/**
 * The units behind each twin, in tapd's wallet (confirmed, unconfirmed change, leased) and in its channels, over all tranches of a group.
 * An account per asset, under the name that the registry gives it; what tapd holds of other assets is nobody's business here.
 * Lifts settled and lands paid a moment ago, whose postings are still to come, are explained.
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
      const explained = await explain(deps, twins);
      return twins.map(({ assetId }, index): ExternalBalance => {
        const parts = explained.get(assetId) ?? [];
        return { account: "asset:tapd", assetId, external: units[index] ?? 0n, explained: parts, rounding: 0n };
      });
    },
  };
}

async function explain(
  { lightning, operations }: TapdSourceDeps,
  twins: readonly RegisteredAsset[],
): Promise<ReadonlyMap<string, readonly ExplainedPart[]>> {
  const unposted = lightning === undefined ? [] : await listUnpostedUnits({ lightning, operations }, twins);
  const parts = new Map<string, readonly ExplainedPart[]>();
  for (const { kind, operation, units } of unposted) {
    const part = { kind, ref: operation.operationId, amount: kind === "lift_settled" ? units : -units };
    parts.set(operation.assetId, [...(parts.get(operation.assetId) ?? []), part]);
  }
  return parts;
}
