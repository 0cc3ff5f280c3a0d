import { FakeTapd } from "./fake-tapd";
import type { LandWorld } from "./land-world";
import { GOLD } from "./test-asset";

/** tapd whose units of gold are in channels, and move as its payments do. */
export class ChannelTapd extends FakeTapd {
  constructor(private readonly world: Pick<LandWorld, "lightning" | "channels">) {
    super();
  }

  units(): bigint {
    return this.world.channels.openingUnits + this.world.lightning.ownUnits(GOLD.taprootAssetId);
  }

  override async getAssetBalances() {
    this.holdings.set(GOLD.taprootAssetId, { units: 0n, channelUnits: this.units() });
    return super.getAssetBalances();
  }
}
