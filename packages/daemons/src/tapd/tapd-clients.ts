import { type Channel, type Client, credentials } from "@grpc/grpc-js";

import type { CheckedCalls } from "../checked-calls";
import { MintClient } from "../gen/mintrpc/mint";
import { RfqClient } from "../gen/rfqrpc/rfq";
import { TaprootAssetChannelsClient } from "../gen/tapchannelrpc/tapchannel";
import { TaprootAssetsClient } from "../gen/taprpc/taprootassets";
import { UniverseClient } from "../gen/universerpc/universe";

export interface TapdClients extends Readonly<Record<string, Client>> {
  readonly assets: TaprootAssetsClient;
  readonly mint: MintClient;
  readonly universe: UniverseClient;
  readonly channels: TaprootAssetChannelsClient;
  readonly rfq: RfqClient;
}

export type TapdCalls = CheckedCalls<TapdClients>;

export function openTapdClients(address: string, channelOverride: Channel): TapdClients {
  // The channel brings its own credentials; the ones named here are never used.
  const unused = credentials.createInsecure();
  return {
    assets: new TaprootAssetsClient(address, unused, { channelOverride }),
    mint: new MintClient(address, unused, { channelOverride }),
    universe: new UniverseClient(address, unused, { channelOverride }),
    channels: new TaprootAssetChannelsClient(address, unused, { channelOverride }),
    rfq: new RfqClient(address, unused, { channelOverride }),
  };
}
