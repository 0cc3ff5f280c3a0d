import {
  ChannelBalanceResponse,
  type ClosedChannelsRequest,
  type ClosedChannelsResponse,
  ChannelCloseSummary_ClosureType,
  type ListChannelsRequest,
  type ListChannelsResponse,
  PendingChannelsResponse,
} from "@arkrelay/daemons/proto/lnrpc/lightning";

import { type Channel, type End, inFlightMsat, otherEnd } from "../engine/channel";
import type { LndEngine } from "../engine/lnd-engine";
import { LndError } from "../engine/lnd-error";
import { sum } from "../engine/wallet";
import { fromHex } from "./wire-bytes";
import { isActive, ourChannels, remotePubkey, toCloseSummary, toPendingChannel, toWireChannel } from "./wire-channel";

export function listChannels(engine: LndEngine, request: ListChannelsRequest): ListChannelsResponse {
  if (request.activeOnly && request.inactiveOnly) {
    throw new LndError("either `active_only` or `inactive_only` can be set, but not both");
  }
  if (request.publicOnly && request.privateOnly) {
    throw new LndError("either `public_only` or `private_only` can be set, but not both");
  }
  const peer = request.peer.toString("hex");
  const channels = ourChannels(engine)
    .filter(({ channel, us }) => {
      const isWanted = channel.status === "open" && (peer === "" || peer === remotePubkey(engine, channel, us));
      const active = isActive(engine, channel);
      const isOfKind = (!request.activeOnly || active) && (!request.inactiveOnly || !active);
      const isVisible = (!request.publicOnly || !channel.isPrivate) && (!request.privateOnly || channel.isPrivate);
      return isWanted && isOfKind && isVisible;
    })
    .map(({ channel, us }) => toWireChannel(engine, channel, us));
  return { channels };
}

export function channelBalance(engine: LndEngine): ChannelBalanceResponse {
  const all = ourChannels(engine);
  const open = all.filter(({ channel }) => channel.status === "open");
  const pending = all.filter(({ channel }) => channel.status === "pending_open");
  const localMsat = sum(open.map(({ channel, us }) => channel.balancesMsat[us]));
  const pendingLocalMsat = sum(pending.map(({ channel, us }) => channel.balancesMsat[us]));
  // Empty for plain lnd; with litd it is a JSON text about all asset channels.
  const hasAssets = open.some(({ channel }) => engine.channelData(channel.channelPoint) !== "");
  const data = open.map(({ channel }) => fromHex(engine.channelData(channel.channelPoint)).toString("utf8") || "{}");
  return ChannelBalanceResponse.fromPartial({
    balance: localMsat / 1_000n,
    pendingOpenBalance: pendingLocalMsat / 1_000n,
    localBalance: toAmount(localMsat),
    remoteBalance: toAmount(sum(open.map(({ channel, us }) => channel.balancesMsat[otherEnd(us)]))),
    unsettledLocalBalance: toAmount(sum(open.map(({ channel, us }) => inFlightMsat(channel, us)))),
    unsettledRemoteBalance: toAmount(sum(open.map(({ channel, us }) => inFlightMsat(channel, otherEnd(us))))),
    pendingOpenLocalBalance: toAmount(pendingLocalMsat),
    pendingOpenRemoteBalance: toAmount(sum(pending.map(({ channel, us }) => channel.balancesMsat[otherEnd(us)]))),
    customChannelData: hasAssets ? Buffer.from(`{"open_channels":[${data.join(",")}]}`) : Buffer.alloc(0),
  });
}

function toAmount(msat: bigint): { readonly sat: bigint; readonly msat: bigint } {
  return { sat: msat / 1_000n, msat };
}

export function pendingChannels(engine: LndEngine): PendingChannelsResponse {
  const all = ourChannels(engine);
  const of = (status: Channel["status"]) => all.filter(({ channel }) => channel.status === status);
  const limbo = [...of("waiting_close"), ...of("force_closing")];
  return PendingChannelsResponse.fromPartial({
    totalLimboBalance: sum(limbo.map(({ channel, us }) => channel.balancesMsat[us])) / 1_000n,
    pendingOpenChannels: of("pending_open").map(({ channel, us }) => toPendingOpen(engine, channel, us)),
    waitingCloseChannels: of("waiting_close").map(({ channel, us }) => ({
      channel: { ...toPendingChannel(engine, channel, us), chanStatusFlags: closingFlags(channel) },
      limboBalance: channel.balancesMsat[us] / 1_000n,
      closingTxid: channel.closing?.txid ?? "",
      commitments: { localCommitFeeSat: channel.commitFeeSats },
      blocksTilCloseConfirmed: 1,
    })),
    pendingForceClosingChannels: of("force_closing").map(({ channel, us }) => ({
      channel: toPendingChannel(engine, channel, us),
      closingTxid: channel.closing?.txid ?? "",
      limboBalance: channel.balancesMsat[us] / 1_000n,
      maturityHeight: channel.closing?.maturityHeight ?? 0,
      blocksTilMaturity: (channel.closing?.maturityHeight ?? 0) - engine.height,
    })),
  });
}

function closingFlags({ closing }: Channel): string {
  return closing?.isForced === true ? "ChanStatusCommitBroadcasted" : "ChanStatusCoopBroadcasted";
}

function toPendingOpen(engine: LndEngine, channel: Channel, us: End) {
  const { fundingHeight, confirmationsNeeded } = channel;
  const confirmations = fundingHeight === 0 ? 0 : engine.height - fundingHeight + 1;
  return {
    channel: toPendingChannel(engine, channel, us),
    commitFee: channel.commitFeeSats,
    confirmationsUntilActive: confirmationsNeeded - confirmations,
    confirmationHeight: fundingHeight,
  };
}

export function closedChannels(engine: LndEngine, request: ClosedChannelsRequest): ClosedChannelsResponse {
  const { COOPERATIVE_CLOSE, LOCAL_FORCE_CLOSE, REMOTE_FORCE_CLOSE } = ChannelCloseSummary_ClosureType;
  const wanted = [
    ...(request.cooperative ? [COOPERATIVE_CLOSE] : []),
    ...(request.localForce ? [LOCAL_FORCE_CLOSE] : []),
    ...(request.remoteForce ? [REMOTE_FORCE_CLOSE] : []),
  ];
  const isFiltered = wanted.length > 0 || request.breach || request.fundingCanceled || request.abandoned;
  const channels = ourChannels(engine)
    .filter(({ channel }) => channel.status === "closed")
    .map(({ channel, us }) => toCloseSummary(engine, channel, us))
    .filter(({ closeType }) => !isFiltered || wanted.includes(closeType));
  return { channels };
}
