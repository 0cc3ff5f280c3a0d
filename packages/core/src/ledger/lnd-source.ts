import { AppError } from "../errors";
import type { LightningOperation } from "../lightning/lightning-operation";
import type { ChannelBooks } from "../ports/channel-books";
import type { LightningInvoice, LightningNode, LightningPayment } from "../ports/lightning-node";
import type { LightningStore } from "../ports/lightning-stores";
import type { ExplainedPart } from "../ports/reconciliation-store";
import { GBTC } from "../vtxo/vtxo";
import { explainClosing } from "./closing-transactions";
import { lightningHoldingsMsat } from "./lightning-holdings";
import { MSAT_PER_SAT } from "./postings";
import type { ExternalSource } from "./reconcile-source";

export interface LndSourceDeps {
  readonly lightning: Pick<
    LightningNode,
    | "getInfo"
    | "getLightningBalance"
    | "getOnchainBalance"
    | "listChannels"
    | "listPendingChannels"
    | "listOnchainTransactions"
    | "lookupInvoice"
    | "trackPayment"
  >;
  readonly operations: Pick<LightningStore, "listOpenLifts" | "listInFlightLands">;
  readonly channelBooks: Pick<ChannelBooks, "findLent" | "filterBooked" | "countCloses">;
}

const PAGE = 200;
/** Operations under way that are looked up one by one; with more of them nobody can say what explains a difference. */
const LOOK_UPS_MAX = 500;

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
      const lands = await listAll(deps.operations.listInFlightLands.bind(deps.operations));
      const lifts = await listAll(deps.operations.listOpenLifts.bind(deps.operations));
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

async function listAll(
  list: (afterId: bigint, limit: number) => Promise<readonly LightningOperation[]>,
): Promise<readonly LightningOperation[]> {
  const all: LightningOperation[] = [];
  for (let afterId = 0n; ;) {
    const page = await list(afterId, PAGE);
    all.push(...page);
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) return all;
    afterId = last.id;
  }
}

async function explainLifts(
  deps: LndSourceDeps,
  lifts: readonly LightningOperation[],
): Promise<readonly ExplainedPart[]> {
  const delivered = bounded(lifts.filter((lift) => lift.status === "delivered"));
  const parts: ExplainedPart[] = [];
  for (const lift of delivered) {
    const invoice = await deps.lightning.lookupInvoice(lift.paymentHash);
    if (invoice?.state === "settled")
      parts.push({ kind: "lift_settled", ref: lift.operationId, amount: arrivedMsat(lift, invoice) });
  }
  return parts;
}

async function explainLands(
  deps: LndSourceDeps,
  lands: readonly LightningOperation[],
): Promise<readonly ExplainedPart[]> {
  const parts: ExplainedPart[] = [];
  for (const land of bounded(lands)) {
    const payment = await deps.lightning.trackPayment(land.paymentHash);
    if (payment?.status === "succeeded")
      parts.push({ kind: "land_paid", ref: land.operationId, amount: -leftMsat(land, payment) });
  }
  return parts;
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

function bounded(operations: readonly LightningOperation[]): readonly LightningOperation[] {
  if (operations.length <= LOOK_UPS_MAX) return operations;
  throw new AppError("internal_error", {
    internal: `${operations.length} operations are under way: too many to tell what explains a difference`,
  });
}
