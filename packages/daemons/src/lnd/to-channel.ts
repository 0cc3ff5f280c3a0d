import { assert } from "@arkrelay/core/errors";
import type {
  ChannelResolution,
  ClosedLightningChannel,
  LightningChannel,
  PendingChannel,
  PendingLightningChannels,
} from "@arkrelay/core/ports/lightning-node";

import {
  type Channel,
  type ChannelCloseSummary,
  channelCloseSummary_ClosureTypeToJSON,
  Initiator,
  type PendingChannelsResponse,
  type PendingChannelsResponse_PendingChannel as WirePendingChannel,
  ResolutionOutcome,
  ResolutionType,
} from "../gen/lnrpc/lightning";
import { toHex } from "../wire-bytes";

const RESOLUTION_KINDS: ReadonlyMap<ResolutionType, ChannelResolution["kind"]> = new Map([
  [ResolutionType.ANCHOR, "anchor"],
  [ResolutionType.INCOMING_HTLC, "incoming_htlc"],
  [ResolutionType.OUTGOING_HTLC, "outgoing_htlc"],
  [ResolutionType.COMMIT, "commit"],
]);

const RESOLUTION_OUTCOMES: ReadonlyMap<ResolutionOutcome, ChannelResolution["outcome"]> = new Map([
  [ResolutionOutcome.CLAIMED, "claimed"],
  [ResolutionOutcome.UNCLAIMED, "unclaimed"],
  [ResolutionOutcome.ABANDONED, "abandoned"],
  [ResolutionOutcome.FIRST_STAGE, "first_stage"],
  [ResolutionOutcome.TIMEOUT, "timeout"],
]);

export function toLightningChannel(channel: Channel): LightningChannel {
  return {
    channelPoint: channel.channelPoint,
    chanId: channel.chanId,
    remotePubkey: channel.remotePubkey,
    isActive: channel.active,
    isPrivate: channel.private,
    isInitiator: channel.initiator,
    capacitySats: channel.capacity,
    localSats: channel.localBalance,
    remoteSats: channel.remoteBalance,
    commitFeeSats: channel.commitFee,
    unsettledSats: channel.unsettledBalance,
    localReserveSats: channel.localConstraints?.chanReserveSat ?? 0n,
    memo: channel.memo,
    pendingHtlcs: channel.pendingHtlcs.map((htlc) => ({
      isIncoming: htlc.incoming,
      amountSats: htlc.amount,
      paymentHash: toHex(htlc.hashLock),
      isForwarded: htlc.forwardingChannel !== 0n,
      expirationHeight: htlc.expirationHeight,
    })),
  };
}

export function toPendingChannels(pending: PendingChannelsResponse): PendingLightningChannels {
  return {
    limboSats: pending.totalLimboBalance,
    opening: pending.pendingOpenChannels.map(({ channel, commitFee }) => toPendingChannel(channel, commitFee)),
    waitingClose: pending.waitingCloseChannels.map(({ channel, commitments, limboBalance, closingTxid }) => ({
      ...toPendingChannel(channel, commitments?.localCommitFeeSat ?? 0n),
      limboSats: limboBalance,
      closingTxid,
      way: toClosingWay(channel?.chanStatusFlags ?? ""),
    })),
    forceClosing: pending.pendingForceClosingChannels.map((closing) => ({
      // The commitment is on the chain, so its fee is spent.
      ...toPendingChannel(closing.channel, 0n),
      limboSats: closing.limboBalance,
      closingTxid: closing.closingTxid,
      blocksTilMaturity: closing.blocksTilMaturity,
    })),
  };
}

export function toClosedChannel(summary: ChannelCloseSummary): ClosedLightningChannel {
  return {
    channelPoint: summary.channelPoint,
    remotePubkey: summary.remotePubkey,
    closingTxid: summary.closingTxHash,
    closeType: channelCloseSummary_ClosureTypeToJSON(summary.closeType).toLowerCase(),
    capacitySats: summary.capacity,
    settledSats: summary.settledBalance,
    closeHeight: summary.closeHeight,
    isInitiator: summary.openInitiator === Initiator.INITIATOR_LOCAL,
    resolutions: summary.resolutions.map(({ resolutionType, outcome, amountSat, sweepTxid }) => ({
      kind: RESOLUTION_KINDS.get(resolutionType) ?? "unknown",
      outcome: RESOLUTION_OUTCOMES.get(outcome) ?? "unknown",
      amountSats: amountSat,
      sweepTxid,
    })),
  };
}

/** lnd sets its flag before it broadcasts the transaction; names of channeldb's ChannelStatus, joined by "|". */
function toClosingWay(chanStatusFlags: string): PendingLightningChannels["waitingClose"][number]["way"] {
  const flags = chanStatusFlags.split("|");
  if (flags.includes("ChanStatusCommitBroadcasted")) return "force";
  return flags.includes("ChanStatusCoopBroadcasted") ? "cooperative" : "unknown";
}

/** The commitment fee is the opener's money: that of a channel the peer opened is not counted. */
function toPendingChannel(channel: WirePendingChannel | undefined, commitFee: bigint): PendingChannel {
  assert(channel !== undefined, "lnd describes each pending channel");
  return {
    channelPoint: channel.channelPoint,
    remotePubkey: channel.remoteNodePub,
    capacitySats: channel.capacity,
    localSats: channel.localBalance,
    commitFeeSats: channel.initiator === Initiator.INITIATOR_LOCAL ? commitFee : 0n,
    memo: channel.memo,
  };
}
