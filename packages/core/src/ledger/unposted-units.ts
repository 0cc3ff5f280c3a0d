import type { RegisteredAsset } from "../asset/registered-asset";
import { liveHtlcs } from "../lightning/held-payment";
import type { LightningOperation } from "../lightning/lightning-operation";
import {
  findPaidLands,
  findSettledLifts,
  listOpenOperations,
  type PaidLand,
  type SettledLift,
  type UnpostedDeps,
} from "./unposted-operations";

/** One operation whose units tapd counts already (a settled lift) or no longer (a paid land), and the books do not say so yet. */
export type UnpostedUnits =
  | { readonly kind: "lift_settled"; readonly operation: LightningOperation; readonly units: bigint }
  | { readonly kind: "land_paid"; readonly operation: LightningOperation; readonly units: bigint };

/** Of these twins. Ask after tapd: what it counted belongs to one of these, or is posted. Throws what lnd throws. */
export async function listUnpostedUnits(
  deps: UnpostedDeps,
  twins: readonly Pick<RegisteredAsset, "assetId" | "taprootAssetId">[],
): Promise<readonly UnpostedUnits[]> {
  const taprootIds = new Map(twins.map(({ assetId, taprootAssetId }) => [assetId, taprootAssetId]));
  const isOfTwin = ({ assetId }: LightningOperation) => taprootIds.has(assetId);
  const taprootIdOf = ({ assetId }: LightningOperation) => taprootIds.get(assetId) ?? "";
  const { lands, lifts } = await listOpenOperations(deps);
  const [settled, paid] = [
    await findSettledLifts(deps, lifts.filter(isOfTwin)),
    await findPaidLands(deps, lands.filter(isOfTwin)),
  ];
  return [
    ...settled.map((each) => {
      const units = arrivedUnits(each, taprootIdOf(each.lift));
      return { kind: "lift_settled", operation: each.lift, units } as const;
    }),
    ...paid.map((each) => {
      const units = debitedUnits(each, taprootIdOf(each.land));
      return { kind: "land_paid", operation: each.land, units } as const;
    }),
  ];
}

function arrivedUnits({ invoice }: SettledLift, taprootAssetId: string): bigint {
  return liveHtlcs(invoice).reduce((sum, { units }) => sum + (units.get(taprootAssetId) ?? 0n), 0n);
}

function debitedUnits({ payment }: PaidLand, taprootAssetId: string): bigint {
  const arrived = payment.htlcs.filter(({ status }) => status === "succeeded");
  return arrived.reduce((sum, { units }) => sum + (units.get(taprootAssetId) ?? 0n), 0n);
}
