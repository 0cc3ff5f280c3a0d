import { RESERVE_DIVISOR } from "./lnd-settings";

/** Who takes part in the simulated network: our node, the peer that routes, and the wallet outside. */
export type Party = "node" | "peer" | "outside";
/** Parties that have invoices and payments. */
export type Owner = "node" | "outside";

export type ChannelStatus = "pending_open" | "open" | "waiting_close" | "force_closing" | "closed";

/** Which end of a channel: 0 opened it, 1 accepted it. */
export type End = 0 | 1;

export interface ChannelHtlc {
  /** `<payment key>#<attempt>#<hop>`. */
  readonly id: string;
  readonly offeredBy: End;
  readonly amountMsat: bigint;
  readonly paymentHash: string;
  readonly expiryHeight: number;
  readonly htlcIndex: bigint;
  /** Channel it came in by, at the node that forwards it; 0 otherwise. */
  readonly forwardingChanId: bigint;
}

export interface ChannelClosing {
  readonly closedBy: End;
  readonly isForced: boolean;
  /** "" while a cooperative close waits for HTLCs to resolve. */
  readonly txid: string;
  readonly satPerVbyte: bigint;
  /** 0 until confirmed. */
  readonly height: number;
  /** From here on the forced closer has its money. */
  readonly maturityHeight: number;
}

export interface Channel {
  /** `txid:vout`. */
  readonly channelPoint: string;
  /** 0 until the funding transaction has confirmed. */
  readonly chanId: bigint;
  readonly capacitySats: bigint;
  /** Opener first. */
  readonly ends: readonly [Party, Party];
  readonly balancesMsat: readonly [bigint, bigint];
  readonly sentMsat: readonly [bigint, bigint];
  /** Paid by the opener; goes to the miners when the channel closes. */
  readonly commitFeeSats: bigint;
  readonly pushSats: bigint;
  readonly isPrivate: boolean;
  readonly memo: string;
  readonly commitmentType: "anchors" | "simple_taproot" | "simple_taproot_overlay";
  readonly status: ChannelStatus;
  /** 0 until confirmed. */
  readonly fundingHeight: number;
  readonly confirmationsNeeded: number;
  readonly htlcs: readonly ChannelHtlc[];
  readonly updateCount: bigint;
  readonly nextHtlcIndex: bigint;
  readonly openedAt: number;
  readonly closing: ChannelClosing | undefined;
}

export function otherEnd(end: End): End {
  return end === 0 ? 1 : 0;
}

/** undefined = the party has no part in the channel. */
export function endOf(channel: Channel, party: Party): End | undefined {
  if (channel.ends[0] === party) return 0;
  return channel.ends[1] === party ? 1 : undefined;
}

export function partyAt(channel: Channel, end: End): Party {
  return channel.ends[end];
}

export function reserveSats(channel: Channel): bigint {
  return channel.capacitySats / RESERVE_DIVISOR;
}

/** What one end may send, its reserve kept. */
export function sendableMsat(channel: Channel, end: End): bigint {
  const free = channel.balancesMsat[end] - reserveSats(channel) * 1_000n;
  return free > 0n ? free : 0n;
}

/** A copy with the balance of one end changed. */
export function withBalanceChange(channel: Channel, end: End, deltaMsat: bigint): Channel {
  const [first, second] = channel.balancesMsat;
  return {
    ...channel,
    balancesMsat: end === 0 ? [first + deltaMsat, second] : [first, second + deltaMsat],
  };
}

/** Whether new HTLCs can go through, as far as the channel itself is concerned. */
export function canCarryHtlcs(channel: Channel): boolean {
  return channel.status === "open" && channel.closing === undefined;
}

export function isUnclosed(channel: Channel): boolean {
  return channel.status !== "closed";
}

/** Millisatoshi in HTLCs that this end offered, or that any end did. */
export function inFlightMsat(channel: Channel, offeredBy?: End): bigint {
  return channel.htlcs
    .filter((htlc) => offeredBy === undefined || htlc.offeredBy === offeredBy)
    .reduce((sum, { amountMsat }) => sum + amountMsat, 0n);
}
