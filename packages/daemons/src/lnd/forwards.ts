import { assert } from "@arkrelay/core/errors";
import type { ForwardsPage, LightningForward } from "@arkrelay/core/ports/lightning-node";

import { ForwardingHistoryRequest, type ForwardingHistoryResponse } from "../gen/lnrpc/lightning";
import { PAGE_SIZE_MAX } from "../page-size";
import type { LndCalls } from "./lnd-clients";

/** What lnd forwarded for others. A start alone makes lnd answer up to now. */
export async function listForwards(calls: LndCalls, page: ForwardsPage): Promise<readonly LightningForward[]> {
  assert(page.limit > 0 && page.limit <= PAGE_SIZE_MAX, "a page of forwards has at most 200");
  const request = ForwardingHistoryRequest.fromPartial({
    // Without any time lnd answers the last day only.
    startTime: BigInt(Math.max(1, Math.floor(page.since.getTime() / 1000))),
    indexOffset: page.offset,
    numMaxEvents: page.limit,
  });
  const { forwardingEvents } = await calls.read<ForwardingHistoryResponse>(
    "ForwardingHistory",
    ({ lightning }, ...rest) => lightning.forwardingHistory(request, ...rest),
  );
  return forwardingEvents.map(({ timestampNs, chanIdIn, chanIdOut, feeMsat }) => ({
    settledAtNs: timestampNs,
    inChanId: chanIdIn,
    outChanId: chanIdOut,
    feeMsat,
  }));
}
