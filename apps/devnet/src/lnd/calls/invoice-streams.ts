import type { SubscribeSingleInvoiceRequest } from "@arkrelay/daemons/proto/invoicesrpc/invoices";
import type { Invoice as WireInvoice, InvoiceSubscription } from "@arkrelay/daemons/proto/lnrpc/lightning";

import type { StreamSink } from "../../grpc/daemon-call";
import type { Invoice } from "../engine/invoice";
import type { LndEngine } from "../engine/lnd-engine";
import { readHash } from "./invoice-calls";
import { toWireInvoice } from "./wire-invoice";

/**
 * First what was added and what was settled after the given indexes, then live events. An index of 0 asks for no backlog, so the very
 * first event can never be replayed. Accepted and canceled invoices are never told here, not even in the backlog.
 */
export function subscribeInvoices(
  engine: LndEngine,
  request: InvoiceSubscription,
  sink: StreamSink<WireInvoice>,
): void {
  const invoices = [...engine.store.invoices("node").values()];
  const added = request.addIndex === 0n ? [] : invoices.filter(({ addIndex }) => addIndex > request.addIndex);
  const settled =
    request.settleIndex === 0n
      ? []
      : invoices
          .filter(({ state, settleIndex }) => state === "settled" && settleIndex > request.settleIndex)
          .toSorted((left, right) => (left.settleIndex < right.settleIndex ? -1 : 1));
  for (const invoice of [...added, ...settled]) if (isTold(invoice)) sink.event(toWireInvoice(invoice));
  const stop = engine.events.listen((event) => {
    if (event.kind !== "invoice" || event.change === "htlc" || !isTold(event.invoice)) return;
    sink.event(toWireInvoice(event.invoice));
  });
  sink.onClose(stop);
}

function isTold({ state }: Invoice): boolean {
  return state === "open" || state === "settled";
}

/** The current state at once, then every change, until the invoice is settled or canceled. An unknown hash just waits. */
export function subscribeSingleInvoice(
  engine: LndEngine,
  request: SubscribeSingleInvoiceRequest,
  sink: StreamSink<WireInvoice>,
): void {
  const hash = readHash(request.rHash);
  const tell = (invoice: Invoice): void => {
    sink.event(toWireInvoice(invoice));
    if (invoice.state === "settled" || invoice.state === "canceled") sink.end();
  };
  const stop = engine.events.listen((event) => {
    if (event.kind === "invoice" && event.invoice.paymentHash === hash) tell(event.invoice);
  });
  sink.onClose(stop);
  const current = engine.findInvoice(hash);
  if (current !== undefined) tell(current);
}
