import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import type { Readiness } from "./process";

export interface HealthServerOptions {
  /** 0 = any free port. */
  readonly port: number;
  /** Loopback on a laptop, all interfaces in a cluster. */
  readonly host: string;
  readonly checkReady: () => Promise<Readiness>;
  /** Prometheus text; undefined = /metrics answers 404. */
  readonly metrics?: { readonly contentType: string; metrics(): Promise<string> } | undefined;
}

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * `/live`, `/ready` and `/metrics` of one process on a listener of its own, so that probes never queue behind requests.
 * `/live` touches nothing outside the process: a database outage must not restart every replica.
 */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const server = createServer((req, res) => {
    answer(options, req, res).catch(() => sendJson(res, 500, { error: "internal error" }));
  });
  await listen(server, options);
  // listen() on a TCP port always gives an AddressInfo.
  const { port } = server.address() as AddressInfo;
  return { port, close: () => closeServer(server) };
}

async function answer(options: HealthServerOptions, req: IncomingMessage, res: ServerResponse): Promise<void> {
  if (req.method !== "GET" && req.method !== "HEAD") {
    res.setHeader("allow", "GET, HEAD");
    return sendJson(res, 405, { error: "method not allowed" });
  }
  switch (req.url?.split("?")[0]) {
    case "/live":
      return sendJson(res, 200, { alive: true, uptime_seconds: process.uptime() });
    case "/ready": {
      const readiness = await options.checkReady();
      return sendJson(res, readiness.ready ? 200 : 503, readiness);
    }
    case "/metrics":
      if (options.metrics === undefined) return sendJson(res, 404, { error: "metrics are off" });
      res.writeHead(200, { "content-type": options.metrics.contentType });
      res.end(await options.metrics.metrics());
      return undefined;
    default:
      return sendJson(res, 404, { error: "not found" });
  }
}

function sendJson(res: ServerResponse, status: number, body: unknown): void {
  if (res.headersSent) return void res.end();
  res.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  res.end(JSON.stringify(body));
}

function listen(server: Server, { port, host }: HealthServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EADDRINUSE") return reject(error);
      reject(new Error(`port ${port} is taken: stop what uses it or set METRICS_PORT`, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    // Scrapers keep their connections open.
    server.closeAllConnections();
  });
}
