import { AppError, assert } from "@arkrelay/core/errors";
import type {
  AddHoldInvoiceRequest,
  AddInvoiceRequest,
  InvoiceCursor,
  LightningInvoice,
  ListInvoicesPage,
} from "@arkrelay/core/ports/lightning-node";

import {
  AddHoldInvoiceRequest as WireAddHoldInvoiceRequest,
  type AddHoldInvoiceResp,
  type CancelInvoiceResp,
  type SettleInvoiceResp,
} from "../gen/invoicesrpc/invoices";
import { type AddInvoiceResponse, Invoice, ListInvoiceRequest, type ListInvoiceResponse } from "../gen/lnrpc/lightning";
import { PAGE_SIZE_MAX } from "../page-size";
import { toPaymentHash } from "../payment-hash";
import { rejectionName } from "../rejection-name";
import { fromHex } from "../wire-bytes";
import type { LndCalls } from "./lnd-clients";
import { toLightningInvoice } from "./to-invoice";

const ROLE = { role: "invoice" } as const;

/** Invoices of lnd, normal and hold. */
export class LndInvoices {
  constructor(private readonly calls: LndCalls) {}

  async add(request: AddInvoiceRequest): Promise<LightningInvoice> {
    const rPreimage = fromHex(request.preimage);
    assert(rPreimage.length === 32, "a preimage has 32 bytes");
    const wire = Invoice.fromPartial({
      rPreimage,
      valueMsat: request.valueMsat,
      memo: request.memo,
      expiry: BigInt(request.expirySeconds),
      private: request.isPrivate ?? false,
    });
    await unlessExists(
      this.calls.write<AddInvoiceResponse>(
        "AddInvoice",
        ({ lightning }, ...rest) => lightning.addInvoice(wire, ...rest),
        ROLE,
      ),
    );
    return this.findAdded(toPaymentHash(request.preimage));
  }

  async addHold(request: AddHoldInvoiceRequest): Promise<LightningInvoice> {
    const hash = fromHex(request.paymentHash);
    assert(hash.length === 32, "a payment hash has 32 bytes");
    const wire = WireAddHoldInvoiceRequest.fromPartial({
      hash,
      valueMsat: request.valueMsat,
      memo: request.memo,
      expiry: BigInt(request.expirySeconds),
      cltvExpiry: BigInt(request.cltvExpiry),
      private: request.isPrivate ?? false,
    });
    await unlessExists(
      this.calls.write<AddHoldInvoiceResp>(
        "AddHoldInvoice",
        ({ invoices }, ...rest) => invoices.addHoldInvoice(wire, ...rest),
        ROLE,
      ),
    );
    return this.findAdded(request.paymentHash);
  }

  async settle(preimage: string): Promise<void> {
    await this.calls.write<SettleInvoiceResp>(
      "SettleInvoice",
      ({ invoices }, ...rest) => invoices.settleInvoice({ preimage: fromHex(preimage) }, ...rest),
      ROLE,
    );
  }

  async cancel(paymentHash: string): Promise<void> {
    await this.calls.write<CancelInvoiceResp>(
      "CancelInvoice",
      ({ invoices }, ...rest) => invoices.cancelInvoice({ paymentHash: fromHex(paymentHash) }, ...rest),
      ROLE,
    );
  }

  async lookup(paymentHash: string): Promise<LightningInvoice | undefined> {
    const request = { rHashStr: "", rHash: fromHex(paymentHash) };
    try {
      const invoice = await this.calls.read<Invoice>("LookupInvoice", ({ lightning }, ...rest) =>
        lightning.lookupInvoice(request, ...rest),
      );
      return toLightningInvoice(invoice);
    } catch (thrown) {
      if (rejectionName(thrown) === "invoice_unknown") return undefined;
      throw thrown;
    }
  }

  async list({ afterAddIndex, limit, pendingOnly = false }: ListInvoicesPage): Promise<readonly LightningInvoice[]> {
    assert(limit > 0 && limit <= PAGE_SIZE_MAX, "a page of invoices has at most 200");
    const request = ListInvoiceRequest.fromPartial({
      pendingOnly,
      indexOffset: afterAddIndex,
      numMaxInvoices: BigInt(limit),
    });
    const { invoices } = await this.calls.read<ListInvoiceResponse>("ListInvoices", ({ lightning }, ...rest) =>
      lightning.listInvoices(request, ...rest),
    );
    return invoices.map(toLightningInvoice);
  }

  async *subscribe(cursor: InvoiceCursor, signal: AbortSignal): AsyncGenerator<LightningInvoice, void> {
    const request = { addIndex: cursor.addIndex, settleIndex: cursor.settleIndex };
    const invoices = this.calls.stream<Invoice>(
      "SubscribeInvoices",
      ({ lightning }, ...rest) => lightning.subscribeInvoices(request, ...rest),
      { signal },
    );
    for await (const invoice of invoices) yield toLightningInvoice(invoice);
  }

  async *subscribeOne(paymentHash: string, signal: AbortSignal): AsyncGenerator<LightningInvoice, void> {
    const request = { rHash: fromHex(paymentHash) };
    const states = this.calls.stream<Invoice>(
      "SubscribeSingleInvoice",
      ({ invoices }, ...rest) => invoices.subscribeSingleInvoice(request, ...rest),
      { signal },
    );
    for await (const invoice of states) yield toLightningInvoice(invoice);
  }

  /** The invoice is there: whatever keeps us from reading it leaves the caller with an open outcome. */
  private async findAdded(paymentHash: string): Promise<LightningInvoice> {
    let cause: unknown;
    try {
      const invoice = await this.lookup(paymentHash);
      if (invoice !== undefined) return invoice;
    } catch (thrown) {
      cause = thrown;
    }
    throw new AppError("outcome_unknown", { details: { service: "lnd" }, internal: "invoice added, not read", cause });
  }
}

/** An invoice of the same hash is the same invoice: an earlier attempt has made it. */
async function unlessExists(add: Promise<unknown>): Promise<void> {
  try {
    await add;
  } catch (thrown) {
    if (rejectionName(thrown) !== "invoice_exists") throw thrown;
  }
}
