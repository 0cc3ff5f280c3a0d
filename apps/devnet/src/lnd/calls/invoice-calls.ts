import type {
  AddHoldInvoiceRequest,
  AddHoldInvoiceResp,
  CancelInvoiceMsg,
  CancelInvoiceResp,
  LookupInvoiceMsg,
  SettleInvoiceMsg,
  SettleInvoiceResp,
} from "@arkrelay/daemons/proto/invoicesrpc/invoices";
import type {
  AddInvoiceResponse,
  Invoice as WireInvoice,
  ListInvoiceRequest,
  ListInvoiceResponse,
  PaymentHash,
} from "@arkrelay/daemons/proto/lnrpc/lightning";

import type { Invoice } from "../engine/invoice";
import type { LndEngine } from "../engine/lnd-engine";
import { LndError } from "../engine/lnd-error";
import { isAtLeast } from "../engine/lnd-settings";
import { paginateByIndex } from "./paginate-by-index";
import { fromHex, readMsat } from "./wire-bytes";
import { fromWireRouteHint, toWireInvoice } from "./wire-invoice";

const PAGE_DEFAULT = 100n;
const HASH_BYTES = 32;

export function addInvoice(engine: LndEngine, request: WireInvoice): AddInvoiceResponse {
  const { rPreimage } = request;
  if (rPreimage.length !== 0 && rPreimage.length !== HASH_BYTES) {
    throw new LndError(`invalid preimage length of ${rPreimage.length}, want ${HASH_BYTES}`);
  }
  const invoice = engine.addInvoice({
    ...commonFields(request),
    ...(rPreimage.length === 0 ? {} : { preimage: rPreimage.toString("hex") }),
  });
  return {
    rHash: fromHex(invoice.paymentHash),
    paymentRequest: invoice.paymentRequest,
    addIndex: invoice.addIndex,
    paymentAddr: fromHex(invoice.paymentAddr),
  };
}

export function addHoldInvoice(engine: LndEngine, request: AddHoldInvoiceRequest): AddHoldInvoiceResp {
  const invoice = engine.addInvoice({ ...commonFields(request), paymentHash: readHash(request.hash) });
  return {
    paymentRequest: invoice.paymentRequest,
    addIndex: invoice.addIndex,
    paymentAddr: fromHex(invoice.paymentAddr),
  };
}

/** What normal and hold invoices are asked for alike. */
function commonFields(request: Omit<AddHoldInvoiceRequest, "hash">) {
  return {
    valueMsat: readMsat(request.value, request.valueMsat),
    memo: request.memo,
    descriptionHash: request.descriptionHash.toString("hex"),
    fallbackAddr: request.fallbackAddr,
    expirySeconds: Number(request.expiry),
    cltvExpiry: Number(request.cltvExpiry),
    isPrivate: request.private,
    routeHints: request.routeHints.map(fromWireRouteHint),
  };
}

export function settleInvoice(engine: LndEngine, { preimage }: SettleInvoiceMsg): SettleInvoiceResp {
  if (preimage.length !== HASH_BYTES) throw new LndError(`invalid preimage length of ${preimage.length}, want 32`);
  engine.settleInvoice(preimage.toString("hex"));
  return {};
}

export function cancelInvoice(engine: LndEngine, { paymentHash }: CancelInvoiceMsg): CancelInvoiceResp {
  engine.cancelInvoice(readHash(paymentHash));
  return {};
}

export function lookupInvoice(engine: LndEngine, { rHash, rHashStr }: PaymentHash): WireInvoice {
  const hash = rHashStr === "" ? rHash : fromHex(rHashStr);
  if (hash.length !== HASH_BYTES) throw new LndError("payment hash must be exactly 32 bytes");
  const invoice = engine.findInvoice(hash.toString("hex"));
  if (invoice !== undefined) return toWireInvoice(invoice);
  if (engine.store.invoices("node").size > 0) throw new LndError("unable to locate invoice", "NOT_FOUND");
  const status = isAtLeast(engine.store.settings, "0.20") ? "NOT_FOUND" : "UNKNOWN";
  throw new LndError("there are no existing invoices", status);
}

export function lookupInvoiceV2(engine: LndEngine, { invoiceRef }: LookupInvoiceMsg): WireInvoice {
  const invoice = findByRef(engine, invoiceRef);
  if (invoice === undefined) throw new LndError("unable to locate invoice", "NOT_FOUND");
  return toWireInvoice(invoice);
}

function findByRef(engine: LndEngine, ref: LookupInvoiceMsg["invoiceRef"]): Invoice | undefined {
  switch (ref?.$case) {
    case "paymentHash":
      if (ref.value.length !== HASH_BYTES) {
        throw new LndError(`invalid hash length of ${ref.value.length}, want ${HASH_BYTES}`, "INVALID_ARGUMENT");
      }
      return engine.findInvoice(ref.value.toString("hex"));
    case "paymentAddr": {
      const paymentAddr = ref.value.toString("hex");
      return [...engine.store.invoices("node").values()].find((invoice) => invoice.paymentAddr === paymentAddr);
    }
    // No AMP invoices here, so no set can be found.
    case "setId":
      return undefined;
    case undefined:
      throw new LndError("invoice ref must be set", "INVALID_ARGUMENT");
  }
}

export function listInvoices(engine: LndEngine, request: ListInvoiceRequest): ListInvoiceResponse {
  const { creationDateStart: start, creationDateEnd: end } = request;
  if (end !== 0n && start >= end) throw new LndError(`start date(${start}) must be before end date(${end})`);
  const invoices = [...engine.store.invoices("node").values()].filter(
    (invoice) =>
      (!request.pendingOnly || invoice.state === "open" || invoice.state === "accepted") &&
      BigInt(invoice.createdAt) >= start &&
      (end === 0n || BigInt(invoice.createdAt) <= end),
  );
  const page = paginateByIndex(invoices, ({ addIndex }) => addIndex, {
    offset: request.indexOffset,
    max: request.numMaxInvoices === 0n ? PAGE_DEFAULT : request.numMaxInvoices,
    isReversed: request.reversed,
  });
  return {
    invoices: page.items.map(toWireInvoice),
    firstIndexOffset: page.firstIndex,
    lastIndexOffset: page.lastIndex,
  };
}

export function readHash(bytes: Buffer): string {
  if (bytes.length !== HASH_BYTES) throw new LndError(`invalid hash length of ${bytes.length}, want ${HASH_BYTES}`);
  return bytes.toString("hex");
}
