import type { TapdState } from "./tapd-state";

/** Where every unit of one asset is. */
export interface AssetConservation {
  readonly name: string;
  readonly group_key: string;
  readonly minted_units: bigint;
  readonly burned_units: bigint;
  readonly local_units: bigint;
  readonly outside_units: bigint;
  /** In open channels, both sides and what is in flight. */
  readonly channel_units: bigint;
  /** What the edge node took on-chain when a channel closed. */
  readonly peer_units: bigint;
  /** Came from nowhere (negative) or went nowhere (positive); anything but 0 is a bug. */
  readonly drift_units: bigint;
}

/** By asset id. Unconfirmed pieces count at their receiver. */
export function conservationOf(state: TapdState): ReadonlyMap<string, AssetConservation> {
  const views = new Map<string, AssetConservation>();
  for (const { assetId, name, groupKey, mintedUnits } of state.genesis.values()) {
    const pieces = [...state.pieces.values()].filter((piece) => piece.assetId === assetId && piece.spentBy === "");
    const sum = (isCounted: (piece: (typeof pieces)[number]) => boolean): bigint =>
      pieces.filter(isCounted).reduce((total, { amount }) => total + amount, 0n);
    const isBurned = (piece: (typeof pieces)[number]): boolean => piece.scriptKeyType === "burn";
    const heldBy = (holder: string): bigint => sum((piece) => piece.holder === holder && !isBurned(piece));
    const view = {
      name,
      group_key: groupKey,
      minted_units: mintedUnits,
      burned_units: sum(isBurned),
      local_units: heldBy("local"),
      outside_units: heldBy("outside"),
      channel_units: heldBy("channel"),
      peer_units: heldBy("peer"),
    };
    const live = view.local_units + view.outside_units + view.channel_units + view.peer_units;
    views.set(assetId, { ...view, drift_units: mintedUnits - view.burned_units - live });
  }
  return views;
}

/** Units that the sides of open channels and their HTLCs do not account for; anything but 0 is a bug. */
export function channelDriftUnits(state: TapdState): bigint {
  let drift = 0n;
  for (const channel of state.channels.values()) {
    if (channel.state === "closed") continue;
    const inFlight = [...state.htlcs.values()]
      .filter((htlc) => htlc.channelPoint === channel.channelPoint && htlc.state === "in_flight")
      .reduce((sum, { units }) => sum + units, 0n);
    const missing = channel.capacityUnits - channel.localUnits - channel.remoteUnits - inFlight;
    drift += missing < 0n ? -missing : missing;
  }
  return drift;
}
