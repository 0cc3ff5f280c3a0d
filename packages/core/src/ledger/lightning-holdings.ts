import type {
  LightningBalance,
  LightningChannel,
  PendingChannel,
  PendingLightningChannels,
} from "../ports/lightning-node";
import { MSAT_PER_SAT } from "./postings";

export interface LightningFacts {
  readonly balance: LightningBalance;
  readonly channels: readonly LightningChannel[];
  readonly pending: PendingLightningChannels;
  /** Hashes of our lands that were paid and are not booked. */
  readonly landHashes: ReadonlySet<string>;
  /** By channel point: what the node had lent to the commitment of a channel that is closing. */
  readonly lentSats: ReadonlyMap<string, bigint>;
  /** Of channels that are booked: lnd tells their end in whole sats. */
  readonly closeCount: number;
}

export interface LightningHoldings {
  readonly msat: bigint;
  readonly rounding: bigint;
  /** What payments of others have taken out of our channels on their way: it is back, with the fee, however they end. */
  readonly forwardedMsat: bigint;
}

/**
 * What the gateway has in channels, msat: the local balances, what the node lends to the commitments of channels it opened (commit fee
 * and anchors come back when they close), outgoing HTLCs of our own lands, and channels that are opening or closing. A closing channel
 * is worth what it was when it was open until the ledger says otherwise: what is in limbo changes with each transaction that resolves it.
 * Incoming HTLCs and forwarded ones are somebody else's until they settle, so lnd's unsettled balance is never taken.
 */
export function lightningHoldingsMsat(facts: LightningFacts): LightningHoldings {
  const { balance, channels, pending } = facts;
  const outgoing = channels.flatMap((channel) => channel.pendingHtlcs.filter((htlc) => !htlc.isIncoming));
  const htlcs = outgoing.filter((htlc) => facts.landHashes.has(htlc.paymentHash));
  const forwarded = outgoing.filter((htlc) => htlc.isForwarded && !facts.landHashes.has(htlc.paymentHash));
  const sats =
    sum(channels.map(lentSatsOf)) +
    sum(htlcs.map((htlc) => htlc.amountSats)) +
    // A channel with something of ours in it before it is open is one that we opened.
    sum(pending.opening.map(({ capacitySats, localSats }) => (localSats > 0n ? capacitySats - localSats : 0n))) +
    sum([...pending.waitingClose, ...pending.forceClosing].map((channel) => closingSats(facts, channel)));
  const msat = balance.localMsat + balance.pendingOpenLocalMsat + sats * MSAT_PER_SAT;
  // lnd rounds each balance and each HTLC of its lists down to sats.
  const rounded = 3 * (channels.length + facts.closeCount) + htlcs.length + forwarded.length;
  return {
    msat,
    rounding: BigInt(rounded) * MSAT_PER_SAT,
    forwardedMsat: sum(forwarded.map((htlc) => htlc.amountSats)) * MSAT_PER_SAT,
  };
}

function closingSats({ lentSats }: LightningFacts, { channelPoint, localSats, commitFeeSats }: PendingChannel): bigint {
  return localSats + (lentSats.get(channelPoint) ?? commitFeeSats);
}

/** What of a channel that we opened is in nobody's balance: the commitment fee and the anchors. */
export function lentSatsOf(channel: LightningChannel): bigint {
  if (!channel.isInitiator) return 0n;
  const rest = channel.capacitySats - channel.localSats - channel.remoteSats - channel.unsettledSats;
  return rest > 0n ? rest : 0n;
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
