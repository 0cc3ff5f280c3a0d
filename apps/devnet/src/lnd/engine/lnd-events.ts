import type { Invoice } from "./invoice";
import type { Payment } from "./payment";

/** What has just happened, with the new state. */
export type LndEvent =
  /** An invoice was added, accepted, settled or canceled, or one of its HTLCs changed. */
  | { readonly kind: "invoice"; readonly change: "added" | "htlc" | "state"; readonly invoice: Invoice }
  | { readonly kind: "payment"; readonly payment: Payment }
  | { readonly kind: "channel"; readonly change: ChannelChange; readonly channelPoint: string }
  | { readonly kind: "transaction"; readonly change: "published" | "confirmed" | "reorged_out"; readonly txid: string }
  /** The settings changed, for instance how far the wallet is open. */
  | { readonly kind: "settings" }
  /** A new tip. After a reorg the height may be the same or lower. */
  | { readonly kind: "block"; readonly height: number };

export type ChannelChange =
  | "pending_open"
  | "open"
  | "active"
  | "inactive"
  | "waiting_close"
  | "force_closing"
  | "closed";

/** A set of listeners. What they throw reaches whoever caused the event: a simulator must not hide its own bugs. */
export class LndEvents {
  readonly #listeners = new Set<(event: LndEvent) => void>();

  /** Returns the function that removes the listener. */
  listen(listener: (event: LndEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(event: LndEvent): void {
    // A set bears that a listener ends itself; one that starts another one shows it this event as well.
    for (const listener of this.#listeners) listener(event);
  }
}
