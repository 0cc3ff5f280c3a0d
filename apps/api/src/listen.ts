import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

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
  await startListening(server, host, port);
  return { port: (server.address() as AddressInfo).port, close: () => closeServer(server) };
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

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeIdleConnections();
  });
}
