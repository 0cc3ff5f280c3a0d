import { AppError } from "../errors";
import type { LightningChannel, LightningNode, OnchainBalance } from "../ports/lightning-node";
import type { ChannelClosing, ChannelOpening, OnchainSending } from "./operator-writes";

/** Dry runs: what an operator's write would do, and what lnd says about it. Sends nothing. JSON objects for people. */

type Plan = Readonly<Record<string, unknown>>;

/** lnd's own default when neither a fee rate nor a target is given. */
const TARGET_CONF = 6;

/** What lnd keeps back for each public anchor channel, and at most for all of them; it refuses to spend below that. */
const ANCHOR_RESERVE_SATS = 10_000n;
const ANCHOR_RESERVE_MAX_SATS = 100_000n;

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
    ...describeFunds(onchain),
    // Above it, because the funding transaction has a fee that lnd does not estimate.
    sufficient_funds: spendableSats(onchain) - newReserveSats(onchain, opening) > opening.amountSats,
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

/** lnd estimates at a rate of its own; at a given rate the same transaction costs in proportion, at most a little less. */
export async function planSending(lightning: LightningNode, sending: OnchainSending): Promise<Plan> {
  const { address, amountSats, satPerVbyte } = sending;
  const [onchain, estimate] = await Promise.all([
    lightning.getOnchainBalance(),
    lightning.estimateOnchainFee({ address, amountSats, targetConf: TARGET_CONF }),
  ]);
  const feeSats = satPerVbyte === undefined ? estimate.feeSats : feeAtRate(estimate, satPerVbyte);
  return {
    ...describeSending(sending),
    fee_estimate: Number(feeSats),
    estimated_sat_per_vbyte: Number(estimate.satPerVbyte),
    ...describeFunds(onchain),
    sufficient_funds: spendableSats(onchain) >= amountSats + feeSats,
  };
}

function feeAtRate(estimate: { readonly feeSats: bigint; readonly satPerVbyte: bigint }, satPerVbyte: bigint): bigint {
  // lnd rounds the rate down, so the size comes out large rather than small.
  const rate = estimate.satPerVbyte > 0n ? estimate.satPerVbyte : 1n;
  return (estimate.feeSats * satPerVbyte + rate - 1n) / rate;
}

function spendableSats({ confirmedSats, lockedSats, reservedAnchorSats }: OnchainBalance): bigint {
  return confirmedSats - lockedSats - reservedAnchorSats;
}

function newReserveSats({ reservedAnchorSats }: OnchainBalance, { isPrivate }: ChannelOpening): bigint {
  return isPrivate || reservedAnchorSats >= ANCHOR_RESERVE_MAX_SATS ? 0n : ANCHOR_RESERVE_SATS;
}

function describeFunds(onchain: OnchainBalance): Plan {
  return {
    confirmed_balance: Number(onchain.confirmedSats),
    locked_balance: Number(onchain.lockedSats),
    reserved_for_anchors: Number(onchain.reservedAnchorSats),
  };
}

function toRate(satPerVbyte: bigint | undefined): number | null {
  return satPerVbyte === undefined ? null : Number(satPerVbyte);
}
