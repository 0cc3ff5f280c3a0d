import { type ForwardingHistoryRequest, ForwardingHistoryResponse } from "@arkrelay/daemons/proto/lnrpc/lightning";

import type { LndEngine } from "../engine/lnd-engine";

const PAGE_DEFAULT = 100;
const DAY_SECONDS = 86_400n;
const NS_PER_SECOND = 1_000_000_000n;

/** Without any time lnd answers the last day; a start alone means until now. */
export function forwardingHistory(engine: LndEngine, request: ForwardingHistoryRequest): ForwardingHistoryResponse {
  const { startTime, endTime, indexOffset, numMaxEvents } = request;
  const now = BigInt(engine.context.clock.nowSeconds());
  const isUnbounded = startTime === 0n && endTime === 0n;
  const fromNs = (isUnbounded ? now - DAY_SECONDS : startTime) * NS_PER_SECOND;
  const toNs = (endTime === 0n ? now + 1n : endTime) * NS_PER_SECOND;
  const all = [...engine.store.forwards.values()].filter(
    ({ settledAtNs }) => settledAtNs >= fromNs && settledAtNs <= toNs,
  );
  const page = all.slice(indexOffset, indexOffset + (numMaxEvents || PAGE_DEFAULT));
  return ForwardingHistoryResponse.fromPartial({
    forwardingEvents: page.map(({ settledAtNs, inChanId, outChanId, inMsat, outMsat }) => ({
      chanIdIn: inChanId,
      chanIdOut: outChanId,
      feeMsat: inMsat - outMsat,
      amtInMsat: inMsat,
      amtOutMsat: outMsat,
      timestampNs: settledAtNs,
    })),
    lastOffsetIndex: indexOffset + page.length,
  });
}
