import type { ConfirmationQuery } from "@arkrelay/core/ports/lightning-node";

import { type ConfEvent, ConfRequest } from "../gen/chainrpc/chainnotifier";
import { fromHex, fromTxid } from "../wire-bytes";
import type { LndCalls } from "./lnd-clients";

/** lnd answers at once what is confirmed already, but a light client may have to search blocks for it. */
const WAIT_MS = 5_000;

/**
 * Height of the block that holds a transaction with enough confirmations; undefined when it has not got them yet. lnd only tells of
 * what is confirmed, so no answer for a while means that it is not. Any transaction can be asked for, not only the wallet's.
 */
export async function findConfirmation(
  calls: LndCalls,
  { txid, script, confirmations, heightHint }: ConfirmationQuery,
): Promise<number | undefined> {
  const request = ConfRequest.fromPartial({
    txid: fromTxid(txid),
    script: fromHex(script),
    numConfs: confirmations,
    heightHint,
  });
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), WAIT_MS);
  try {
    const events = calls.stream<ConfEvent>(
      "RegisterConfirmationsNtfn",
      ({ chain }, ...rest) => chain.registerConfirmationsNtfn(request, ...rest),
      { signal: patience.signal, timeoutMs: WAIT_MS + 1_000 },
    );
    for await (const { event } of events) if (event?.$case === "conf") return event.value.blockHeight;
    return undefined;
  } finally {
    clearTimeout(timer);
    patience.abort();
  }
}
