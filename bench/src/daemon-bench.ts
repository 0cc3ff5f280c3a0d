import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { credentials, Metadata } from "@grpc/grpc-js";

import { SILENT_OBSERVER } from "@arkrelay/daemons/daemon-observer";
import { GrpcLightningNode } from "@arkrelay/daemons/lnd/grpc-lightning-node";
import {
  LightningClient,
  WalletBalanceRequest,
  type WalletBalanceResponse,
} from "@arkrelay/daemons/proto/lnrpc/lightning";

import { startChild } from "./child-server";
import { percentile, spreadOf } from "./statistics";

const MACAROON_HEX = "0201036c6e64".repeat(20);
const IN_FLIGHT = 10;
/** Enough for the JIT; not counted. */
const WARM_UP_MS = 1_500;
const TIMEOUT_MS = 30_000;

export interface DaemonResult {
  readonly oursPerSecond: readonly number[];
  readonly barePerSecond: readonly number[];
  /** One call after the other, in microseconds. */
  readonly oursMicros: number;
  readonly bareMicros: number;
  /** Time of one of our calls over one of grpc-js: 1 = no overhead. By throughput, and by latency one at a time. */
  readonly ratio: number;
  readonly latencyRatio: number;
}

type Call = () => Promise<unknown>;

/** One unary call to lnd through our client (macaroon, deadline, breaker, retries, metrics) and through grpc-js alone; TLS both. */
export async function benchDaemonCalls(rounds: number, roundMs: number): Promise<DaemonResult> {
  const folder = mkdtempSync(path.join(tmpdir(), "arkrelay-bench-"));
  const { ready, stop } = await startChild<{ port: number; cert: string }>("bare-lnd.ts", {});
  const certFile = path.join(folder, "tls.cert");
  writeFileSync(certFile, ready.cert);
  const node = openNode(ready.port, certFile);
  const bareClient = new LightningClient(`localhost:${ready.port}`, credentials.createSsl(Buffer.from(ready.cert)));
  const ours: Call = () => node.getOnchainBalance();
  const bare: Call = () => callBare(bareClient);
  try {
    for (const call of [ours, bare]) await perSecond(call, WARM_UP_MS);
    const [oursPerSecond, barePerSecond]: [number[], number[]] = [[], []];
    const [oursMicros, bareMicros]: [number[], number[]] = [[], []];
    // Interleaved, so that a noisy minute of the machine hits both sides.
    for (let round = 0; round < rounds; round += 1) {
      oursPerSecond.push(await perSecond(ours, roundMs));
      barePerSecond.push(await perSecond(bare, roundMs));
      oursMicros.push(await latencyMicros(ours));
      bareMicros.push(await latencyMicros(bare));
    }
    const one = { ours: spreadOf(oursMicros).median, bare: spreadOf(bareMicros).median };
    return {
      oursPerSecond,
      barePerSecond,
      oursMicros: one.ours,
      bareMicros: one.bare,
      ratio: spreadOf(barePerSecond).median / spreadOf(oursPerSecond).median,
      latencyRatio: one.ours / one.bare,
    };
  } finally {
    node.link.close();
    bareClient.close();
    await stop();
    rmSync(folder, { recursive: true });
  }
}

function openNode(port: number, tlsCertFile: string): GrpcLightningNode {
  const endpoint = {
    host: "localhost",
    port,
    tlsCertFile,
    tlsClientCertFile: undefined,
    tlsClientKeyFile: undefined,
    tlsServerName: undefined,
    macaroonFile: undefined,
    macaroonHex: MACAROON_HEX,
    allowPlaintext: false,
    maxRequestBytes: 4_194_304,
    maxReplyBytes: 209_715_200,
    keepaliveMs: 30_000,
    keepaliveTimeoutMs: 10_000,
  };
  const limits = {
    timeoutMs: TIMEOUT_MS,
    retryAttemptsMax: 3,
    retryDelayMs: 1_000,
    retryDelayMsMax: 30_000,
    breakerThreshold: 5,
    breakerTimeoutMs: 60_000,
  };
  const deps = { observer: SILENT_OBSERVER, requestId: () => undefined };
  return new GrpcLightningNode({ ...endpoint, ...limits, network: "regtest" }, deps);
}

/** What anybody writes with grpc-js: a macaroon, a deadline, a promise. */
function callBare(client: LightningClient): Promise<WalletBalanceResponse> {
  const metadata = new Metadata();
  metadata.set("macaroon", MACAROON_HEX);
  const request = WalletBalanceRequest.fromPartial({});
  return new Promise((resolve, reject) => {
    client.walletBalance(request, metadata, { deadline: Date.now() + TIMEOUT_MS }, (error, reply) =>
      error === null ? resolve(reply) : reject(error),
    );
  });
}

async function perSecond(call: Call, durationMs: number): Promise<number> {
  const startedAt = performance.now();
  let count = 0;
  const loop = async (): Promise<void> => {
    while (performance.now() - startedAt < durationMs) {
      await call();
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, loop));
  return count / ((performance.now() - startedAt) / 1000);
}

const LATENCY_CALLS = 300;

async function latencyMicros(call: Call): Promise<number> {
  const micros: number[] = [];
  for (let n = 0; n < LATENCY_CALLS; n += 1) {
    const startedAt = performance.now();
    await call();
    micros.push((performance.now() - startedAt) * 1000);
  }
  return percentile(micros, 50);
}
