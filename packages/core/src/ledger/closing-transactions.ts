import type { ChannelBooks } from "../ports/channel-books";
import type { LightningNode, OnchainTransaction, PendingLightningChannels } from "../ports/lightning-node";
import type { ExplainedPart } from "../ports/reconciliation-store";
import { MSAT_PER_SAT, POSTING_KINDS } from "./postings";

/** Two weeks; transactions that wait for a block are always listed. */
export const LOOK_BACK_BLOCKS = 2016;

/** lnd labels the transactions by which it takes its outputs of closed channels. */
const SWEEP_LABEL = "0:sweep";

export function isSweep({ label }: Pick<OnchainTransaction, "label">): boolean {
  return label.startsWith(SWEEP_LABEL);
}

/**
 * What closes under way have brought to the wallet or taken from it: it is booked when lnd has resolved the channel, and until then the
 * channel still counts as what it was worth.
 */
export async function explainClosing(
  deps: {
    readonly lightning: Pick<LightningNode, "getInfo" | "listOnchainTransactions">;
    readonly channelBooks: Pick<ChannelBooks, "filterBooked">;
  },
  { waitingClose, forceClosing }: PendingLightningChannels,
): Promise<readonly ExplainedPart[]> {
  const closing = new Set([...waitingClose, ...forceClosing].map(({ closingTxid }) => closingTxid));
  if (closing.size === 0) return [];
  const { blockHeight } = await deps.lightning.getInfo();
  const wallet = await deps.lightning.listOnchainTransactions(Math.max(0, blockHeight - LOOK_BACK_BLOCKS));
  const theirs = wallet.filter((each) => closing.has(each.txid) || isSweep(each));
  const booked = await deps.channelBooks.filterBooked(
    POSTING_KINDS.channelSwept,
    theirs.map(({ txid }) => txid),
  );
  return theirs
    .filter(({ txid, amountSats }) => amountSats !== 0n && !booked.has(txid))
    .map(({ txid, amountSats }) => ({ kind: "channel_closing", ref: txid, amount: amountSats * MSAT_PER_SAT }));
}
