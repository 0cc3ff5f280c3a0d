import type { TaprootAssets } from "@arkrelay/core/ports/taproot-assets";

import type { DaemonStatus } from "./daemon-probe";
import { isAtLeast, parseLeadingSemver } from "./daemon-version";

/** Oldest release whose calls are the ones we make. */
const OLDEST = { major: 0, minor: 7 } as const;

/** Throws what the call throws; being behind the chain is a warning. */
export async function readTapdStatus(assets: Pick<TaprootAssets, "getInfo">): Promise<DaemonStatus> {
  const { version: text, syncedToChain } = await assets.getInfo();
  const version = parseLeadingSemver(text)?.join(".") ?? text;
  if (!syncedToChain) return { version, warning: "not_synced" };
  return isAtLeast(version, OLDEST.major, OLDEST.minor) ? { version } : { version, warning: "version_too_old" };
}
