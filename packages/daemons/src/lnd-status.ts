import { AppError } from "@arkrelay/core/errors";
import type { LightningNode, LightningWalletState } from "@arkrelay/core/ports/lightning-node";

import type { DaemonLink } from "./daemon-link";
import type { DaemonStatus } from "./daemon-probe";
import { isAtLeast } from "./daemon-version";
import type { Version } from "./gen/verrpc/verrpc";
import type { LndClients } from "./lnd/lnd-clients";

/** Sub-servers that the gateway needs and that an lnd may be built without, by build tag. */
const NEEDED_TAGS = ["invoicesrpc"] as const;

/** Oldest release whose calls are the ones we make. */
const OLDEST = { major: 0, minor: 18 } as const;

const RETRY_SECONDS = 30;

export interface LndStatusSource extends Pick<LightningNode, "getInfo" | "getWalletState"> {
  readonly link: Pick<DaemonLink<LndClients>, "read">;
}

/**
 * Whether lnd can be used: wallet open, right network, every sub-server there. Throws `daemon_unavailable` with the reason
 * otherwise; being behind the chain is a warning, because invoices and payments still work.
 */
export async function readLndStatus(node: LndStatusSource): Promise<DaemonStatus> {
  // First, because it alone is answered in every state and says more than the error text of the others.
  const walletState = await node.getWalletState();
  if (walletState !== "server_active") throw unusable(nameOf(walletState), `lnd's wallet state is ${walletState}`);
  const { version, syncedToChain } = await node.getInfo();
  const { buildTags } = await node.link.read<Version>("GetVersion", ({ versioner }, ...rest) =>
    versioner.getVersion({}, ...rest),
  );
  const missing = NEEDED_TAGS.filter((tag) => !buildTags.includes(tag));
  if (missing.length > 0) throw unusable(`missing_${missing.join("_")}`, `lnd was built without ${missing.join(", ")}`);
  const warning = warnOf(version, syncedToChain);
  return warning === undefined ? { version } : { version, warning };
}

function warnOf(version: string, isSynced: boolean): string | undefined {
  if (!isSynced) return "not_synced";
  return isAtLeast(version, OLDEST.major, OLDEST.minor) ? undefined : "version_too_old";
}

function nameOf(state: Exclude<LightningWalletState, "server_active">): string {
  switch (state) {
    case "locked":
      return "wallet_locked";
    case "non_existing":
      return "wallet_not_created";
    case "waiting_to_start":
      return "waiting_to_start";
    case "unlocked":
    case "rpc_active":
      return "starting";
  }
}

function unusable(reason: string, internal: string): AppError {
  return new AppError("daemon_unavailable", {
    details: { service: "lnd", reason },
    internal,
    retryAfterSeconds: RETRY_SECONDS,
  });
}
