import type { MintEvent, SubscribeMintEventsRequest } from "@arkrelay/daemons/proto/mintrpc/mint";
import type { RfqEvent } from "@arkrelay/daemons/proto/rfqrpc/rfq";
import {
  ParcelType,
  type ReceiveEvent,
  type SendEvent,
  type SubscribeReceiveEventsRequest,
  type SubscribeSendEventsRequest,
} from "@arkrelay/daemons/proto/taprpc/taprootassets";

import type { StreamSink } from "../../grpc/daemon-call";
import type { Transfer } from "../engine/rows";
import type { TapdEngine } from "../engine/tapd-engine";
import { TapdError } from "../engine/tapd-error";
import type { TapdEvent } from "../engine/tapd-events";
import { readPubkey } from "./read-request";
import { WIRE_BATCH_STATES, toWireBatch } from "./wire-batch";
import { toWireBuyQuote, toWireSellQuote } from "./wire-quote";
import { RECEIVE_STATUS, toWireAddr, toWireTransfer } from "./wire-transfer";

/** Event times of tapd are microseconds. */
function micros(ms: number): bigint {
  return BigInt(ms) * 1000n;
}

/** `start_timestamp` is accepted and ignored: tapd registers without a backlog (v0.6.1 to 0.8.1). */
export function subscribeReceiveEvents(
  engine: TapdEngine,
  { filterAddr }: SubscribeReceiveEventsRequest,
  sink: StreamSink<ReceiveEvent>,
): void {
  if (filterAddr !== "") {
    try {
      engine.addresses.decode(filterAddr);
    } catch (error) {
      throw new TapdError(`error decoding address: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const stop = engine.events.listen((event) => {
    if (event.kind !== "receive") return;
    const { receive, atMs } = event;
    if (filterAddr !== "" && receive.encodedAddr !== filterAddr) return;
    sink.event({
      timestamp: micros(atMs),
      address: toWireAddr(engine.addresses.decode(receive.encodedAddr)),
      outpoint: receive.outpoint,
      status: RECEIVE_STATUS[receive.status],
      confirmationHeight: receive.height,
      error: "",
    });
  });
  sink.onClose(stop);
}

/** With a start time completed transfers come first, without their intermediate states; then what happens from now on. */
export function subscribeSendEvents(
  engine: TapdEngine,
  request: SubscribeSendEventsRequest,
  sink: StreamSink<SendEvent>,
): void {
  const { filterScriptKey, filterLabel, startTimestamp } = request;
  const scriptKey = filterScriptKey.length === 0 ? "" : readPubkey(filterScriptKey, "error parsing script key");
  const isWanted = (transfer: Transfer): boolean =>
    (filterLabel === "" || transfer.label === filterLabel) &&
    (scriptKey === "" || transfer.outputs.some((output) => output.scriptKey === scriptKey));
  if (startTimestamp > micros(engine.nowMs())) throw new TapdError("start_timestamp cannot be in the future");
  if (startTimestamp > 0n) {
    const completed = engine.porter
      .list()
      .filter((transfer) => transfer.completedAtMs > 0 && micros(transfer.createdAtMs) >= startTimestamp)
      .filter(isWanted);
    for (const transfer of completed) {
      sink.event(
        toSendEvent(engine, {
          kind: "send",
          atMs: transfer.createdAtMs,
          transfer,
          executed: "SendStateComplete",
          next: "SendStateComplete",
          error: "",
        }),
      );
    }
  }
  const stop = engine.events.listen((event) => {
    if (event.kind === "send" && isWanted(event.transfer)) sink.event(toSendEvent(engine, event));
  });
  sink.onClose(stop);
}

/** Live only. */
export function subscribeMintEvents(
  engine: TapdEngine,
  _request: SubscribeMintEventsRequest,
  sink: StreamSink<MintEvent>,
): void {
  const stop = engine.events.listen((event) => {
    if (event.kind !== "mint") return;
    sink.event({
      timestamp: micros(event.atMs),
      batchState: WIRE_BATCH_STATES[event.batch.state],
      batch: toWireBatch(engine, event.batch),
      error: event.error,
    });
  });
  sink.onClose(stop);
}

/** Live only. Acceptances of HTLCs are the edge node's events, so none come here. */
export function subscribeRfqEvents(engine: TapdEngine, sink: StreamSink<RfqEvent>): void {
  const stop = engine.events.listen((event) => {
    if (event.kind !== "quote") return;
    const { quote } = event;
    const timestamp = micros(event.atMs);
    sink.event({
      event:
        quote.kind === "buy"
          ? {
              $case: "peerAcceptedBuyQuote",
              value: { timestamp, peerAcceptedBuyQuote: toWireBuyQuote(engine, quote) },
            }
          : {
              $case: "peerAcceptedSellQuote",
              value: { timestamp, peerAcceptedSellQuote: toWireSellQuote(quote) },
            },
    });
  });
  sink.onClose(stop);
}

function toSendEvent(engine: TapdEngine, event: Extract<TapdEvent, { kind: "send" }>): SendEvent {
  const { transfer } = event;
  const isBurn = transfer.outputs.every(({ tapAddr }) => tapAddr === "");
  return {
    timestamp: micros(event.atMs),
    sendState: event.executed,
    parcelType: isBurn ? ParcelType.PARCEL_TYPE_PRE_SIGNED : ParcelType.PARCEL_TYPE_ADDRESS,
    addresses: transfer.outputs.flatMap(({ tapAddr }) =>
      tapAddr === "" ? [] : [toWireAddr(engine.addresses.decode(tapAddr))],
    ),
    virtualPackets: [],
    passiveVirtualPackets: [],
    anchorTransaction: undefined,
    transfer: toWireTransfer(engine, transfer),
    error: event.error,
    transferLabel: transfer.label,
    nextSendState: event.next,
  };
}
