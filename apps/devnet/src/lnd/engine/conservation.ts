import { type Channel, type Party, endOf, inFlightMsat, isUnclosed } from "./channel";
import type { LndContext } from "./lnd-context";
import { sum } from "./wallet";

/** Where every millisatoshi of the simulated network is. */
export interface LndConservation {
  readonly issuedMsat: bigint;
  /** Coins of our node, anchors of the asset layer included. */
  readonly walletMsat: bigint;
  readonly anchoredMsat: bigint;
  /** Our side of channels that are not closed, with the commitment fees that we hold ready. */
  readonly channelsMsat: bigint;
  /** HTLCs that we have offered. */
  readonly inFlightMsat: bigint;
  /** Everything of the others, but for what our routing fees have brought them. */
  readonly outsideMsat: bigint;
  /** To miners by anyone, and routing fees by us. */
  readonly feesPaidMsat: bigint;
  /** Not 0 only if a bug made or lost money. */
  readonly driftMsat: bigint;
}

export function lndConservation({ store }: LndContext): LndConservation {
  const { meta } = store;
  const channels = [...store.channels.values()].filter(isUnclosed);
  const unspent = [...store.coins.values()].filter(({ spentBy }) => spentBy === "");
  const walletMsat = sum(unspent.map(({ amountSats }) => amountSats)) * 1_000n;
  const anchored = unspent.filter(({ isAnchor }) => isAnchor);
  const channelsMsat = sum(channels.map((channel) => heldMsat(channel, "node")));
  const offeredMsat = sum(channels.map((channel) => offeredBy(channel, "node")));
  const othersMsat = sum(channels.map(totalMsat)) - channelsMsat - offeredMsat + meta.peerMsat + meta.outsideMsat;
  const outsideMsat = othersMsat - meta.routingFeesPaidMsat;
  const feesPaidMsat = meta.minerFeesMsat + meta.routingFeesPaidMsat;
  const broken = channels.filter((channel) => totalMsat(channel) !== channel.capacitySats * 1_000n);
  const missingMsat = sum(broken.map((channel) => channel.capacitySats * 1_000n - totalMsat(channel)));
  const found = walletMsat + channelsMsat + offeredMsat + outsideMsat + feesPaidMsat;
  return {
    issuedMsat: meta.issuedMsat,
    walletMsat,
    anchoredMsat: sum(anchored.map(({ amountSats }) => amountSats)) * 1_000n,
    channelsMsat,
    inFlightMsat: offeredMsat,
    outsideMsat,
    feesPaidMsat,
    driftMsat: meta.issuedMsat === found ? missingMsat : meta.issuedMsat - found,
  };
}

/** The capacity, if the channel is sound. */
function totalMsat(channel: Channel): bigint {
  return channel.balancesMsat[0] + channel.balancesMsat[1] + inFlightMsat(channel) + channel.commitFeeSats * 1_000n;
}

function heldMsat(channel: Channel, party: Party): bigint {
  const end = endOf(channel, party);
  if (end === undefined) return 0n;
  return channel.balancesMsat[end] + (end === 0 ? channel.commitFeeSats * 1_000n : 0n);
}

function offeredBy(channel: Channel, party: Party): bigint {
  const end = endOf(channel, party);
  return end === undefined ? 0n : inFlightMsat(channel, end);
}
