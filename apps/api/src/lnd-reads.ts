import { AppError } from "@arkrelay/core/errors";
import type {
  LightningBalance,
  LightningChannel,
  LightningNode,
  OnchainBalance,
  PendingLightningChannels,
} from "@arkrelay/core/ports/lightning-node";

import { createLastKnown, type Known, type LastAnswer } from "./last-known";

/** What operators read straight from lnd. Only these and dry runs ask a daemon in this process; writes are jobs. */
export interface LndReads {
  /** For reads that are useless when old (evidence, dry runs). Throws `feature_disabled` when no lnd is configured. */
  node(): LightningNode;
  readonly isConfigured: boolean;
  balances(): Promise<Known<Balances>>;
  channels(): Promise<Known<readonly LightningChannel[]>>;
  pendingChannels(): Promise<Known<PendingLightningChannels>>;
}

/** Answers that outlive this process, so that every process of the API tells the same while lnd is away. */
export interface LndAnswers {
  readonly balances: LastAnswer<Balances>;
  readonly channels: LastAnswer<readonly LightningChannel[]>;
  readonly pendingChannels: LastAnswer<PendingLightningChannels>;
}

interface Balances {
  readonly lightning: LightningBalance;
  readonly onchain: OnchainBalance;
}

export function createLndReads(lnd: LightningNode | undefined, last: LndAnswers): LndReads {
  const node = () => {
    if (lnd === undefined) throw new AppError("feature_disabled", { message: "No Lightning node is configured." });
    return lnd;
  };
  return {
    node,
    isConfigured: lnd !== undefined,
    balances: createLastKnown(async () => node().getTotalBalance(), last.balances),
    channels: createLastKnown(async () => node().listChannels(), last.channels),
    pendingChannels: createLastKnown(async () => node().listPendingChannels(), last.pendingChannels),
  };
}
