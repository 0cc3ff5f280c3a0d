import {
  type Channel as WireChannel,
  Channel as WireChannelMessage,
  ChannelCloseSummary,
  ChannelCloseSummary_ClosureType,
  type ChannelPoint,
  CommitmentType,
  Initiator,
  PendingChannelsResponse_PendingChannel,
} from "@arkrelay/daemons/proto/lnrpc/lightning";

import {
  type Channel,
  type ChannelHtlc,
  type End,
  endOf,
  inFlightMsat,
  otherEnd,
  reserveSats,
} from "../engine/channel";
import type { LndEngine } from "../engine/lnd-engine";
import { CSV_DELAY } from "../engine/lnd-settings";
import { fromHex, fromTxidBytes, splitOutpoint, toTxidBytes } from "./wire-bytes";

const DUST_LIMIT_SATS = 354n;
const MIN_HTLC_MSAT = 1_000n;
const ACCEPTED_HTLCS_MAX = 483;

const COMMITMENT_TYPES: Readonly<Record<Channel["commitmentType"], CommitmentType>> = {
  anchors: CommitmentType.ANCHORS,
  simple_taproot: CommitmentType.SIMPLE_TAPROOT,
  simple_taproot_overlay: CommitmentType.SIMPLE_TAPROOT_OVERLAY,
};

/** Our end; a channel between others is none of this node's. */
export function ourEnd(channel: Channel): End | undefined {
  return endOf(channel, "node");
}

export function ourChannels(engine: LndEngine): readonly { readonly channel: Channel; readonly us: End }[] {
  return [...engine.store.channels.values()].flatMap((channel) => {
    const us = ourEnd(channel);
    return us === undefined ? [] : [{ channel, us }];
  });
}

/** Online, and not on its way to be closed. */
export function isActive(engine: LndEngine, channel: Channel): boolean {
  const isPeerThere = endOf(channel, "peer") === undefined || engine.store.settings.isPeerOnline;
  return channel.status === "open" && channel.closing === undefined && isPeerThere;
}

export function remotePubkey(engine: LndEngine, channel: Channel, us: End): string {
  return engine.context.keys.pubkeyOf(channel.ends[otherEnd(us)]);
}

export function toWireChannel(engine: LndEngine, channel: Channel, us: End): WireChannel {
  const ageSeconds = BigInt(engine.context.clock.nowSeconds() - channel.openedAt);
  const them = otherEnd(us);
  const constraints = {
    csvDelay: CSV_DELAY,
    chanReserveSat: reserveSats(channel),
    dustLimitSat: DUST_LIMIT_SATS,
    maxPendingAmtMsat: channel.capacitySats * 990n,
    minHtlcMsat: MIN_HTLC_MSAT,
    maxAcceptedHtlcs: ACCEPTED_HTLCS_MAX,
  };
  return WireChannelMessage.fromPartial({
    active: isActive(engine, channel),
    remotePubkey: remotePubkey(engine, channel, us),
    channelPoint: channel.channelPoint,
    chanId: channel.chanId,
    capacity: channel.capacitySats,
    localBalance: channel.balancesMsat[us] / 1_000n,
    remoteBalance: channel.balancesMsat[them] / 1_000n,
    commitFee: channel.commitFeeSats,
    unsettledBalance: inFlightMsat(channel) / 1_000n,
    totalSatoshisSent: channel.sentMsat[us] / 1_000n,
    totalSatoshisReceived: channel.sentMsat[them] / 1_000n,
    numUpdates: channel.updateCount,
    pendingHtlcs: channel.htlcs.map((htlc) => toWireHtlc(htlc, us)),
    private: channel.isPrivate,
    initiator: us === 0,
    chanStatusFlags: channel.closing === undefined ? "ChanStatusDefault" : "ChanStatusCoopBroadcasted",
    lifetime: ageSeconds,
    uptime: ageSeconds,
    commitmentType: COMMITMENT_TYPES[channel.commitmentType],
    pushAmountSat: channel.pushSats,
    localConstraints: constraints,
    remoteConstraints: constraints,
    memo: channel.memo,
    customChannelData: fromHex(engine.channelData(channel.channelPoint)),
  });
}

function toWireHtlc(htlc: ChannelHtlc, us: End) {
  return {
    incoming: htlc.offeredBy !== us,
    amount: htlc.amountMsat / 1_000n,
    hashLock: fromHex(htlc.paymentHash),
    expirationHeight: htlc.expiryHeight,
    htlcIndex: htlc.htlcIndex,
    forwardingChannel: htlc.forwardingChanId,
    lockedIn: true,
  };
}

export function toPendingChannel(engine: LndEngine, channel: Channel, us: End): PendingChannelsResponse_PendingChannel {
  return PendingChannelsResponse_PendingChannel.fromPartial({
    remoteNodePub: remotePubkey(engine, channel, us),
    channelPoint: channel.channelPoint,
    capacity: channel.capacitySats,
    localBalance: channel.balancesMsat[us] / 1_000n,
    remoteBalance: channel.balancesMsat[otherEnd(us)] / 1_000n,
    initiator: toInitiator(0, us),
    commitmentType: COMMITMENT_TYPES[channel.commitmentType],
    chanStatusFlags: "ChanStatusDefault",
    private: channel.isPrivate,
    memo: channel.memo,
  });
}

export function toCloseSummary(engine: LndEngine, channel: Channel, us: End): ChannelCloseSummary {
  const { closing } = channel;
  const isOurs = closing?.closedBy === us;
  const forced = isOurs
    ? ChannelCloseSummary_ClosureType.LOCAL_FORCE_CLOSE
    : ChannelCloseSummary_ClosureType.REMOTE_FORCE_CLOSE;
  return ChannelCloseSummary.fromPartial({
    channelPoint: channel.channelPoint,
    chanId: channel.chanId,
    closingTxHash: closing?.txid ?? "",
    remotePubkey: remotePubkey(engine, channel, us),
    capacity: channel.capacitySats,
    closeHeight: closing?.height ?? 0,
    settledBalance: channel.balancesMsat[us] / 1_000n,
    timeLockedBalance: closing?.isForced === true ? channel.balancesMsat[us] / 1_000n : 0n,
    closeType: closing?.isForced === true ? forced : ChannelCloseSummary_ClosureType.COOPERATIVE_CLOSE,
    openInitiator: toInitiator(0, us),
    closeInitiator: toInitiator(closing?.closedBy ?? 0, us),
  });
}

function toInitiator(end: End, us: End): Initiator {
  return end === us ? Initiator.INITIATOR_LOCAL : Initiator.INITIATOR_REMOTE;
}

export function toWireChannelPoint(channelPoint: string): ChannelPoint {
  const { txid, vout } = splitOutpoint(channelPoint);
  return { fundingTxid: { $case: "fundingTxidBytes", value: toTxidBytes(txid) }, outputIndex: vout };
}

/** `txid:vout` with the txid as explorers show it, whichever form the client chose. */
export function fromWireChannelPoint(point: ChannelPoint | undefined): string {
  const { fundingTxid, outputIndex = 0 } = point ?? {};
  const txid = fundingTxid?.$case === "fundingTxidBytes" ? fromTxidBytes(fundingTxid.value) : fundingTxid?.value;
  return `${txid ?? ""}:${outputIndex}`;
}
