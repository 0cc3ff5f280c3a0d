import type { ErrorCode } from "../errors";
import type { NostrEvent } from "./nostr";
import type { Tx } from "./transactions";
import type { Wake } from "./waker";

/** An event of somebody else as we keep it. */
export interface StoredNostrEvent {
  readonly event: NostrEvent;
  /** Relay that delivered it first. */
  readonly relay: string | undefined;
  /** When it came; its created_at is the author's word. */
  readonly receivedAt: Date;
  readonly status: "received" | "processed" | "refused" | "failed";
  /** Set at the door (`rate_limited`: only the notice is due) or by what refused it. */
  readonly errorCode: ErrorCode | undefined;
}

export interface NewNostrEvent {
  readonly event: NostrEvent;
  readonly relay: string | undefined;
  /** `rate_limited` = the author is to be told, nothing else happens to the event. */
  readonly errorCode: "rate_limited" | undefined;
}

export interface NostrEventStore {
  /**
   * Stores a verified event before anything is done about it, once for ever whatever relays bring it, and makes its row
   * runnable for nostr_process in the same transaction. Undefined = it was here before.
   */
  insert(tx: Tx, event: NewNostrEvent): Promise<Wake | undefined>;
  find(tx: Tx | undefined, eventId: string): Promise<StoredNostrEvent | undefined>;
  /**
   * Makes the event the accepted one of its request, in the transaction of what the request does. Returns the id of the event that is
   * the accepted one: another id = it came first; `isNew` = by this call.
   */
  claimRequest(
    tx: Tx,
    eventId: string,
    requestKey: string,
  ): Promise<{ readonly eventId: string; readonly isNew: boolean }>;
  /**
   * The outcome: processed, or refused with a code. A processed intent becomes the accepted event of its request, unless another
   * one was before: a replay is processed too, and the first stays. A claimed request key stays as well.
   */
  close(tx: Tx, event: NostrEvent, errorCode: ErrorCode | undefined): Promise<void>;
}

export interface RelayRow {
  readonly url: string;
  readonly lastCreatedAt: Date | undefined;
  readonly lastConnectedAt: Date | undefined;
  readonly lastError: string | undefined;
}

export interface NostrRelayStore {
  find(url: string): Promise<RelayRow | undefined>;
  list(): Promise<readonly RelayRow[]>;
  /** Everything the relay had up to then is stored. Never moves back, so a former leader's late write does no harm. */
  raiseCursor(url: string, createdAt: Date): Promise<void>;
  noteConnected(url: string): Promise<void>;
  noteError(url: string, error: string): Promise<void>;
}

/** One event on its way to one relay. */
export interface OutboxRow {
  readonly id: bigint;
  readonly event: NostrEvent;
  readonly relay: string;
  readonly attempts: number;
  /** When it was put into the outbox. */
  readonly createdAt: Date;
}

/** What became of an attempt to send a row. */
export type OutboxResult =
  | { readonly kind: "done" }
  /** Given up for this relay: it refuses the event for good, or did not take it for a day. */
  | { readonly kind: "parked"; readonly error: string }
  /** Its own time (NIP-40) passed before the relay took it: nobody reads it any more, and relays refuse it. No trouble of anybody's. */
  | { readonly kind: "expired"; readonly error: string }
  | { readonly kind: "retry"; readonly delayMs: number; readonly error: string };

/** The relayer's side of the outbox; what writes into it uses the NostrOutbox port. */
export interface OutboxQueue {
  /** Rows of one relay that are due, oldest first. Events of ours with a newer one of the same `d` are closed as superseded instead. */
  listDue(relay: string, limit: number): Promise<readonly OutboxRow[]>;
  record(row: OutboxRow, result: OutboxResult): Promise<void>;
  /** Relays that acknowledged the event. "Published" means at least MIN_RELAY_ACKS of them. */
  countAcks(eventId: string): Promise<number>;
  /** Age of the oldest pending row over all relays, in seconds; undefined when none waits. */
  findOldestPendingSeconds(): Promise<number | undefined>;
}
