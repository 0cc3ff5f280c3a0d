import { type End, endOf, otherEnd, withBalanceChange } from "./channel";
import type { LndContext } from "./lnd-context";
import type { HtlcAttempt, RouteHop } from "./payment";

/** Locks the money of an attempt in every channel of its route. */
export function lockAttempt(context: LndContext, paymentKey: string, hash: string, attempt: HtlcAttempt): void {
  const { store } = context;
  attempt.hops.forEach((hop, index) => {
    const { channel, sender } = channelOf(context, hop);
    const htlc = {
      id: htlcId(paymentKey, attempt, index),
      offeredBy: sender,
      amountMsat: hop.htlcMsat,
      paymentHash: hash,
      expiryHeight: hop.expiryHeight,
      htlcIndex: channel.nextHtlcIndex,
      forwardingChanId: attempt.hops[index - 1]?.chanId ?? 0n,
    };
    store.putChannel({
      ...withBalanceChange(channel, sender, -hop.htlcMsat),
      htlcs: [...channel.htlcs, htlc],
      nextHtlcIndex: channel.nextHtlcIndex + 1n,
      updateCount: channel.updateCount + 1n,
    });
  });
}

/** Moves the locked money on to the receivers, or back to the senders. */
export function releaseAttempt(
  context: LndContext,
  paymentKey: string,
  attempt: HtlcAttempt,
  to: "receivers" | "senders",
): void {
  attempt.hops.forEach((hop, index) => {
    const { channel, sender } = channelOf(context, hop);
    const id = htlcId(paymentKey, attempt, index);
    const htlc = channel.htlcs.find((candidate) => candidate.id === id);
    if (htlc === undefined) throw new Error(`channel ${channel.channelPoint} does not hold HTLC ${id}`);
    const winner = to === "receivers" ? otherEnd(sender) : sender;
    const [first, second] = channel.sentMsat;
    const sent = to === "receivers" ? htlc.amountMsat : 0n;
    context.store.putChannel({
      ...withBalanceChange(channel, winner, htlc.amountMsat),
      sentMsat: sender === 0 ? [first + sent, second] : [first, second + sent],
      htlcs: channel.htlcs.filter((candidate) => candidate !== htlc),
      updateCount: channel.updateCount + 1n,
    });
  });
}

/** The index of an attempt's HTLC in the last channel of its route. */
export function finalHtlcIndex(context: LndContext, paymentKey: string, attempt: HtlcAttempt): bigint {
  const last = attempt.hops.at(-1);
  if (last === undefined) return 0n;
  const id = htlcId(paymentKey, attempt, attempt.hops.length - 1);
  return channelOf(context, last).channel.htlcs.find((htlc) => htlc.id === id)?.htlcIndex ?? 0n;
}

function channelOf(context: LndContext, hop: RouteHop) {
  const channel = context.store.channels.get(hop.channelPoint);
  const receiver = context.keys.partyOf(hop.pubKey);
  const end: End | undefined = channel === undefined || receiver === undefined ? undefined : endOf(channel, receiver);
  if (channel === undefined || end === undefined) throw new Error(`a route leads over ${hop.channelPoint}`);
  return { channel, sender: otherEnd(end) };
}

function htlcId(paymentKey: string, attempt: HtlcAttempt, hopIndex: number): string {
  return `${paymentKey}#${attempt.attemptId}#${hopIndex}`;
}
