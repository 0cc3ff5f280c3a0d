import { AppError } from "@arkrelay/core/errors";
import type { Clock } from "@arkrelay/core/ports/clock";
import type { LightningNode } from "@arkrelay/core/ports/lightning-node";
import type { LightningFacts, LightningInfoSource } from "@arkrelay/core/session/session-deps";

/** What lnd said longer ago says nothing of what it can pay now. */
const KEPT_MS = 60_000;

/**
 * The node's identity and liquidity as `refresh` heard them from lnd last; that also writes them down, because the API knows lnd only
 * by that row. `current` never asks: it is read inside transactions, which must not wait for a daemon. It throws `daemon_unavailable`
 * while lnd is away (the work waits), and `feature_disabled` without a node.
 */
export class LightningInfo implements LightningInfoSource {
  private heard: { readonly facts: LightningFacts; readonly at: number } | undefined;

  constructor(
    private readonly lnd: Pick<LightningNode, "getInfo" | "getLightningBalance"> | undefined,
    private readonly store: { save(facts: LightningFacts): Promise<void> },
    private readonly clock: Clock,
  ) {}

  async current(): Promise<LightningFacts> {
    if (this.lnd === undefined) {
      throw new AppError("feature_disabled", { message: "No Lightning node is configured." });
    }
    const { heard } = this;
    if (heard !== undefined && this.clock.now().getTime() - heard.at < KEPT_MS) return heard.facts;
    throw new AppError("daemon_unavailable", {
      internal: "lnd has not been heard of for a minute",
      details: { service: "lnd" },
    });
  }

  async refresh(): Promise<void> {
    if (this.lnd === undefined) return;
    const at = this.clock.now().getTime();
    const [{ nodePubkey }, { localMsat }] = await Promise.all([this.lnd.getInfo(), this.lnd.getLightningBalance()]);
    this.heard = { facts: { nodePubkey, localMsat }, at };
    await this.store.save(this.heard.facts);
  }
}
