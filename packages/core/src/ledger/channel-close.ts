import type { ClosedLightningChannel, OnchainTransaction } from "../ports/lightning-node";

/** What a close did to the books, sats. */
export interface ChannelClose {
  /** What asset:ln had of the channel. */
  readonly worthSats: bigint;
  /** What of it came to the wallet. The rest went to the miners. */
  readonly cameSats: bigint;
  /** The wallet's transactions that brought it. */
  readonly txids: readonly string[];
}

export interface ChannelCloseFacts {
  /** The wallet's transactions by txid. */
  readonly wallet: ReadonlyMap<string, OnchainTransaction>;
  /** What the node had lent to the commitment when it was last seen open. */
  readonly lentSats: bigint;
  /** Transactions that are booked with another close: one sweep may empty several channels. */
  readonly usedTxids: ReadonlySet<string>;
}

/** undefined = the wallet does not show yet what came back. */
export function judgeChannelClose(channel: ClosedLightningChannel, facts: ChannelCloseFacts): ChannelClose | undefined {
  const closing = facts.wallet.get(channel.closingTxid);
  const isTogether = channel.closeType === "cooperative_close";
  const cameBy = isTogether ? [] : channel.resolutions.filter(isPaid).map(({ sweepTxid }) => sweepTxid);
  const isShown = cameBy.every((txid) => facts.wallet.has(txid) || facts.usedTxids.has(txid));
  if (!isShown || (channel.settledSats > 0n && cameBy.length === 0 && closing === undefined)) return undefined;
  const all = isTogether ? [] : channel.resolutions.map(({ sweepTxid }) => sweepTxid);
  const txids = [...new Set([channel.closingTxid, ...all])].filter(
    (txid) => facts.wallet.has(txid) && !facts.usedTxids.has(txid),
  );
  return {
    worthSats: isTogether ? worthTogether(channel, closing, facts.lentSats) : worthForced(channel, facts.lentSats),
    cameSats: txids.reduce((sum, txid) => sum + (facts.wallet.get(txid)?.amountSats ?? 0n), 0n),
    txids,
  };
}

/** Who opened the channel gets back what it lent, less the closing fee, which is what the outputs leave of the capacity. */
function worthTogether(
  { settledSats, capacitySats, isInitiator }: ClosedLightningChannel,
  closing: OnchainTransaction | undefined,
  lentSats: bigint,
): bigint {
  if (!isInitiator) return settledSats;
  // Without all its outputs the wallet does not tell the fee, and what was lent is the best guess of it.
  const isComplete = closing !== undefined && closing.outputsSats >= settledSats && closing.outputsSats > 0n;
  return settledSats + (isComplete ? capacitySats - closing.outputsSats : lentSats);
}

/** HTLCs that were resolved on the chain in our favour were nobody's in the channel. */
function worthForced({ settledSats, resolutions }: ClosedLightningChannel, lentSats: bigint): bigint {
  const htlcs = resolutions.filter((each) => each.kind !== "commit" && isPaid(each));
  return htlcs.reduce((sum, { amountSats }) => sum + amountSats, settledSats + lentSats);
}

/** lnd calls an outgoing HTLC claimed when the peer has it, and an incoming one timed out when the peer has it back. */
function isPaid({ kind, outcome }: ClosedLightningChannel["resolutions"][number]): boolean {
  if (kind === "outgoing_htlc") return outcome === "timeout";
  return (kind === "incoming_htlc" || kind === "commit") && outcome === "claimed";
}
