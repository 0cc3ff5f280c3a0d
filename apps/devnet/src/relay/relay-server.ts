import { type IncomingMessage, type ServerResponse, createServer } from "node:http";

import { type RawData, type WebSocket, WebSocketServer } from "ws";

import type { SeededRandom } from "../clock/seeded-random";
import type { FaultBook } from "../faults/fault-book";
import { ConnectionGate } from "../net/connection-gate";
import type { EventLog } from "./event-log";
import type { NostrEvent } from "./nostr-event";
import { RELAY_LIMITS, relayInformation } from "./relay-limits";
import { RelaySession } from "./relay-session";

export interface RelayServer {
  readonly port: number;
  connectionCount(): number;
  /** Drops every connection and refuses new ones for a while; the events stay. */
  restart(downMs: number): void;
  close(): Promise<void>;
}

/** A NIP-01 relay on one port of loopback; its NIP-11 document is at the same address over HTTP. */
export async function startRelayServer(
  deps: {
    readonly log: EventLog;
    readonly faults: FaultBook;
    readonly random: SeededRandom;
    readonly nowSeconds: () => number;
  },
  options: { readonly port: number; readonly isAuthRequired: boolean },
): Promise<RelayServer> {
  const sessions = new Set<RelaySession>();
  const broadcast = (event: NostrEvent): void => {
    for (const session of sessions) session.deliver(event);
  };
  const http = createServer((req, res) => answerHttp(req, res, options.isAuthRequired));
  const sockets = new WebSocketServer({ server: http, maxPayload: RELAY_LIMITS.max_message_length });
  sockets.on("connection", (socket) => {
    const session = new RelaySession({
      ...deps,
      isAuthRequired: options.isAuthRequired,
      challenge: deps.random.id(),
      send: (text) => socket.send(text),
      cut: () => socket.terminate(),
      broadcast,
    });
    sessions.add(session);
    pumpMessages(socket, session);
    socket.on("close", () => {
      session.close();
      sessions.delete(session);
    });
  });

  const connections = new ConnectionGate((socket) => http.emit("connection", socket));
  deps.faults.onChange(() => {
    connections.setDown(deps.faults.isOn("relay", "down"));
    // `*` cuts whoever is connected now; a named message cuts its next sender.
    if (sessions.size > 0 && deps.faults.take("relay", "*", "cut_stream") !== undefined) connections.dropConnections();
  });
  const port = await connections.listen(options.port);
  return {
    port,
    connectionCount: () => sessions.size,
    restart: (downMs) => connections.restart(downMs),
    close: async () => {
      sockets.close();
      await connections.close();
    },
  };
}

/** One message at a time per connection, in their order, also when a fault delays one. */
function pumpMessages(socket: WebSocket, session: RelaySession): void {
  let last: Promise<void> = Promise.resolve();
  socket.on("message", (data) => {
    last = last.then(() => session.receive(toText(data)));
  });
  // Too long a message or a broken frame: the library closes the connection, there is nobody to answer.
  socket.on("error", () => socket.terminate());
}

function toText(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString("utf8");
  return Buffer.isBuffer(data) ? data.toString("utf8") : Buffer.from(data).toString("utf8");
}

function answerHttp(req: IncomingMessage, res: ServerResponse, isAuthRequired: boolean): void {
  const wantsInformation = req.headers.accept?.includes("application/nostr+json") === true;
  res.setHeader("Access-Control-Allow-Origin", "*");
  res.setHeader("Access-Control-Allow-Headers", "*");
  res.setHeader("Content-Type", wantsInformation ? "application/nostr+json" : "text/plain");
  res.end(
    wantsInformation ? JSON.stringify(relayInformation(isAuthRequired)) : "A Nostr relay; connect with a WebSocket.\n",
  );
}
