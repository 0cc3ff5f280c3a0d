import { AppError } from "@arkrelay/core/errors";
import type { Clock } from "@arkrelay/core/ports/clock";
import type {
  LightningBalance,
  LightningChannel,
  LightningNode,
  OnchainBalance,
  PendingLightningChannels,
} from "@arkrelay/core/ports/lightning-node";

import { createLastKnown, type Known } from "./last-known";

/** What operators read straight from lnd. Only these and dry runs ask a daemon in this process; writes are jobs. */
export interface LndReads {
  /** For reads that are useless when old (evidence, dry runs). Throws `feature_disabled` when no lnd is configured. */
  node(): LightningNode;
  readonly isConfigured: boolean;
  balances(): Promise<Known<{ readonly lightning: LightningBalance; readonly onchain: OnchainBalance }>>;
  channels(): Promise<Known<readonly LightningChannel[]>>;
  pendingChannels(): Promise<Known<PendingLightningChannels>>;
}

export function createLndReads(lnd: LightningNode | undefined, clock: Clock): LndReads {
  const node = () => {
    if (lnd === undefined) throw new AppError("feature_disabled", { message: "No Lightning node is configured." });
    return lnd;
  };
  return {
    node,
    isConfigured: lnd !== undefined,
    balances: createLastKnown(clock, async () => node().getTotalBalance()),
    channels: createLastKnown(clock, async () => node().listChannels()),
    pendingChannels: createLastKnown(clock, async () => node().listPendingChannels()),
  };
}
