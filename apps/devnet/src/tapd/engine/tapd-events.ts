import type { MintBatch, Quote, Receive, Transfer } from "./rows";

/** Go's names of a transfer's states, which the stream sends as text. */
export const SEND_STATES = [
  "SendStateStartHandleAddrParcel",
  "SendStateVirtualCommitmentSelect",
  "SendStateVirtualSign",
  "SendStateAnchorSign",
  "SendStateVerifyPreBroadcast",
  "SendStateStorePreBroadcast",
  "SendStateBroadcast",
  "SendStateWaitTxConf",
  "SendStateStorePostAnchorTxConf",
  "SendStateTransferProofs",
  "SendStateComplete",
] as const;
export type SendState = (typeof SEND_STATES)[number];

/** What has just happened, with the new row. `atMs` is the virtual time. */
export type TapdEvent =
  | {
      readonly kind: "send";
      readonly atMs: number;
      readonly transfer: Transfer;
      readonly executed: SendState;
      readonly next: SendState;
      readonly error: string;
    }
  | { readonly kind: "receive"; readonly atMs: number; readonly receive: Receive }
  | { readonly kind: "mint"; readonly atMs: number; readonly batch: MintBatch; readonly error: string }
  | { readonly kind: "quote"; readonly atMs: number; readonly quote: Quote };

/** A set of listeners. What they throw reaches whoever caused the event: a simulator must not hide its own bugs. */
export class TapdEvents {
  readonly #listeners = new Set<(event: TapdEvent) => void>();

  /** Returns the function that removes the listener. */
  listen(listener: (event: TapdEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(event: TapdEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
