import { PendingChannelsReply } from "@arkrelay/core/http/admin-lightning";
import type { PendingChannel } from "@arkrelay/core/ports/lightning-node";

import { readRoute } from "../../../http/route";
import { staleFields } from "../../../last-known";

export const pendingChannelsRoute = readRoute({
  path: "/admin/lightning/pending-channels",
  summary: "Channels that are being opened or closed",
  auth: ["admin"],
  replies: { 200: PendingChannelsReply },
}).handle(async ({ deps }) => {
  const known = await deps.lnd.pendingChannels();
  const { opening, waitingClose, forceClosing, limboSats } = known.value;
  return {
    status: 200,
    body: {
      pending: {
        opening: opening.map(toChannel),
        closing: waitingClose.map((channel) => toClosing(channel)),
        force_closing: forceClosing.map((channel) => ({
          ...toClosing(channel),
          blocks_til_maturity: channel.blocksTilMaturity,
        })),
        limbo_sats: Number(limboSats),
      },
      ...staleFields(known),
    },
  };
});

function toChannel(channel: PendingChannel) {
  return {
    channel_point: channel.channelPoint,
    remote_pubkey: channel.remotePubkey,
    capacity: Number(channel.capacitySats),
    local_balance: Number(channel.localSats),
    memo: channel.memo,
  };
}

function toClosing(channel: PendingChannel & { readonly limboSats: bigint; readonly closingTxid: string }) {
  return { ...toChannel(channel), closing_txid: channel.closingTxid, limbo_sats: Number(channel.limboSats) };
}
