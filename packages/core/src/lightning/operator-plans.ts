import { AppError } from "../errors";
import type { LightningChannel, LightningNode } from "../ports/lightning-node";
import type { ChannelClosing, ChannelOpening, OnchainSending } from "./operator-writes";

/** Dry runs: what an operator's write would do, and what lnd says about it. Sends nothing. JSON objects for people. */

type Plan = Readonly<Record<string, unknown>>;

/** lnd's own default when neither a fee rate nor a target is given. */
const TARGET_CONF = 6;

export function describeOpening(opening: ChannelOpening): Plan {
  return {
    action: "open_channel",
    node_pubkey: opening.nodePubkey,
    host: opening.host ?? null,
    amount_sats: Number(opening.amountSats),
    private: opening.isPrivate,
    sat_per_vbyte: toRate(opening.satPerVbyte),
  };
}

export async function planOpening(lightning: LightningNode, opening: ChannelOpening): Promise<Plan> {
  const [onchain, peers, channels, pending] = await Promise.all([
    lightning.getOnchainBalance(),
    lightning.listPeers(),
    lightning.listChannels(),
    lightning.listPendingChannels(),
  ]);
  const isSame = ({ remotePubkey }: { readonly remotePubkey: string }) => remotePubkey === opening.nodePubkey;
  const isConnected = peers.some((peer) => peer.nodePubkey === opening.nodePubkey);
  return {
    ...describeOpening(opening),
    is_connected: isConnected,
    needs_host: !isConnected && opening.host === undefined,
    channels_with_node: channels.filter(isSame).length,
    openings_with_node: pending.opening.filter(isSame).length,
    confirmed_balance: Number(onchain.confirmedSats),
    sufficient_funds: onchain.confirmedSats - onchain.lockedSats > opening.amountSats,
  };
}

export function describeClosing(closing: ChannelClosing): Plan {
  return {
    action: closing.force ? "force_close_channel" : "close_channel",
    channel_point: closing.channelPoint,
    sat_per_vbyte: toRate(closing.satPerVbyte),
  };
}

/** Throws `not_found` for a channel that is not open, and `wrong_state` for one that is closing already. */
export async function planClosing(lightning: LightningNode, closing: ChannelClosing): Promise<Plan> {
  const channels = await lightning.listChannels();
  const channel = channels.find((each) => each.channelPoint === closing.channelPoint);
  if (channel !== undefined) return { ...describeClosing(closing), ...describeChannel(channel) };
  const { waitingClose, forceClosing } = await lightning.listPendingChannels();
  const isClosing = [...waitingClose, ...forceClosing].some((each) => each.channelPoint === closing.channelPoint);
  throw isClosing
    ? new AppError("wrong_state", { details: { status: "closing", allowed: [] } })
    : new AppError("not_found");
}

function describeChannel(channel: LightningChannel): Plan {
  return {
    remote_pubkey: channel.remotePubkey,
    active: channel.isActive,
    capacity: Number(channel.capacitySats),
    local_balance: Number(channel.localSats),
    remote_balance: Number(channel.remoteSats),
    pending_htlcs: channel.pendingHtlcs.length,
  };
}

export function describeSending(sending: OnchainSending): Plan {
  return {
    action: "send_onchain",
    address: sending.address,
    amount_sats: Number(sending.amountSats),
    sat_per_vbyte: toRate(sending.satPerVbyte),
  };
}

export async function planSending(lightning: LightningNode, sending: OnchainSending): Promise<Plan> {
  const { address, amountSats } = sending;
  const [onchain, estimate] = await Promise.all([
    lightning.getOnchainBalance(),
    lightning.estimateOnchainFee({ address, amountSats, targetConf: TARGET_CONF }),
  ]);
  return {
    ...describeSending(sending),
    fee_estimate: Number(estimate.feeSats),
    estimated_sat_per_vbyte: Number(estimate.satPerVbyte),
    confirmed_balance: Number(onchain.confirmedSats),
    sufficient_funds: onchain.confirmedSats - onchain.lockedSats >= amountSats + estimate.feeSats,
  };
}

function toRate(satPerVbyte: bigint | undefined): number | null {
  return satPerVbyte === undefined ? null : Number(satPerVbyte);
}
