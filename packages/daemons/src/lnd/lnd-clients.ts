import { type Channel, type Client, credentials } from "@grpc/grpc-js";

import type { CheckedCalls } from "../checked-calls";
import { ChainNotifierClient } from "../gen/chainrpc/chainnotifier";
import { InvoicesClient } from "../gen/invoicesrpc/invoices";
import { LightningClient } from "../gen/lnrpc/lightning";
import { StateClient } from "../gen/lnrpc/stateservice";
import { RouterClient } from "../gen/routerrpc/router";
import { VersionerClient } from "../gen/verrpc/verrpc";

export interface LndClients extends Readonly<Record<string, Client>> {
  readonly lightning: LightningClient;
  readonly state: StateClient;
  readonly router: RouterClient;
  readonly invoices: InvoicesClient;
  readonly versioner: VersionerClient;
  readonly chain: ChainNotifierClient;
}

export type LndCalls = CheckedCalls<LndClients>;

export function openLndClients(address: string, channelOverride: Channel): LndClients {
  // The channel brings its own credentials; the ones named here are never used.
  const unused = credentials.createInsecure();
  return {
    lightning: new LightningClient(address, unused, { channelOverride }),
    state: new StateClient(address, unused, { channelOverride }),
    router: new RouterClient(address, unused, { channelOverride }),
    invoices: new InvoicesClient(address, unused, { channelOverride }),
    chain: new ChainNotifierClient(address, unused, { channelOverride }),
    versioner: new VersionerClient(address, unused, { channelOverride }),
  };
}
