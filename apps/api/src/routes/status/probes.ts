import type { ApiDeps } from "../../api-deps";
import type { DaemonName, DaemonState, NostrState } from "../../status-sources";

/** Whether it worked; a probe never fails the route that asks. */
export async function succeeds(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch {
    return false;
  }
}

export async function orElse<T>(work: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await work();
  } catch {
    return otherwise;
  }
}

const DOWN: DaemonState = {
  isConfigured: true,
  healthy: false,
  breaker: "unknown",
  latencyMs: undefined,
  version: undefined,
  lastErrorCode: undefined,
};
const NO_DAEMONS: Readonly<Record<DaemonName, DaemonState>> = { arkd: DOWN, tapd: DOWN, lnd: DOWN };
const NO_NOSTR: NostrState = {
  running: false,
  gatewayPubkey: undefined,
  eventsReceived: 0,
  eventsPublished: 0,
  errors: 0,
  connections: 0,
  handlers: {},
  relays: [],
};

/** What the database knows of the world outside; without a database, nothing is known to be up. */
export async function readOutside(deps: ApiDeps) {
  const [daemons, nostr] = await Promise.all([
    orElse(deps.status.readDaemons, NO_DAEMONS),
    orElse(deps.status.readNostr, NO_NOSTR),
  ]);
  return { daemons, nostr };
}

export function daemonFlags(daemons: Readonly<Record<DaemonName, DaemonState>>) {
  return { arkd: daemons.arkd.healthy, tapd: daemons.tapd.healthy, lnd: daemons.lnd.healthy };
}

/** Whether every daemon that this installation uses is up. */
export function areDaemonsHealthy(daemons: Readonly<Record<DaemonName, DaemonState>>): boolean {
  return Object.values(daemons).every(({ isConfigured, healthy }) => healthy || !isConfigured);
}

export function connectedRelays(nostr: NostrState): number {
  return nostr.relays.filter((relay) => relay.connected).length;
}

export function word(isConnected: boolean): "connected" | "disconnected" {
  return isConnected ? "connected" : "disconnected";
}
