import { LightningChannelsReply } from "@arkrelay/core/http/lightning-operator";

import { readRoute } from "../../http/route";
import { staleFields } from "../../last-known";

export const lightningChannelsRoute = readRoute({
  path: "/lightning/channels",
  summary: "lnd's open channels",
  auth: ["admin"],
  replies: { 200: LightningChannelsReply },
}).handle(async ({ deps }) => {
  const known = await deps.lnd.channels();
  const channels = known.value.map((channel) => ({
    channel_id: channel.chanId.toString(),
    channel_point: channel.channelPoint,
    remote_pubkey: channel.remotePubkey,
    capacity: Number(channel.capacitySats),
    local_balance: Number(channel.localSats),
    remote_balance: Number(channel.remoteSats),
    private: channel.isPrivate,
    active: channel.isActive,
    funding_txid: channel.channelPoint.slice(0, 64),
  }));
  return { status: 200, body: { channels, count: channels.length, ...staleFields(known) } };
});
