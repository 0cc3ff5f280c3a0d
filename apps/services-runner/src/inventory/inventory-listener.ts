import type { Alert } from "@arkrelay/core/alerts/alert";
import { INVENTORY_LOW_MS, isInventoryLow, judgeInventoryLow } from "@arkrelay/core/alerts/judge-inventory-alert";
import {
  replenishFeeVtxos,
  replenishStocks,
  type InventoryLook,
  type ReplenishInventoryDeps,
} from "@arkrelay/core/inventory/replenish-inventory";
import type { Waker } from "@arkrelay/core/ports/waker";
import type { InventoryReportDetail } from "@arkrelay/core/service-report";
import type { Logger } from "@arkrelay/runtime/logger";
import { runEvery } from "@arkrelay/runtime/run-every";

import { AlertLog, type AlertLogDeps } from "../alerts/alert-log";
import type { Listener } from "../supervise-listener";

/** Redis channel that tells whoever is interested what there is; nothing depends on it. */
const INVENTORY_CHANNEL = "inventory:updates";

export interface InventoryListenerDeps extends ReplenishInventoryDeps, Pick<AlertLogDeps, "webhooks"> {
  readonly waker: Pick<Waker, "wake">;
  /** Best effort. */
  readonly publish: (channel: string, message: string) => void;
  readonly log: Pick<Logger, "error" | "info" | "warn">;
  /** Between two looks at everything. */
  readonly periodMs: number;
  /** Between two looks at the co-inputs, which ceremonies use up much faster. */
  readonly feePeriodMs: number;
}

/** Keeps the gateway's stock and co-inputs up: orders what is missing, as jobs, and tells what there is. */
export function createInventoryListener(deps: InventoryListenerDeps): Listener {
  const looks = new Map<string, InventoryLook>();
  const lowSince = new Map<string, Date>();
  const alerts = new AlertLog(deps);
  let lastCheckAt: Date | undefined;
  const note = async (look: InventoryLook): Promise<void> => {
    const key = `${look.kind}:${look.assetId}`;
    const before = looks.get(key);
    looks.set(key, look);
    lastCheckAt = deps.clock.now();
    if (!isInventoryLow(look)) lowSince.delete(key);
    else if (!lowSince.has(key)) lowSince.set(key, lastCheckAt);
    if (before?.available !== look.available || before.level !== look.level) publish(deps, look);
    if (look.ordered > 0) {
      deps.log.info("VTXOs of the gateway were ordered", {
        asset_id: look.assetId,
        kind: look.kind,
        available: look.available,
        ordered: look.ordered,
      });
    }
    await deps.waker.wake(look.wakes);
    await alerts.tell(standing(looks, lowSince, lastCheckAt));
  };
  return {
    name: "inventory",
    async run({ signal }) {
      const onError = (error: unknown): void => deps.log.warn("the inventory could not be looked at", { error });
      await Promise.all([
        runEvery({ periodMs: deps.feePeriodMs, signal, onError }, async () => note(await replenishFeeVtxos(deps))),
        runEvery({ periodMs: deps.periodMs, signal, onError }, async () => {
          for (const look of await replenishStocks(deps)) await note(look);
        }),
      ]);
    },
    report: (): InventoryReportDetail => ({
      lastCheckAt: lastCheckAt?.toISOString() ?? null,
      assets: [...looks.values()].map(({ assetId, kind, available, target, level }) => ({
        assetId,
        kind,
        available,
        target,
        level,
      })),
    }),
  };
}

function standing(
  looks: ReadonlyMap<string, InventoryLook>,
  lowSince: ReadonlyMap<string, Date>,
  now: Date,
): readonly Alert[] {
  return [...lowSince].flatMap(([key, since]) => {
    const look = looks.get(key);
    if (look === undefined || now.getTime() - since.getTime() < INVENTORY_LOW_MS) return [];
    return [judgeInventoryLow(look, since)];
  });
}

function publish(deps: InventoryListenerDeps, { assetId, kind, available, target, level }: InventoryLook): void {
  deps.publish(INVENTORY_CHANNEL, JSON.stringify({ asset_id: assetId, kind, available, target, level }));
}
