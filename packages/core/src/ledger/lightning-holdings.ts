import type { LightningBalance, LightningChannel, PendingLightningChannels } from "../ports/lightning-node";
import { MSAT_PER_SAT } from "./postings";

export interface LightningFacts {
  readonly balance: LightningBalance;
  readonly channels: readonly LightningChannel[];
  readonly pending: PendingLightningChannels;
  /** Hashes of our lands that were paid and are not booked. */
  readonly landHashes: ReadonlySet<string>;
}

/**
 * What the gateway has in channels, msat: the local balances, what the node lends to the commitments of channels it opened (commit fee
 * and anchors come back when they close), outgoing HTLCs of our own lands, and channels that are opening or closing. Incoming HTLCs
 * and forwarded ones are somebody else's until they settle, so lnd's unsettled balance is never taken.
 */
export function lightningHoldingsMsat(facts: LightningFacts): { readonly msat: bigint; readonly rounding: bigint } {
  const { balance, channels, pending } = facts;
  const htlcs = channels.flatMap((channel) =>
    channel.pendingHtlcs.filter((htlc) => !htlc.isIncoming && facts.landHashes.has(htlc.paymentHash)),
  );
  const sats =
    sum(channels.map(commitmentSats)) +
    sum(htlcs.map((htlc) => htlc.amountSats)) +
    // A channel with something of ours in it before it is open is one that we opened.
    sum(pending.opening.map(({ capacitySats, localSats }) => (localSats > 0n ? capacitySats - localSats : 0n))) +
    sum(pending.waitingClose.map((channel) => channel.limboSats)) +
    sum(pending.forceClosing.map((channel) => channel.limboSats));
  const msat = balance.localMsat + balance.pendingOpenLocalMsat + sats * MSAT_PER_SAT;
  // lnd rounds each balance and each HTLC of its lists down to sats.
  return { msat, rounding: BigInt(3 * channels.length + htlcs.length) * MSAT_PER_SAT };
}

/** What of a channel that we opened is in nobody's balance. */
function commitmentSats(channel: LightningChannel): bigint {
  if (!channel.isInitiator) return 0n;
  const rest = channel.capacitySats - channel.localSats - channel.remoteSats - channel.unsettledSats;
  return rest > 0n ? rest : 0n;
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
