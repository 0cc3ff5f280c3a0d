import type { ApiDeps } from "../../api-deps";
import { staleFields } from "../../last-known";
import { orElse } from "../status/probes";

/** Our rows follow lnd; while it is known to be away they say up to when they did. */
export async function readStaleness(deps: ApiDeps) {
  const daemons = await orElse(deps.status.readDaemons, undefined);
  if (daemons === undefined || daemons.lnd.healthy || daemons.lnd.breaker === "unknown") return {};
  const lightning = await orElse(deps.status.readLightning, undefined);
  return lightning?.lastCheckAt === undefined ? { stale: true as const } : staleFields({ asOf: lightning.lastCheckAt });
}
