import { type Channel, type Client, credentials } from "@grpc/grpc-js";

import { IndexerServiceClient } from "../gen/ark/v1/indexer";
import { ArkServiceClient } from "../gen/ark/v1/service";

export interface ArkClients extends Readonly<Record<string, Client>> {
  readonly ark: ArkServiceClient;
  readonly indexer: IndexerServiceClient;
}

export function openArkClients(address: string, channelOverride: Channel): ArkClients {
  // The channel brings its own credentials; the ones named here are never used.
  const unused = credentials.createInsecure();
  return {
    ark: new ArkServiceClient(address, unused, { channelOverride }),
    indexer: new IndexerServiceClient(address, unused, { channelOverride }),
  };
}
