import { Agent, request } from "node:http";

import { percentile } from "./statistics";

export interface LoadResult {
  readonly perSecond: number;
  readonly accepted: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface LoadOptions {
  readonly url: string;
  /** A fresh body for every call. */
  readonly body: () => string;
  readonly connections: number;
  /** Either for so long, or so many calls. */
  readonly durationMs?: number;
  readonly calls?: number;
}

/** Keeps `connections` POSTs under way. Accepted = status 202; anything else, and every broken connection, is a failure. */
export async function runLoad({ url, body, connections, durationMs, calls }: LoadOptions): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latencies: number[] = [];
  let failed = 0;
  let begun = 0;
  const startedAt = performance.now();
  const mayBegin = () => (calls === undefined ? performance.now() - startedAt < (durationMs ?? 0) : begun < calls);
  const client = async () => {
    while (mayBegin()) {
      begun += 1;
      const sentAt = performance.now();
      if ((await post(url, body(), agent)) === 202) latencies.push(performance.now() - sentAt);
      else failed += 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, client));
  const seconds = (performance.now() - startedAt) / 1000;
  agent.destroy();
  return {
    perSecond: latencies.length / seconds,
    accepted: latencies.length,
    failed,
    p50Ms: percentile(latencies, 50),
    p99Ms: percentile(latencies, 99),
  };
}

/** @returns the status, or 0 when the connection broke */
function post(url: string, body: string, agent: Agent): Promise<number> {
  return new Promise((resolve) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const call = request(url, { method: "POST", agent, headers }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
      response.on("error", () => resolve(0));
    });
    call.on("error", () => resolve(0));
    call.end(body);
  });
}
