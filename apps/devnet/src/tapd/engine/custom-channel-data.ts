import { hex } from "@scure/base";

import { utf8 } from "../../arkd/engine/bytes";
import type { AssetChannel, ChannelHtlc } from "./rows";
import type { TapdState } from "./tapd-state";

/** Inside litd lnd's `custom_channel_data` is JSON text; these are tapd's own field names (rfqmsg.JsonHtlc, JsonAssetChannel). */

export function describeHtlc(
  balances: readonly { readonly assetId: string; readonly units: bigint }[],
  quoteId: string,
): string {
  return toHex({
    balances: balances.map(({ assetId, units }) => ({ asset_id: assetId, amount: units })),
    rfq_id: quoteId,
  });
}

export function describeChannel(state: TapdState, channel: AssetChannel, htlcs: readonly ChannelHtlc[]): string {
  const pieces = channel.pieceIds.flatMap((id) => state.pieces.get(id) ?? []);
  const assetId = pieces[0]?.assetId ?? channel.assetId;
  const tranches = (units: bigint): unknown[] => (units === 0n ? [] : [{ asset_id: assetId, amount: units }]);
  const inFlight = (direction: ChannelHtlc["direction"]): bigint =>
    htlcs.filter((htlc) => htlc.direction === direction).reduce((sum, { units }) => sum + units, 0n);
  const groupKey = state.genesis.get(assetId)?.groupKey ?? "";
  return toHex({
    funding_assets: pieces.map((piece) => {
      const genesis = state.genesis.get(piece.assetId);
      return {
        version: genesis?.assetVersion ?? 0,
        asset_genesis: {
          genesis_point: genesis?.genesisPoint ?? "",
          name: genesis?.name ?? "",
          meta_hash: genesis?.metaHash ?? "",
          asset_id: piece.assetId,
        },
        amount: piece.amount,
        script_key: piece.scriptKey,
        decimal_display: genesis?.decimalDisplay ?? 0,
      };
    }),
    local_assets: tranches(channel.localUnits),
    remote_assets: tranches(channel.remoteUnits),
    outgoing_htlcs: tranches(inFlight("outgoing")),
    incoming_htlcs: tranches(inFlight("incoming")),
    capacity: channel.capacityUnits,
    ...(groupKey === "" ? {} : { group_key: groupKey }),
    local_balance: channel.localUnits,
    remote_balance: channel.remoteUnits,
    outgoing_htlc_balance: inFlight("outgoing"),
    incoming_htlc_balance: inFlight("incoming"),
  });
}

/** Go writes uint64 as a JSON number of any size, so a bigint goes out as bare digits. */
function toHex(value: unknown): string {
  const marked = JSON.stringify(value, (_name, field: unknown) =>
    typeof field === "bigint" ? `\u0000${field}\u0000` : field,
  );
  return hex.encode(utf8(marked.replaceAll(/"\\u0000(\d+)\\u0000"/g, "$1")));
}
