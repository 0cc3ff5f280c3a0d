import { type Channel, ListChannelsRequest, type ListChannelsResponse } from "../gen/lnrpc/lightning";
import { addUpUnits, parseCustomData, type Tranche } from "./asset-units";
import type { LndCalls } from "./lnd-clients";

/** A channel that carries an asset beside its sats. Units by asset id (64 hex). */
export interface AssetChannel {
  readonly peerPubkey: string;
  readonly isActive: boolean;
  /** Of every asset it was funded with. */
  readonly assetIds: readonly string[];
  /** On our side. */
  readonly localUnits: ReadonlyMap<string, bigint>;
  /** Ours until the HTLC that carries them is settled. */
  readonly outgoingUnits: ReadonlyMap<string, bigint>;
}

/** Those of lnd's channels in which tapd keeps units; none at an lnd without tapd's hooks. */
export async function listAssetChannels(calls: LndCalls): Promise<readonly AssetChannel[]> {
  const request = ListChannelsRequest.fromPartial({});
  const { channels } = await calls.read<ListChannelsResponse>("ListChannels", ({ lightning }, ...rest) =>
    lightning.listChannels(request, ...rest),
  );
  return channels.flatMap((channel) => toAssetChannel(channel) ?? []);
}

/** The part of tapd's JsonAssetChannel that is read here. Amounts are strings: see `parseCustomData`. */
interface ChannelData {
  readonly funding_assets: readonly { readonly asset_genesis: { readonly asset_id: string } }[];
  readonly local_assets: readonly Tranche[] | null;
  readonly outgoing_htlcs: readonly Tranche[] | null;
}

function toAssetChannel(channel: Channel): AssetChannel | undefined {
  const data = parseCustomData(channel.customChannelData);
  if (!isChannelData(data)) return undefined;
  return {
    peerPubkey: channel.remotePubkey,
    isActive: channel.active,
    assetIds: data.funding_assets.map(({ asset_genesis }) => asset_genesis.asset_id),
    localUnits: addUpUnits(data.local_assets ?? []),
    outgoingUnits: addUpUnits(data.outgoing_htlcs ?? []),
  };
}

function isChannelData(parsed: object | undefined): parsed is ChannelData {
  return parsed !== undefined && "funding_assets" in parsed && Array.isArray(parsed.funding_assets);
}
