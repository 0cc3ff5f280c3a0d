import { noteInvoiceState } from "@arkrelay/core/lightning/note-invoice-state";
import type { InvoiceCursor, LightningInvoice } from "@arkrelay/core/ports/lightning-node";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import { Crash } from "./crash";
import type { LandWorld } from "./land-world";

/**
 * The listener of lnd's invoices as the services-runner has it: cursor and effect of an event commit together. Whatever was told once
 * may be told again later, when it is old.
 */
export function createInvoiceFeed({ database }: TestDatabase, { lightning, deps }: LandWorld) {
  let cursor: InvoiceCursor = { addIndex: 0n, settleIndex: 0n };
  const told: LightningInvoice[] = [];
  const note = async (invoice: LightningInvoice, dies = false): Promise<void> => {
    told.push(invoice);
    await database.transactions.run(async (tx) => {
      await noteInvoiceState(deps, tx, invoice);
      if (dies) throw new Crash();
    });
  };
  const advance = ({ addIndex, settleIndex, state }: LightningInvoice): void => {
    if (addIndex > cursor.addIndex) cursor = { ...cursor, addIndex };
    else if (state === "settled" && settleIndex > cursor.settleIndex) cursor = { ...cursor, settleIndex };
  };
  return {
    /** A stretch of the stream that is cut after some events; the listener may die with the last of them. */
    listen: async (events: number, dies: boolean): Promise<void> => {
      let left = events;
      for await (const invoice of lightning.subscribeInvoices(cursor)) {
        await note(invoice, dies && left === 1);
        advance(invoice);
        if (--left === 0) return;
      }
    },
    /** The look of a poll, or of the invoice's own stream. */
    hear: async (paymentHash: string): Promise<void> => {
      const invoice = await lightning.lookupInvoice(paymentHash);
      if (invoice !== undefined) await note(invoice);
    },
    /** An event comes once more, however old. */
    repeat: async (index: number): Promise<void> => {
      const invoice = told[index % Math.max(told.length, 1)];
      if (invoice !== undefined) await note(invoice);
    },
  };
}

export type InvoiceFeed = ReturnType<typeof createInvoiceFeed>;
