import { AppError } from "@arkrelay/core/errors";
import type { LightningNode } from "@arkrelay/core/ports/lightning-node";
import type { LightningFacts, LightningInfoSource } from "@arkrelay/core/session/session-deps";

/**
 * The node's identity and liquidity, asked from lnd itself, and written down because the API knows lnd only by that row. Throws
 * `daemon_unavailable` while lnd is away: the work waits. `feature_disabled` without a node.
 */
export function createLightningInfoSource(
  lnd: Pick<LightningNode, "getInfo" | "getLightningBalance"> | undefined,
  store: { save(facts: LightningFacts): Promise<void> },
): LightningInfoSource {
  return {
    async current() {
      if (lnd === undefined) {
        throw new AppError("feature_disabled", { message: "No Lightning node is configured." });
      }
      const [{ nodePubkey }, { localMsat }] = await Promise.all([lnd.getInfo(), lnd.getLightningBalance()]);
      const facts = { nodePubkey, localMsat };
      await store.save(facts);
      return facts;
    },
  };
}
