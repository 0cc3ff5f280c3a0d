import { schnorr } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { hex } from "@scure/base";
import { serializeEvent } from "nostr-tools/pure";
import { signSchnorr } from "tiny-secp256k1";
import { WebSocket } from "ws";

import { SeededRandom } from "../../clock/seeded-random";
import { FaultBook } from "../../faults/fault-book";
import { EventLog } from "../event-log";
import { EventStore } from "../event-store";
import type { NostrEvent } from "../nostr-event";
import { type RelayServer, startRelayServer } from "../relay-server";

export const TEST_NOW = 1_767_225_600;

export interface TestRelay {
  readonly server: RelayServer;
  readonly faults: FaultBook;
  readonly url: string;
  readonly journaled: NostrEvent[];
}

export async function aRelay(options: { readonly isAuthRequired?: boolean } = {}): Promise<TestRelay> {
  const random = new SeededRandom("relay");
  const faults = new FaultBook(random);
  const journaled: NostrEvent[] = [];
  const journal = { append: (event: NostrEvent) => void journaled.push(event), rewrite: () => undefined };
  const log = new EventLog(new EventStore(), journal);
  const server = await startRelayServer(
    { log, faults, random, nowSeconds: () => TEST_NOW },
    { port: 0, isAuthRequired: options.isAuthRequired ?? false },
  );
  return { server, faults, url: `ws://127.0.0.1:${server.port}`, journaled };
}

const SECRET = sha256(new TextEncoder().encode("author"));
export const AUTHOR = hex.encode(schnorr.getPublicKey(SECRET));

/** A signed event with overrides. */
export function anEvent(overrides: Partial<Omit<NostrEvent, "id" | "sig" | "pubkey">> = {}): NostrEvent {
  const template = { kind: 1, created_at: TEST_NOW, tags: [], content: "", ...overrides, pubkey: AUTHOR };
  const id = sha256(new TextEncoder().encode(serializeEvent(template)));
  return { ...template, id: hex.encode(id), sig: hex.encode(signSchnorr(id, SECRET)) };
}

/** A client that sends raw messages and takes the answers in order. */
export class RawClient {
  readonly #messages: unknown[][] = [];
  readonly #waiting: ((message: unknown[]) => void)[] = [];
  readonly closed: Promise<void>;

  private constructor(private readonly socket: WebSocket) {
    this.closed = new Promise((resolve) => socket.on("close", () => resolve()));
    socket.on("error", () => undefined);
    socket.on("message", (data: Buffer) => {
      const message = JSON.parse(data.toString("utf8")) as unknown[];
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#messages.push(message);
      else waiting(message);
    });
  }

  static async connect(url: string): Promise<RawClient> {
    const socket = new WebSocket(url);
    const client = new RawClient(socket);
    await new Promise((resolve, reject) => {
      socket.on("open", resolve);
      socket.on("error", reject);
    });
    return client;
  }

  send(...message: readonly unknown[]): void {
    this.socket.send(JSON.stringify(message));
  }

  sendText(text: string): void {
    this.socket.send(text);
  }

  next(): Promise<unknown[]> {
    const message = this.#messages.shift();
    return message === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(message);
  }

  async publish(event: unknown): Promise<unknown[]> {
    this.send("EVENT", event);
    return this.next();
  }

  /** Ids of the stored events a filter finds, in the order they come. */
  async query(...filters: readonly unknown[]): Promise<unknown[]> {
    this.send("REQ", "query", ...filters);
    const ids: unknown[] = [];
    for (;;) {
      const [type, , event] = await this.next();
      if (type !== "EVENT") break;
      ids.push((event as NostrEvent).id);
    }
    this.send("CLOSE", "query");
    return ids;
  }

  close(): Promise<void> {
    this.socket.close();
    return this.closed;
  }
}
