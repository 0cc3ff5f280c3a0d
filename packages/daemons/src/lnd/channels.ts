import { AppError, assert } from "@arkrelay/core/errors";
import { findClosing, type FoundClosing } from "@arkrelay/core/lightning/find-closing";
import type {
  ClosedLightningChannel,
  CloseChannelRequest,
  LightningChannel,
  OpenChannelRequest,
  PendingLightningChannels,
} from "@arkrelay/core/ports/lightning-node";

import {
  type ChannelPoint,
  ClosedChannelsRequest,
  type ClosedChannelsResponse,
  CloseChannelRequest as WireCloseChannelRequest,
  type CloseStatusUpdate,
  ListChannelsRequest,
  type ListChannelsResponse,
  OpenChannelRequest as WireOpenChannelRequest,
  type PendingChannelsResponse,
} from "../gen/lnrpc/lightning";
import { fromHex, toTxid } from "../wire-bytes";
import type { LndCalls } from "./lnd-clients";
import { toClosedChannel, toLightningChannel, toPendingChannels } from "./to-channel";

/** Opening and closing wait for the peer's signatures. */
const NEGOTIATION_TIMEOUT_MS = 60_000;

/** lnd's limit, in bytes. */
const MEMO_LENGTH_MAX = 500;

/** Channels of lnd. */
export class LndChannels {
  constructor(private readonly calls: LndCalls) {}

  async list(filter: { readonly activeOnly?: boolean } = {}): Promise<readonly LightningChannel[]> {
    const request = ListChannelsRequest.fromPartial({ activeOnly: filter.activeOnly ?? false });
    const { channels } = await this.calls.read<ListChannelsResponse>("ListChannels", ({ lightning }, ...rest) =>
      lightning.listChannels(request, ...rest),
    );
    return channels.map(toLightningChannel);
  }

  async listPending(): Promise<PendingLightningChannels> {
    const pending = await this.calls.read<PendingChannelsResponse>("PendingChannels", ({ lightning }, ...rest) =>
      lightning.pendingChannels({ includeRawTx: false }, ...rest),
    );
    return toPendingChannels(pending);
  }

  async listClosed(): Promise<readonly ClosedLightningChannel[]> {
    const request = ClosedChannelsRequest.fromPartial({});
    const { channels } = await this.calls.read<ClosedChannelsResponse>("ClosedChannels", ({ lightning }, ...rest) =>
      lightning.closedChannels(request, ...rest),
    );
    return channels.map(toClosedChannel);
  }

  async open(request: OpenChannelRequest): Promise<{ readonly channelPoint: string }> {
    assert(
      request.memo !== "" && Buffer.byteLength(request.memo) <= MEMO_LENGTH_MAX,
      "a channel has a memo of its own",
    );
    const opened = await this.findByMemo(request.memo);
    if (opened !== undefined) return { channelPoint: opened };
    const wire = WireOpenChannelRequest.fromPartial({
      nodePubkey: fromHex(request.nodePubkey),
      localFundingAmount: request.amountSats,
      private: request.isPrivate,
      memo: request.memo,
      satPerVbyte: request.satPerVbyte ?? 0n,
    });
    const point = await this.calls.write<ChannelPoint>(
      "OpenChannelSync",
      ({ lightning }, ...rest) => lightning.openChannelSync(wire, ...rest),
      { role: "channel", timeoutMs: NEGOTIATION_TIMEOUT_MS },
    );
    return { channelPoint: formatChannelPoint(point) };
  }

  async close(request: CloseChannelRequest): Promise<{ readonly closingTxid: string }> {
    const closing = await this.findClosing(request);
    if (closing !== undefined) {
      // lnd may not have seen yet by which transaction the peer closes; a second close would only bump its fee.
      if (closing.txid === undefined) throw closeUnknown();
      return { closingTxid: closing.txid };
    }
    const wire = WireCloseChannelRequest.fromPartial({
      channelPoint: parseChannelPoint(request.channelPoint),
      force: request.force,
      // lnd refuses any fee together with force.
      satPerVbyte: request.force ? 0n : (request.satPerVbyte ?? 0n),
    });
    const updates = this.calls.stream<CloseStatusUpdate>(
      "CloseChannel",
      ({ lightning }, ...rest) => lightning.closeChannel(wire, ...rest),
      { kind: "write", role: "channel", timeoutMs: NEGOTIATION_TIMEOUT_MS },
    );
    for await (const { update } of updates) {
      if (update?.$case === "closePending") return { closingTxid: toTxid(update.value.txid) };
      if (update?.$case === "chanClose") return { closingTxid: toTxid(update.value.closingTxid) };
    }
    throw closeUnknown();
  }

  private async findByMemo(memo: string): Promise<string | undefined> {
    // Pending first: a channel that confirms in between is then in the second list.
    const { opening } = await this.listPending();
    const pending = opening.find((channel) => channel.memo === memo);
    if (pending !== undefined) return pending.channelPoint;
    return (await this.list()).find((channel) => channel.memo === memo)?.channelPoint;
  }

  private findClosing(request: CloseChannelRequest): Promise<FoundClosing | undefined> {
    const lists = { listPendingChannels: () => this.listPending(), listClosedChannels: () => this.listClosed() };
    return findClosing(lists, request);
  }
}

function closeUnknown(): AppError {
  return new AppError("outcome_unknown", { details: { service: "lnd" }, internal: "lnd named no closing transaction" });
}

function parseChannelPoint(channelPoint: string): ChannelPoint {
  const match = /^([0-9a-f]{64}):(\d{1,5})$/.exec(channelPoint);
  assert(match !== null, "a channel point is txid:vout");
  const [, txid = "", vout = ""] = match;
  return { fundingTxid: { $case: "fundingTxidStr", value: txid }, outputIndex: Number(vout) };
}

function formatChannelPoint({ fundingTxid, outputIndex }: ChannelPoint): string {
  assert(fundingTxid !== undefined, "lnd names the funding transaction");
  const txid = fundingTxid.$case === "fundingTxidStr" ? fundingTxid.value : toTxid(fundingTxid.value);
  return `${txid}:${outputIndex}`;
}
