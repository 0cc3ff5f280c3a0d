import { AppError } from "@arkrelay/core/errors";
import { driveLand } from "@arkrelay/core/lightning/drive-land";
import { driveLift } from "@arkrelay/core/lightning/drive-lift";
import type { LightningDeps } from "@arkrelay/core/lightning/lightning-deps";
import { toLightningConfig } from "@arkrelay/runtime/config/to-lightning-config";

import type { WorkerConfig } from "./config";
import type { WorkerDeps } from "./deps";
import type { LightningDrive } from "./handlers/lightning-drive";

/** What moves lifts and lands in this process. Without an lnd the rows wait, tried again at growing pauses, for a worker that has one. */
export function createLightningDrives(
  { ceremony, lightning: stores, lnd, tapd }: Pick<WorkerDeps, "ceremony" | "lightning" | "lnd" | "tapd">,
  config: WorkerConfig,
): { readonly lift: LightningDrive; readonly land: LightningDrive } {
  if (lnd === undefined) return { lift: withoutLightning, land: withoutLightning };
  const deps: LightningDeps = {
    ...ceremony,
    ...stores,
    lightning: lnd,
    tapd,
    lightningConfig: toLightningConfig(config),
  };
  return { lift: (input) => driveLift(deps, input), land: (input) => driveLand(deps, input) };
}

const withoutLightning: LightningDrive = () =>
  Promise.reject(new AppError("daemon_unavailable", { details: { service: "lnd" } }));
