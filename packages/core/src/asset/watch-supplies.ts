import { assetBurntPostings, POSTING_KINDS } from "../ledger/postings";
import type { UnpostedDeps } from "../ledger/unposted-operations";
import { listUnpostedUnits } from "../ledger/unposted-units";
import type { ArkDaemon } from "../ports/ark-daemon";
import type { AssetRegistry } from "../ports/asset-registry";
import type { AssetSupplies } from "../ports/asset-supplies";
import type { Clock } from "../ports/clock";
import type { LedgerStore } from "../ports/ledger-store";
import type { Transactions, Tx } from "../ports/transactions";
import { nextAssetStatus } from "./asset-machine";
import { readTwin, type TwinReserveSource } from "./read-tapd-units";
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
  /** undefined = no lnd is configured: nothing moves over Lightning then. */
  readonly lightning: UnpostedDeps["lightning"] | undefined;
  readonly operations: UnpostedDeps["operations"];
}

/** What an operator should hear of. */
export type SupplyFinding =
  /** Units that nobody was given: somebody can make money. The asset takes no new business. */
  | { readonly kind: "too_many"; readonly assetId: string; readonly extraUnits: bigint; readonly wasFrozen: boolean }
  /** Nobody's loss but the holder's. */
  | { readonly kind: "burnt"; readonly assetId: string; readonly units: bigint }
  | { readonly kind: "reserve_short"; readonly assetId: string; readonly deficitUnits: bigint };

/** Readings that were overtaken, before the comparison is left to the next run. */
const LOOKS_MAX = 3;

/** Compares one issued asset with arkd, and a twin with tapd. Throws what the daemons throw. */
export async function watchSupply(
  deps: WatchSuppliesDeps,
  asset: Pick<RegisteredAsset, "assetId" | "backing">,
): Promise<readonly SupplyFinding[]> {
  const { tapd } = deps;
  const findings = await lookUntilClear(() => lookAtSupply(deps, asset.assetId));
  if (asset.backing !== "taproot" || tapd === undefined) return findings;
  return [...findings, ...(await lookUntilClear(() => lookAtReserve({ ...deps, tapd }, asset.assetId)))];
}

/** undefined of `look` = what it compared is not of one moment. */
async function lookUntilClear(
  look: () => Promise<readonly SupplyFinding[] | undefined>,
): Promise<readonly SupplyFinding[]> {
  for (let count = 0; count < LOOKS_MAX; count++) {
    const findings = await look();
    if (findings !== undefined) return findings;
  }
  return [];
}

async function lookAtSupply(deps: WatchSuppliesDeps, assetId: string): Promise<readonly SupplyFinding[] | undefined> {
  const before = await deps.assets.find(undefined, assetId);
  if (before?.arkAssetId === undefined) return [];
  const arkdUnits = await deps.arkd.getAssetSupply(before.arkAssetId);
  return deps.transactions.run(async (tx) => {
    const asset = await deps.assets.lock(tx, assetId);
    if (asset === undefined) return [];
    // Another watch has booked a burn meanwhile: this reading may be from before it, and would pass for a counterfeit.
    if (asset.issued !== before.issued) return undefined;
    const finding = await judgeSupply(deps, tx, asset, arkdUnits);
    await deps.supplies.record(tx, assetId, { arkdUnits }, deps.clock.now());
    return finding === undefined ? [] : [finding];
  });
}

async function judgeSupply(
  deps: WatchSuppliesDeps,
  tx: Tx,
  asset: RegisteredAsset,
  arkdUnits: bigint,
): Promise<SupplyFinding | undefined> {
  const { assetId } = asset;
  if (arkdUnits > asset.issued) {
    const freezes = asset.status === "active";
    if (freezes) await deps.assets.update(tx, asset, { status: nextAssetStatus(asset.status, "freeze") });
    return { kind: "too_many", assetId, extraUnits: arkdUnits - asset.issued, wasFrozen: !freezes };
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
  return { kind: "burnt", assetId, units };
}

async function lookAtReserve(
  deps: WatchSuppliesDeps & { readonly tapd: TwinReserveSource },
  assetId: string,
): Promise<readonly SupplyFinding[] | undefined> {
  const asset = await deps.assets.find(undefined, assetId);
  if (asset === undefined) return [];
  const reading = await readTwin(deps, asset);
  const unbookedUnits = await readUnbooked(deps, asset);
  return deps.transactions.run(async (tx) => {
    const exposure = await deps.supplies.readExposure(tx, assetId);
    if (reading.mark !== exposure.tapdMark) return undefined;
    const { requiredUnits, currentUnits } = twinReserve(exposure, reading.units + unbookedUnits);
    const deficitUnits = requiredUnits > currentUnits ? requiredUnits - currentUnits : 0n;
    await deps.supplies.record(tx, assetId, { tapd: reading, deficitUnits }, deps.clock.now());
    return deficitUnits === 0n ? [] : [{ kind: "reserve_short", assetId, deficitUnits } as const];
  });
}

/**
 * What the books still add to tapd's units, or miss among them: a settled lift's are tapd's and counted as held once more; a paid land's
 * have left tapd and are still owed. Steps that a worker has died before are no deficit, and hide none.
 */
async function readUnbooked({ lightning, operations }: WatchSuppliesDeps, asset: RegisteredAsset): Promise<bigint> {
  if (lightning === undefined) return 0n;
  const unposted = await listUnpostedUnits({ lightning, operations }, [asset]);
  return unposted.reduce((sum, { kind, operation, units }) => {
    return kind === "land_paid" ? sum + units : sum - operation.amount - (operation.carrierUnits ?? 0n);
  }, 0n);
}
