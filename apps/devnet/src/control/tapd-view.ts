import { channelDriftUnits, conservationOf } from "../tapd/engine/conservation";
import type { TapdEngine } from "../tapd/engine/tapd-engine";

/** Where every unit of every asset is. Units are JSON integers, exact up to 2^53. */
export function tapdView(engine: TapdEngine) {
  const assets = [...conservationOf(engine.state)].map(([assetId, view]) => [assetId, toNumbers(view)] as const);
  const drifts = [...conservationOf(engine.state).values()].map(({ drift_units }) => Math.abs(Number(drift_units)));
  return {
    assets: Object.fromEntries(assets),
    channels: engine.channels.list().map((channel) => ({
      channel_point: channel.channelPoint,
      peer: channel.peer,
      asset_id: channel.assetId,
      group_key: channel.groupKey,
      state: channel.state,
      capacity_units: Number(channel.capacityUnits),
      local_units: Number(channel.localUnits),
      remote_units: Number(channel.remoteUnits),
      in_flight_units: engine.channels
        .inFlight(channel.channelPoint)
        .reduce((sum, { units }) => sum + Number(units), 0),
    })),
    unconfirmed_transfers: engine.wallet.unconfirmedTransfers().length,
    version: engine.settings.version,
    /** Anything but 0 is a bug. */
    drift_units: drifts.reduce((sum, drift) => sum + drift, Number(channelDriftUnits(engine.state))),
  };
}

function toNumbers(view: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(view).map(([name, value]: [string, unknown]) => [
      name,
      typeof value === "bigint" ? Number(value) : value,
    ]),
  );
}
