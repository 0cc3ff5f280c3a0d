import { watchSupply, type SupplyFinding, type WatchSuppliesDeps } from "@arkrelay/core/asset/watch-supplies";
import type { TaskPayload } from "@arkrelay/core/jobs/catalog";
import type { Logger } from "@arkrelay/runtime/logger";

import type { TaskHandler } from "../task-handler";

/**
 * Compares every issued asset with arkd's indexer, and every twin with tapd. An asset that cannot be read holds up no other; the job
 * then fails with its error and is tried again.
 */
export function watchAssetSuppliesTask(deps: WatchSuppliesDeps): TaskHandler<TaskPayload<"watch_asset_supplies">> {
  return async ({ signal, log }) => {
    const assets = await deps.assets.listIssued();
    const failures: unknown[] = [];
    const findings: SupplyFinding[] = [];
    for (const asset of assets) {
      signal.throwIfAborted();
      try {
        findings.push(...(await watchSupply(deps, asset)));
      } catch (error) {
        failures.push(error);
      }
    }
    for (const finding of findings) report(log, finding);
    if (failures.length > 0) throw failures[0];
    return {
      result: { assets: assets.length, findings: findings.map(toResult) },
      message: `Compared the supply of ${assets.length} assets`,
    };
  };
}

function report(log: Logger, finding: SupplyFinding): void {
  switch (finding.kind) {
    case "too_many":
      return log.error("arkd has more units of an asset than were issued; the asset is frozen", {
        alert: "supply_mismatch",
        severity: "critical",
        ...toResult(finding),
      });
    case "reserve_short":
      return log.error("tapd holds fewer units than stand against them in circulation; nothing more is minted", {
        alert: "reserve_deficient",
        severity: "critical",
        ...toResult(finding),
      });
    case "burnt":
      return log.info("units of an asset were burnt", toResult(finding));
  }
}

function toResult(finding: SupplyFinding): Record<string, unknown> {
  switch (finding.kind) {
    case "too_many":
      return { kind: finding.kind, asset_id: finding.assetId, extra_units: String(finding.extraUnits) };
    case "reserve_short":
      return { kind: finding.kind, asset_id: finding.assetId, deficit_units: String(finding.deficitUnits) };
    case "burnt":
      return { kind: finding.kind, asset_id: finding.assetId, units: String(finding.units) };
  }
}
