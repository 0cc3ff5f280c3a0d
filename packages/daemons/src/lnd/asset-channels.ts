import { type Channel, ListChannelsRequest, type ListChannelsResponse } from "../gen/lnrpc/lightning";
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

/** The part of tapd's JsonAssetChannel that is read here. Amounts are strings: see `parseJson`. */
interface ChannelData {
  readonly funding_assets: readonly { readonly asset_genesis: { readonly asset_id: string } }[];
  readonly local_assets: readonly Tranche[] | null;
  readonly outgoing_htlcs: readonly Tranche[] | null;
}

interface Tranche {
  readonly asset_id: string;
  readonly amount: string;
}

function toAssetChannel(channel: Channel): AssetChannel | undefined {
  const data = parseJson(channel.customChannelData);
  if (data === undefined) return undefined;
  return {
    peerPubkey: channel.remotePubkey,
    isActive: channel.active,
    assetIds: data.funding_assets.map(({ asset_genesis }) => asset_genesis.asset_id),
    localUnits: addUp(data.local_assets ?? []),
    outgoingUnits: addUp(data.outgoing_htlcs ?? []),
  };
}

/** undefined for an ordinary channel, whose data is empty or TLV bytes. */
function parseJson(bytes: Uint8Array): ChannelData | undefined {
  const text = Buffer.from(bytes).toString("utf8");
  if (!text.startsWith("{")) return undefined;
  // Go writes a uint64 as a bare number, which JSON.parse would round beyond 2^53.
  const parsed: unknown = JSON.parse(text.replaceAll(/("amount"\s*:\s*)(\d+)/g, '$1"$2"'));
  return isChannelData(parsed) ? parsed : undefined;
}

function isChannelData(parsed: unknown): parsed is ChannelData {
  return (
    typeof parsed === "object" && parsed !== null && "funding_assets" in parsed && Array.isArray(parsed.funding_assets)
  );
}

function addUp(tranches: readonly Tranche[]): Map<string, bigint> {
  const units = new Map<string, bigint>();
  for (const { asset_id: assetId, amount } of tranches) {
    units.set(assetId, (units.get(assetId) ?? 0n) + BigInt(amount));
  }
  return units;
}
