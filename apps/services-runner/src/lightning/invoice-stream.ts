import type { InvoiceCursor, LightningInvoice, LightningNode } from "@arkrelay/core/ports/lightning-node";
import type { Transactions, Tx } from "@arkrelay/core/ports/transactions";
import type { Wake, Waker } from "@arkrelay/core/ports/waker";
import type { DrizzleStreamCursorStore } from "@arkrelay/db/stores/stream-cursor-store";
import type { Logger } from "@arkrelay/runtime/logger";

/** Row of stream_cursors; the cursor is `add:settle`. */
export const INVOICE_STREAM = "lnd:invoices";

const PAGE_SIZE = 200;

export interface InvoiceStreamDeps {
  readonly node: Pick<LightningNode, "listInvoices" | "subscribeInvoices">;
  readonly cursors: Pick<DrizzleStreamCursorStore, "find" | "save">;
  readonly transactions: Transactions;
  readonly waker: Waker;
  /** Takes one invoice in; harmless when it is told twice. */
  readonly note: (tx: Tx, invoice: LightningInvoice) => Promise<readonly Wake[]>;
  /** lnd's sequences are behind what we took in: everything open is looked up again. */
  readonly onRegression: () => Promise<void>;
  readonly log: Logger;
}

/**
 * lnd's one stream of added and settled invoices. Cursor and effect commit together, so an event whose effect failed is read again,
 * and nothing is read past it. Event 1 of a sequence can never be replayed by a subscription, therefore every (re)connect first pages
 * through ListInvoices. The sequences may restart (an emptied or migrated lnd): that is detected, told and reconciled.
 */
export class InvoiceStream {
  private cursor: InvoiceCursor = { addIndex: 0n, settleIndex: 0n };
  private open = false;
  private regressed = 0;

  constructor(private readonly deps: InvoiceStreamDeps) {}

  get isOpen(): boolean {
    return this.open;
  }

  get position(): InvoiceCursor {
    return this.cursor;
  }

  get regressions(): number {
    return this.regressed;
  }

  /** One stretch: from the stored cursor to the end of the stream. */
  async run(leaseToken: number, signal: AbortSignal): Promise<void> {
    const stored = await this.deps.cursors.find(INVOICE_STREAM);
    this.cursor = parseCursor(stored);
    await this.checkTop(leaseToken);
    await this.backfill(leaseToken, signal);
    this.open = true;
    try {
      for await (const invoice of this.deps.node.subscribeInvoices(this.cursor, signal)) {
        await this.take(invoice, leaseToken);
      }
    } finally {
      this.open = false;
    }
  }

  /** A node that was emptied or restored counts from 1 again: our cursor would hide all that comes. */
  private async checkTop(leaseToken: number): Promise<void> {
    if (this.cursor.addIndex === 0n) return;
    const before = this.cursor.addIndex - 1n;
    const rest = await this.deps.node.listInvoices({ afterAddIndex: before, limit: 1 });
    if (rest.length > 0) return;
    await this.startOver(leaseToken, "lnd has no invoice at or after our cursor");
  }

  private async backfill(leaseToken: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const page = await this.deps.node.listInvoices({ afterAddIndex: this.cursor.addIndex, limit: PAGE_SIZE });
      for (const invoice of page) await this.take(invoice, leaseToken);
      if (page.length < PAGE_SIZE) return;
    }
  }

  private async take(invoice: LightningInvoice, leaseToken: number): Promise<void> {
    const before = this.cursor;
    let next = before;
    const wakes = await this.deps.transactions.run(async (tx) => {
      const woken = await this.deps.note(tx, invoice);
      next = this.advance(before, invoice, woken.length > 0);
      await this.deps.cursors.save(tx, INVOICE_STREAM, formatCursor(next), leaseToken);
      return woken;
    });
    this.cursor = next;
    await this.deps.waker.wake(wakes);
    if (next.settleIndex < before.settleIndex)
      await this.tellRegression("a new settlement has an index we passed", before);
  }

  /**
   * An invoice that was added while we were away comes in its present state, maybe settled, before older ones whose settlement we
   * have not heard of: only what we knew already moves the settle cursor. An index behind ours on a lift that is still open is no
   * repeat: the sequence has started anew, and the cursor goes back with it.
   */
  private advance(before: InvoiceCursor, invoice: LightningInvoice, isNews: boolean): InvoiceCursor {
    if (invoice.addIndex > before.addIndex) return { ...before, addIndex: invoice.addIndex };
    if (invoice.state !== "settled") return before;
    const isBehind = invoice.settleIndex < before.settleIndex;
    return isBehind && !isNews ? before : { ...before, settleIndex: invoice.settleIndex };
  }

  private async startOver(leaseToken: number, reason: string): Promise<void> {
    const before = this.cursor;
    this.cursor = { addIndex: 0n, settleIndex: 0n };
    await this.deps.transactions.run((tx) =>
      this.deps.cursors.save(tx, INVOICE_STREAM, formatCursor(this.cursor), leaseToken),
    );
    await this.tellRegression(reason, before);
  }

  private async tellRegression(reason: string, before: InvoiceCursor): Promise<void> {
    this.regressed += 1;
    this.deps.log.error("a sequence of lnd has started anew; all open lifts are looked up", {
      reason,
      cursor: formatCursor(before),
    });
    await this.deps.onRegression();
  }
}

export function formatCursor({ addIndex, settleIndex }: InvoiceCursor): string {
  return `${addIndex}:${settleIndex}`;
}

export function parseCursor(stored: string | undefined): InvoiceCursor {
  const [addIndex = "0", settleIndex = "0"] = (stored ?? "0:0").split(":");
  return { addIndex: BigInt(addIndex), settleIndex: BigInt(settleIndex) };
}
