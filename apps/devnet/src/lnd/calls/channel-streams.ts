import {
  type ChannelEventUpdate,
  ChannelEventUpdate_UpdateType as UpdateType,
  type ChannelPoint,
  CloseStatusUpdate,
  type CloseChannelRequest,
  CommitmentType,
  type OpenChannelRequest,
  type OpenStatusUpdate,
  PendingUpdate,
} from "@arkrelay/daemons/proto/lnrpc/lightning";

import type { StreamSink } from "../../grpc/daemon-call";
import type { Channel } from "../engine/channel";
import type { LndEngine } from "../engine/lnd-engine";
import { LndError } from "../engine/lnd-error";
import type { LndEvent } from "../engine/lnd-events";
import { readFeerate } from "./read-feerate";
import { fromHex, splitOutpoint, toTxidBytes } from "./wire-bytes";
import { fromWireChannelPoint, ourEnd, toCloseSummary, toWireChannel, toWireChannelPoint } from "./wire-channel";

/** Broadcast, then open; the stream ends there. */
export function openChannel(engine: LndEngine, request: OpenChannelRequest, sink: StreamSink<OpenStatusUpdate>): void {
  const channelPoint = open(engine, request);
  const { txid, vout } = splitOutpoint(channelPoint);
  const value = PendingUpdate.fromPartial({ txid: toTxidBytes(txid), outputIndex: vout });
  const pendingChanId = fromHex(txid);
  sink.event({ update: { $case: "chanPending", value }, pendingChanId });
  const stop = engine.events.listen((event) => {
    if (event.kind !== "channel" || event.change !== "open" || event.channelPoint !== channelPoint) return;
    const opened = { channelPoint: toWireChannelPoint(channelPoint) };
    sink.event({ update: { $case: "chanOpen", value: opened }, pendingChanId });
    sink.end();
  });
  sink.onClose(stop);
}

export function openChannelSync(engine: LndEngine, request: OpenChannelRequest): ChannelPoint {
  return toWireChannelPoint(open(engine, request));
}

function open(engine: LndEngine, request: OpenChannelRequest): string {
  if (request.spendUnconfirmed && request.minConfs > 0) {
    throw new LndError("min_confs cannot be set when spending unconfirmed outputs");
  }
  if (request.fundMax || request.outpoints.length > 0) {
    throw new LndError("devnet funds channels with an amount, from coins of its own choice", "UNIMPLEMENTED");
  }
  const nodePubkey = request.nodePubkey.length > 0 ? request.nodePubkey.toString("hex") : request.nodePubkeyString;
  return engine.openChannel({
    nodePubkey,
    localFundingSats: request.localFundingAmount,
    pushSats: request.pushSat,
    isPrivate: request.private,
    memo: request.memo,
    satPerVbyte: readFeerate(request),
    minConfs: request.spendUnconfirmed ? 0 : request.minConfs || 1,
    commitmentType: readCommitmentType(request.commitmentType),
  });
}

function readCommitmentType(type: CommitmentType): Channel["commitmentType"] {
  if (type === CommitmentType.SIMPLE_TAPROOT) return "simple_taproot";
  return type === CommitmentType.SIMPLE_TAPROOT_OVERLAY ? "simple_taproot_overlay" : "anchors";
}

/** Broadcast, then closed; the second may take hours of blocks. */
export function closeChannel(
  engine: LndEngine,
  request: CloseChannelRequest,
  sink: StreamSink<CloseStatusUpdate>,
): void {
  const hasFee = request.satPerVbyte !== 0n || request.satPerByte !== 0n || request.targetConf !== 0;
  if (request.force && hasFee) throw new LndError("force closing a channel uses a pre-defined fee");
  const channelPoint = fromWireChannelPoint(request.channelPoint);
  const satPerVbyte = readFeerate(request);
  if (request.maxFeePerVbyte !== 0n && request.maxFeePerVbyte < satPerVbyte) {
    throw new LndError(
      `max_fee_per_vbyte (${request.maxFeePerVbyte}) is less than the fee rate of ${satPerVbyte} sat/vb`,
    );
  }
  const pendingHtlcs = engine.store.channels.get(channelPoint)?.htlcs.length ?? 0;
  const isPending = follow(engine, channelPoint, sink);
  const channel = engine.closeChannel({
    channelPoint,
    isForced: request.force,
    satPerVbyte,
    isNoWait: request.noWait,
  });
  if (request.noWait) {
    const value = { numPendingHtlcs: pendingHtlcs };
    sink.event({ update: { $case: "closeInstant", value } });
  }
  if (channel.closing !== undefined && channel.closing.txid !== "") isPending(channel.closing.txid);
}

/** Returns what tells that the closing transaction is out. */
function follow(engine: LndEngine, channelPoint: string, sink: StreamSink<CloseStatusUpdate>): (txid: string) => void {
  let isTold = false;
  const tellPending = (txid: string): void => {
    if (isTold) return;
    isTold = true;
    const value = PendingUpdate.fromPartial({ txid: toTxidBytes(txid), localCloseTx: true });
    sink.event({ update: { $case: "closePending", value } });
  };
  const stop = engine.events.listen((event) => {
    if (event.kind !== "channel" || event.channelPoint !== channelPoint) return;
    const channel = engine.store.channels.get(channelPoint);
    const txid = channel?.closing?.txid ?? "";
    // A forced close is done for this stream when its transaction is confirmed, long before the money is free.
    if (event.change === "closed" || event.change === "force_closing") {
      sink.event(toClosed(engine, channelPoint, txid));
      sink.end();
    } else if (event.change === "waiting_close" && channel?.closing?.isForced === false) {
      // One that had waited for HTLCs; the others are told by whoever asked.
      queueMicrotask(() => tellPending(txid));
    }
  });
  sink.onClose(stop);
  return tellPending;
}

function toClosed(engine: LndEngine, channelPoint: string, txid: string): CloseStatusUpdate {
  const channel = engine.store.channels.get(channelPoint);
  const us = channel === undefined ? undefined : ourEnd(channel);
  const localSats = channel === undefined || us === undefined ? 0n : channel.balancesMsat[us] / 1_000n;
  return CloseStatusUpdate.fromPartial({
    update: {
      $case: "chanClose",
      value: {
        closingTxid: toTxidBytes(txid),
        success: true,
        localCloseOutput: { amountSat: localSats, isLocal: true },
      },
    },
  });
}

/** No backlog: list the channels after subscribing. */
export function subscribeChannelEvents(engine: LndEngine, sink: StreamSink<ChannelEventUpdate>): void {
  const stop = engine.events.listen((event) => {
    if (event.kind !== "channel") return;
    const update = toUpdate(engine, event);
    if (update !== undefined) sink.event(update);
  });
  sink.onClose(stop);
}

function toUpdate(
  engine: LndEngine,
  { change, channelPoint }: Extract<LndEvent, { kind: "channel" }>,
): ChannelEventUpdate | undefined {
  const channel = engine.store.channels.get(channelPoint);
  const us = channel === undefined ? undefined : ourEnd(channel);
  if (channel === undefined || us === undefined) return undefined;
  const point = toWireChannelPoint(channelPoint);
  const { txid, vout } = splitOutpoint(channelPoint);
  switch (change) {
    case "pending_open": {
      const value = PendingUpdate.fromPartial({ txid: toTxidBytes(txid), outputIndex: vout });
      return { type: UpdateType.PENDING_OPEN_CHANNEL, channel: { $case: "pendingOpenChannel", value } };
    }
    case "open": {
      const value = toWireChannel(engine, channel, us);
      return { type: UpdateType.OPEN_CHANNEL, channel: { $case: "openChannel", value } };
    }
    case "active":
      return { type: UpdateType.ACTIVE_CHANNEL, channel: { $case: "activeChannel", value: point } };
    case "inactive":
    case "waiting_close":
      return { type: UpdateType.INACTIVE_CHANNEL, channel: { $case: "inactiveChannel", value: point } };
    case "force_closing": {
      const value = toCloseSummary(engine, channel, us);
      return { type: UpdateType.CLOSED_CHANNEL, channel: { $case: "closedChannel", value } };
    }
    case "closed": {
      // A forced close was told as closed when its transaction confirmed; this is its end.
      if (channel.closing?.isForced === true) {
        return { type: UpdateType.FULLY_RESOLVED_CHANNEL, channel: { $case: "fullyResolvedChannel", value: point } };
      }
      const value = toCloseSummary(engine, channel, us);
      return { type: UpdateType.CLOSED_CHANNEL, channel: { $case: "closedChannel", value } };
    }
  }
}
