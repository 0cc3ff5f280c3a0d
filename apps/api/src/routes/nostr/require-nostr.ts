import { AppError } from "@arkrelay/core/errors";
import type { GatewayIdentity } from "@arkrelay/core/ports/nostr";

import type { ApiDeps } from "../../api-deps";

/** The gateway's key; `feature_disabled` where none is configured. */
export function requireNostrKey({ session }: ApiDeps): GatewayIdentity {
  if (session.identity === undefined) {
    throw new AppError("feature_disabled", { message: "No Nostr key is configured." });
  }
  return session.identity;
}

/** The same while somebody sends what is put into the outbox; `service_stopped` while nobody does. */
export async function requireRunningNostr(deps: ApiDeps): Promise<GatewayIdentity> {
  const identity = requireNostrKey(deps);
  const { running } = await deps.status.readNostr();
  if (!running) throw new AppError("service_stopped", { message: "The Nostr listener is stopped." });
  return identity;
}

/** Off in production unless NOSTR_TEST_ROUTES says otherwise. */
export function requireTestRoutes({ settings }: Pick<ApiDeps, "settings">): void {
  if (settings.nostrTestRoutes) return;
  throw new AppError("feature_disabled", { message: "Test routes are off here (NOSTR_TEST_ROUTES)." });
}
