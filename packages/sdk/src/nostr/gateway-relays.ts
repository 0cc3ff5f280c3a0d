import { UnavailableError } from "../errors.js";
import type { NostrEvent } from "../nostr-event.js";
import { verifyEvent } from "../nostr-utils.js";
import { type Filter, RelayConnection, type WebSocketConstructor } from "../relay-connection.js";
import type { Signer } from "../signer.js";

export interface GatewayRelaysOptions {
  readonly signer: Signer;
  readonly gatewayPubkey: string;
  readonly webSocket: WebSocketConstructor;
  /** Relays that must accept an event before it counts as published. */
  readonly minAcks: number;
  readonly publishTimeoutMs: number;
}

/** Several relays as one: an event goes to all of them, and only valid events of the gateway come through. */
export class GatewayRelays {
  readonly #relays: readonly RelayConnection[];
  readonly #options: GatewayRelaysOptions;
  #serial = 0;

  constructor(urls: readonly string[], options: GatewayRelaysOptions) {
    this.#options = options;
    this.#relays = urls.map((url) => new RelayConnection(url, options.webSocket, options.signer));
    for (const relay of this.#relays) relay.start();
  }

  close(): void {
    for (const relay of this.#relays) relay.close();
  }

  /** Resolves when enough relays accepted the event; throws UnavailableError with their answers otherwise. */
  async publish(event: NostrEvent): Promise<void> {
    const { minAcks, publishTimeoutMs } = this.#options;
    const verdicts = this.#relays.map((relay) => relay.publish(event, publishTimeoutMs));
    const needed = Math.min(minAcks, this.#relays.length);
    let accepted = 0;
    const enough = new Promise<void>((resolve) => {
      for (const verdict of verdicts) {
        void verdict.then((answer) => {
          accepted += answer.accepted ? 1 : 0;
          if (accepted >= needed) resolve();
        });
      }
    });
    const all = Promise.all(verdicts);
    await Promise.race([enough, all]);
    if (accepted >= needed) return;
    const detail = (await all).map(({ url, message }) => `${url}: ${message}`).join("; ");
    throw new UnavailableError({
      status: 0,
      code: "network_error",
      detail: `not published: ${detail}`,
      retryable: true,
    });
  }

  /** Returns the way to stop. The filters are asked for anew with every connection. */
  subscribe(filters: () => readonly Filter[], onEvent: (event: NostrEvent) => void): () => void {
    this.#serial += 1;
    const id = `sdk-${this.#serial}`;
    const checked = (event: NostrEvent): void => {
      if (event.pubkey === this.#options.gatewayPubkey && verifyEvent(event).ok) onEvent(event);
    };
    for (const relay of this.#relays) relay.subscribe(id, { filters, onEvent: checked });
    return () => {
      for (const relay of this.#relays) relay.unsubscribe(id);
    };
  }

  /** The first thing that `read` makes of the events of a filter. Rejects with the signal's reason when it aborts. */
  waitFor<T>(filter: Filter, read: (event: NostrEvent) => Promise<T | undefined>, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      // No `since`: what was published while we were away is still on the relay, under a `d` of its own.
      const stop = this.subscribe(
        () => [filter],
        (event) => {
          void read(event).then((result) => {
            if (result === undefined) return;
            stop();
            resolve(result);
          });
        },
      );
      const onAbort = (): void => {
        stop();
        const reason: unknown = signal.reason;
        reject(reason);
      };
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort, { once: true });
    });
  }
}
