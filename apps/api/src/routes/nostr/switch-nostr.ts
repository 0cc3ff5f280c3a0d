import { NostrSwitchReply } from "@arkrelay/core/http/nostr-control";

import { writeRoute } from "../../http/route";
import { connectedRelays } from "../status/probes";
import { requireNostrKey } from "./require-nostr";

export const startNostrRoute = switchRoute("/nostr/start", "running", "Nostr starts within 5 s");
export const stopNostrRoute = switchRoute("/nostr/stop", "stopped", "Nostr stops within 5 s");

/** The state is wished for in the database; the services process obeys, on whichever replica leads. */
function switchRoute(path: string, desired: "running" | "stopped", message: string) {
  return writeRoute({
    method: "POST",
    path,
    summary: `Set the desired state of the Nostr listener to ${desired}`,
    auth: ["admin"],
    replies: { 200: NostrSwitchReply },
  })
    .prepare(async ({ deps }) => {
      const { pubkey } = requireNostrKey(deps);
      return { pubkey, connected: connectedRelays(await deps.status.readNostr()) };
    })
    .handle(async ({ deps, tx, prepared: { pubkey, connected } }) => {
      await deps.admin.services.setDesiredState(tx, "nostr", desired);
      return {
        status: 200,
        body: { message, desired_state: desired, gateway_pubkey: pubkey, connected_relays: connected },
      };
    });
}
