import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";

import type { Express } from "express";

/** Longer than the idle timeout of a proxy's upstream connections (nginx: 60 s), or it sends into a closed one. */
const KEEP_ALIVE_MS = 65_000;
const HEADERS_MS = 66_000;

export interface Listener {
  readonly port: number;
  /** Takes no new connection, lets running requests end. */
  close(): Promise<void>;
}

/** port 0 = any free one. */
export async function listen(app: Express, host: string, port: number): Promise<Listener> {
  const server = createServer(app);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.headersTimeout = HEADERS_MS;
  const connections = trackConnections(server);
  await startListening(server, host, port);
  return { port: (server.address() as AddressInfo).port, close: () => closeServer(server, connections) };
}

function startListening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EADDRINUSE") return reject(error);
      return reject(new Error(`port ${String(port)} is taken: stop what uses it or set APP_PORT`, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
}

/**
 * server.close() alone waits for connections that a client opened and never used: Node counts them as busy, and clients with
 * a pool (fetch among them) keep such spares. So we count requests per connection ourselves.
 */
function trackConnections(server: Server): { closeUnused(): void } {
  const requests = new Map<Socket, number>();
  let isClosing = false;
  server.on("connection", (socket) => {
    requests.set(socket, 0);
    socket.once("close", () => requests.delete(socket));
  });
  server.on("request", ({ socket }, res) => {
    requests.set(socket, (requests.get(socket) ?? 0) + 1);
    res.once("close", () => {
      const left = (requests.get(socket) ?? 1) - 1;
      if (isClosing && left === 0) socket.end();
      else if (requests.has(socket)) requests.set(socket, left);
    });
  });
  return {
    closeUnused: () => {
      isClosing = true;
      for (const [socket, running] of requests) if (running === 0) socket.destroy();
    },
  };
}

function closeServer(server: Server, connections: { closeUnused(): void }): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    connections.closeUnused();
  });
}
