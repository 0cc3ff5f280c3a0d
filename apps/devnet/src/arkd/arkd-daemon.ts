import { createServer } from "node:http";

import { ServerCredentials } from "@grpc/grpc-js";

import type { SeededRandom } from "../clock/seeded-random";
import type { FaultBook } from "../faults/fault-book";
import { ConnectionGate } from "../net/connection-gate";
import { arkCalls } from "./calls/ark-calls";
import { indexerCalls } from "./calls/indexer-calls";
import { Subscriptions } from "./calls/subscriptions";
import type { ArkdEngine } from "./engine/arkd-engine";
import { CallGate } from "./transport/call-gate";
import { grpcServer } from "./transport/grpc-server";
import { restApp } from "./transport/rest-server";

export interface ArkdDaemonOptions {
  readonly port: number;
  /** arkd's default is 60 s. */
  readonly heartbeatMs: number;
  /** How long a subscription outlives its stream; arkd's 60 s when absent. */
  readonly reattachMs?: number;
}

export interface ArkdDaemon {
  readonly port: number;
  /** Drops every connection and, like the real daemon, forgets its subscriptions and its batches. */
  restart(downMs: number): void;
  close(): Promise<void>;
}

/** HTTP/2 connections begin with these bytes (RFC 9113, 3.4); HTTP/1 methods never do. */
const HTTP2_PREFACE = "PRI";

/** arkd on one port, as the real one without TLS: gRPC for whoever opens with HTTP/2's preface, REST and SSE for the others. */
export async function startArkdDaemon(
  deps: { readonly engine: ArkdEngine; readonly faults: FaultBook; readonly random: SeededRandom },
  options: ArkdDaemonOptions,
): Promise<ArkdDaemon> {
  const { engine, faults, random } = deps;
  const subscriptions = new Subscriptions(engine.events, random, options.reattachMs);
  const gate = new CallGate(faults, () => engine.info().digest, options.heartbeatMs);
  const ark = arkCalls(engine);
  const indexer = indexerCalls(engine, subscriptions);
  const grpc = grpcServer(ark, indexer, gate);
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const rest = createServer(restApp(ark, indexer, gate));

  const connections = new ConnectionGate((socket) => {
    socket.once("data", (first: Buffer) => {
      // The bytes go back, so that the chosen server sees the connection from its beginning.
      socket.pause();
      socket.unshift(first);
      if (first.subarray(0, HTTP2_PREFACE.length).toString("latin1") === HTTP2_PREFACE) {
        // Stays paused: the session reads what is buffered itself, and flowing data would go to nobody.
        injector.injectConnection(socket);
      } else {
        rest.emit("connection", socket);
        socket.resume();
      }
    });
  });
  faults.onChange(() => connections.setDown(faults.isOn("arkd", "down")));
  const port = await connections.listen(options.port);
  return {
    port,
    restart: (downMs) => {
      connections.restart(downMs);
      subscriptions.clear();
      engine.batches.clear();
    },
    close: async () => {
      subscriptions.clear();
      engine.batches.clear();
      await connections.close();
      grpc.forceShutdown();
    },
  };
}
