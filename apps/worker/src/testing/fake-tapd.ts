import type { TwinReserveSource } from "@arkrelay/core/asset/read-tapd-units";
import { AppError } from "@arkrelay/core/errors";

interface Holding {
  readonly units: bigint;
  readonly channelUnits?: bigint;
  readonly groupKey?: string;
}

/** What tapd says of its units. */
export class FakeTapd implements TwinReserveSource {
  readonly holdings = new Map<string, Holding>();
  syncedToChain = true;
  isAway = false;
  /** Happens once, after the units were counted and before the answer is heard. */
  meanwhile: (() => Promise<unknown>) | undefined;

  async getInfo() {
    this.meet();
    const { syncedToChain } = this;
    return { version: "0.7.0", lndVersion: "0.20.0", network: "regtest", lndPubkey: "", blockHeight: 1, syncedToChain };
  }

  async listAssets() {
    this.meet();
    return [...this.holdings].map(([assetId, { units, groupKey }]) => ({
      assetId,
      name: "",
      type: "normal" as const,
      groupKey,
      genesisPoint: "",
      amountUnits: units,
      decimalDisplay: 0,
      metaHash: "",
    }));
  }

  async getAssetBalances() {
    this.meet();
    const counted = [...this.holdings];
    const { meanwhile } = this;
    this.meanwhile = undefined;
    await meanwhile?.();
    return counted.map(([assetId, { units, channelUnits = 0n }]) => ({
      assetId,
      balanceUnits: units,
      utxoCount: 1,
      channelUnits,
      unconfirmedUnits: 0n,
      leasedUnits: 0n,
    }));
  }

  private meet(): void {
    if (this.isAway) throw new AppError("daemon_unavailable", { details: { service: "tapd" } });
  }
}
