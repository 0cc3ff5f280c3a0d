import { createHash } from "node:crypto";

import type { SeededRandom } from "../../clock/seeded-random";
import type { VirtualClock } from "../../clock/virtual-clock";
import type { LndKeys } from "./lnd-keys";
import type { AssetLayer } from "./lnd-node";
import type { LndStore } from "./lnd-store";

/** What every part of the engine works with. */
export interface LndContext {
  readonly store: LndStore;
  readonly keys: LndKeys;
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  /** Asked at every incoming HTLC; undefined while no assets are simulated. */
  readonly assetLayer: () => AssetLayer | undefined;
}

/** The chain this network runs on. */
export const NETWORK = "regtest";

export function sha256Hex(hexText: string): string {
  return createHash("sha256").update(Buffer.from(hexText, "hex")).digest("hex");
}
