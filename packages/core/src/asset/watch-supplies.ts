import { assetBurntPostings, POSTING_KINDS } from "../ledger/postings";
import type { ArkDaemon } from "../ports/ark-daemon";
import type { AssetRegistry } from "../ports/asset-registry";
import type { AssetSupplies } from "../ports/asset-supplies";
import type { Clock } from "../ports/clock";
import type { LedgerStore } from "../ports/ledger-store";
import type { Transactions } from "../ports/transactions";
import { nextAssetStatus } from "./asset-machine";
import { readTapdUnits, type TwinReserveSource } from "./read-tapd-units";
import type { RegisteredAsset } from "./registered-asset";
import { twinReserve } from "./twin-reserve";

export interface WatchSuppliesDeps {
  readonly clock: Clock;
  readonly transactions: Transactions;
  readonly assets: AssetRegistry;
  readonly supplies: AssetSupplies;
  readonly ledger: LedgerStore;
  readonly arkd: Pick<ArkDaemon, "getAssetSupply">;
  /** undefined = no tapd is configured: the reserves of twins are not looked at. */
  readonly tapd: TwinReserveSource | undefined;
}

/** What an operator should hear of. */
export type SupplyFinding =
  /** Units that nobody was given: somebody can make money. The asset takes no new business. */
  | { readonly kind: "too_many"; readonly assetId: string; readonly extraUnits: bigint; readonly wasFrozen: boolean }
  /** Nobody's loss but the holder's. */
  | { readonly kind: "burnt"; readonly assetId: string; readonly units: bigint }
  | { readonly kind: "reserve_short"; readonly assetId: string; readonly deficitUnits: bigint };

/** Compares one issued asset with arkd, and a twin with tapd. Throws what the daemons throw. */
export async function watchSupply(deps: WatchSuppliesDeps, asset: RegisteredAsset): Promise<readonly SupplyFinding[]> {
  const { arkAssetId } = asset;
  if (arkAssetId === undefined) return [];
  const findings: SupplyFinding[] = [];
  const supply = await judgeSupply(deps, asset, await deps.arkd.getAssetSupply(arkAssetId));
  if (supply !== undefined) findings.push(supply);
  if (asset.backing === "taproot" && deps.tapd !== undefined) {
    const [units = 0n] = await readTapdUnits(deps.tapd, [asset]);
    const reserve = await judgeReserve(deps, asset, units);
    if (reserve !== undefined) findings.push(reserve);
  }
  return findings;
}

function judgeSupply(
  deps: WatchSuppliesDeps,
  { assetId }: RegisteredAsset,
  arkdUnits: bigint,
): Promise<SupplyFinding | undefined> {
  return deps.transactions.run(async (tx) => {
    const asset = await deps.assets.lock(tx, assetId);
    if (asset === undefined) return undefined;
    await deps.supplies.record(tx, assetId, { arkdUnits }, deps.clock.now());
    if (arkdUnits > asset.issued) {
      const freezes = asset.status === "active";
      if (freezes) await deps.assets.update(tx, asset, { status: nextAssetStatus(asset.status, "freeze") });
      return { kind: "too_many", assetId, extraUnits: arkdUnits - asset.issued, wasFrozen: !freezes } as const;
    }
    const units = asset.issued - arkdUnits;
    if (units === 0n) return undefined;
    // From now on fewer are expected, so that the next look finds the next burn only.
    await deps.assets.update(tx, asset, { issued: arkdUnits });
    const postings = assetBurntPostings(assetId, units, asset.backing);
    await deps.ledger.post(tx, {
      kind: POSTING_KINDS.assetBurnt,
      businessId: `${assetId}:${arkdUnits}`,
      memo: `${units} units of ${assetId} were burnt`,
      postings,
    });
    return { kind: "burnt", assetId, units } as const;
  });
}

function judgeReserve(
  deps: WatchSuppliesDeps,
  { assetId }: RegisteredAsset,
  tapdUnits: bigint,
): Promise<SupplyFinding | undefined> {
  return deps.transactions.run(async (tx) => {
    const { requiredUnits, currentUnits } = twinReserve(await deps.supplies.readExposure(tx, assetId), tapdUnits);
    const deficitUnits = requiredUnits > currentUnits ? requiredUnits - currentUnits : 0n;
    await deps.supplies.record(tx, assetId, { tapdUnits, deficitUnits }, deps.clock.now());
    return deficitUnits === 0n ? undefined : ({ kind: "reserve_short", assetId, deficitUnits } as const);
  });
}
