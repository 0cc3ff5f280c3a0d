import type { LightningSessionDeps } from "../lightning/lightning-deps";
import type { ArkServerInfo } from "../ports/ark-daemon";
import type { NostrEventStore } from "../ports/nostr-stores";
import type { SyncDeps } from "../vtxo/sync-vtxos";

/** What answering service requests (31500) needs. */
export interface ServiceRequestDeps extends LightningSessionDeps, SyncDeps {
  readonly events: Pick<NostrEventStore, "claimRequest" | "find">;
  /** arkd's parameters as they were last seen: what is shown while arkd is away. */
  readonly knownArkInfo: { find(): Promise<ArkServerInfo | undefined> };
}
