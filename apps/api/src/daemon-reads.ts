import { readTwin, type TwinReserveSource } from "@arkrelay/core/asset/read-tapd-units";
import type { RegisteredAsset } from "@arkrelay/core/asset/registered-asset";
import { AppError } from "@arkrelay/core/errors";
import type { ArkServerInfo } from "@arkrelay/core/ports/ark-daemon";
import type { AssetSupplies, TwinReading } from "@arkrelay/core/ports/asset-supplies";
import type { TaprootAsset, TaprootAssetBalance } from "@arkrelay/core/ports/taproot-assets";

import { createLastKnown, isAway, type Known, type LastAnswer } from "./last-known";
import type { DaemonName } from "./status-sources";
import { withinWriteBudget } from "./within-write-budget";

/** What operators read straight from arkd and tapd. */
export interface DaemonReads {
  /** Those that are configured. */
  readonly names: ReadonlySet<DaemonName>;
  /** Falls back to what any process saw last. */
  arkInfo(): Promise<Known<ArkServerInfo>>;
  /** Throws `feature_disabled` when no tapd is configured. */
  assetBalances(): Promise<Known<readonly TaprootAssetBalance[]>>;
  /** For writes, which wait for no daemon: undefined = no tapd is configured, it is away, or it takes its time. */
  findTaprootAssets(): Promise<readonly TaprootAsset[] | undefined>;
  /** Units behind a twin, in the same way. */
  findTwin(asset: RegisteredAsset): Promise<TwinReading | undefined>;
}

export interface DaemonReadsDeps {
  readonly names: ReadonlySet<DaemonName>;
  readonly readArkInfo: () => Promise<ArkServerInfo>;
  readonly storedArkInfo: () => Promise<{ readonly info: ArkServerInfo; readonly seenAt: Date } | undefined>;
  readonly tapd: TwinReserveSource | undefined;
  readonly supplies: Pick<AssetSupplies, "readExposure">;
  readonly lastAssetBalances: LastAnswer<readonly TaprootAssetBalance[]>;
}

export function createDaemonReads({ names, tapd, supplies, lastAssetBalances, ...arkd }: DaemonReadsDeps): DaemonReads {
  return {
    names,
    async arkInfo() {
      try {
        return { value: await arkd.readArkInfo(), asOf: undefined };
      } catch (error) {
        const stored = isAway(error) ? await arkd.storedArkInfo() : undefined;
        if (stored === undefined) throw error;
        return { value: stored.info, asOf: stored.seenAt };
      }
    },
    assetBalances: createLastKnown(async () => {
      if (tapd === undefined) throw new AppError("feature_disabled", { message: "No tapd is configured." });
      return tapd.getAssetBalances();
    }, lastAssetBalances),
    findTaprootAssets: async () => tapd && withinWriteBudget(unlessAway(() => tapd.listAssets())),
    findTwin: async (asset) => tapd && withinWriteBudget(unlessAway(() => readTwin({ supplies, tapd }, asset))),
  };
}

async function unlessAway<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isAway(error)) return undefined;
    throw error;
  }
}
