import { InvoicesService } from "../gen/invoicesrpc/invoices";
import { LightningService } from "../gen/lnrpc/lightning";
import { StateService } from "../gen/lnrpc/stateservice";
import { RouterService } from "../gen/routerrpc/router";
import { ScriptedDaemon } from "./scripted-daemon";

/** lnd on regtest, which knows nothing more until a test says so. */
export async function startScriptedLnd(folder: string): Promise<ScriptedDaemon> {
  const lnd = new ScriptedDaemon(folder, [LightningService, StateService, RouterService, InvoicesService]);
  lnd.answer("GetInfo", () => ({
    identityPubkey: "02".padEnd(66, "a"),
    version: "0.21.2-beta commit=v0.21.2-beta",
    chains: [{ chain: "bitcoin", network: "regtest" }],
    syncedToChain: true,
  }));
  await lnd.start();
  return lnd;
}
