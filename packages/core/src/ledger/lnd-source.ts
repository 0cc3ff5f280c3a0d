import { AppError } from "../errors";
import type { LightningOperation } from "../lightning/lightning-operation";
import type { ChannelBooks } from "../ports/channel-books";
import type { LightningInvoice, LightningNode, LightningPayment } from "../ports/lightning-node";
import type { ExplainedPart } from "../ports/reconciliation-store";
import { GBTC } from "../vtxo/vtxo";
import { explainClosing } from "./closing-transactions";
import { lightningHoldingsMsat } from "./lightning-holdings";
import { MSAT_PER_SAT } from "./postings";
import type { ExternalSource } from "./reconcile-source";
import { findPaidLands, findSettledLifts, listOpenOperations, type UnpostedDeps } from "./unposted-operations";

export interface LndSourceDeps extends UnpostedDeps {
  readonly lightning: UnpostedDeps["lightning"] &
    Pick<
      LightningNode,
      | "getInfo"
      | "getLightningBalance"
      | "getOnchainBalance"
      | "listChannels"
      | "listPendingChannels"
      | "listOnchainTransactions"
    >;
  readonly channelBooks: Pick<ChannelBooks, "findLent" | "filterBooked" | "countCloses">;
}

/** lnd's channels and wallet. Lifts settled and lands paid there a moment ago, whose postings are still to come, are explained. */
export function lndSource(deps: LndSourceDeps): ExternalSource {
  return {
    source: "lnd",
    listAccounts: async () => [
      { account: "asset:ln", assetId: GBTC },
      { account: "asset:onchain", assetId: GBTC },
    ],
    read: async () => {
      const { lightning } = deps;
      await refuseUnsynced(lightning);
      const [balance, channels, pending, onchain] = await Promise.all([
        lightning.getLightningBalance(),
        lightning.listChannels(),
        lightning.listPendingChannels(),
        lightning.getOnchainBalance(),
      ]);
      // Asked for after lnd: an HTLC that was seen belongs to a land on the list, or to one that is booked.
      const { lands, lifts } = await listOpenOperations(deps);
      const landHashes = new Set(lands.map((land) => land.paymentHash));
      const closing = [...pending.waitingClose, ...pending.forceClosing];
      const { msat, rounding, forwardedMsat } = lightningHoldingsMsat({
        balance,
        channels,
        pending,
        landHashes,
        lentSats: await deps.channelBooks.findLent(closing.map(({ channelPoint }) => channelPoint)),
        closeCount: await deps.channelBooks.countCloses(),
      });
      const explained = [
        ...(await explainLifts(deps, lifts)),
        ...(await explainLands(deps, lands)),
        ...(forwardedMsat === 0n ? [] : [{ kind: "forwarding", ref: "lnd", amount: -forwardedMsat }]),
      ];
      return [
        { account: "asset:ln", assetId: GBTC, external: msat, explained, rounding },
        {
          account: "asset:onchain",
          assetId: GBTC,
          external: onchain.totalSats * MSAT_PER_SAT,
          explained: await explainClosing(deps, pending),
          rounding: 0n,
        },
      ];
    },
  };
}

/** A node that is still catching up does not know its own coins yet. */
async function refuseUnsynced(lightning: LndSourceDeps["lightning"]): Promise<void> {
  const { syncedToChain } = await lightning.getInfo();
  if (syncedToChain) return;
  throw new AppError("daemon_unavailable", { details: { service: "lnd", reason: "not synced to chain" } });
}

async function explainLifts(
  deps: LndSourceDeps,
  lifts: readonly LightningOperation[],
): Promise<readonly ExplainedPart[]> {
  const settled = await findSettledLifts(deps, lifts);
  return settled.map(({ lift, invoice }) => {
    return { kind: "lift_settled", ref: lift.operationId, amount: arrivedMsat(lift, invoice) };
  });
}

async function explainLands(
  deps: LndSourceDeps,
  lands: readonly LightningOperation[],
): Promise<readonly ExplainedPart[]> {
  const paid = await findPaidLands(deps, lands);
  return paid.map(({ land, payment }) => {
    return { kind: "land_paid", ref: land.operationId, amount: -leftMsat(land, payment) };
  });
}

/** Units came with less sats than they are worth. */
function arrivedMsat({ assetId, carrierMsat = 0n }: LightningOperation, { amtPaidMsat }: LightningInvoice): bigint {
  return assetId === GBTC ? amtPaidMsat : carrierMsat;
}

function leftMsat({ assetId }: LightningOperation, { valueMsat, feeMsat, htlcs }: LightningPayment): bigint {
  if (assetId === GBTC) return valueMsat + feeMsat;
  const arrived = htlcs.filter(({ status }) => status === "succeeded");
  return arrived.reduce((sum, { sentMsat }) => sum + sentMsat, 0n);
}
