import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { constants, createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { credentials } from "@grpc/grpc-js";

import { AppError } from "@arkrelay/core/errors";

import { DaemonLink } from "./daemon-link";
import { SILENT_OBSERVER } from "./daemon-observer";
import { StateClient } from "./gen/lnrpc/stateservice";
import { routeGrpcLog } from "./grpc-log";
import { makeCertificate, TlsDaemon } from "./testing/tls-daemon";
import { createTextClassifier } from "./text-classifier";

const folder = mkdtempSync(path.join(tmpdir(), "arkrelay-pings-"));
const logged: string[] = [];
let server: Http2SecureServer;
let link: ReturnType<typeof openLink>;
/** Connections that are dropped before one is served. */
let dropsLeft = 0;

function openLink(port: number) {
  const { endpoint, limits } = new TlsDaemon(folder, []);
  return new DaemonLink({
    service: "lnd",
    endpoint: { ...endpoint, port, macaroonFile: undefined },
    limits,
    observer: SILENT_OBSERVER,
    openClients: (address, channelOverride) => ({
      state: new StateClient(address, credentials.createInsecure(), { channelOverride }),
    }),
    requestId: () => undefined,
    ...createTextClassifier("lnd", []),
  });
}

/** An empty gRPC message, or what lnd does to a client that pings too often. */
function answer(stream: ServerHttp2Stream): void {
  stream.on("error", () => undefined);
  if (dropsLeft > 0) {
    dropsLeft -= 1;
    const { session } = stream;
    session?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 0, Buffer.from("too_many_pings"));
    session?.destroy();
    return;
  }
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(Buffer.alloc(5));
}

beforeAll(async () => {
  const { cert, key } = await makeCertificate();
  writeFileSync(new TlsDaemon(folder, []).certFile, cert);
  server = createSecureServer({ cert, key });
  server.on("stream", answer);
  server.on("sessionError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  link = openLink((server.address() as AddressInfo).port);
  routeGrpcLog({ error: (message) => logged.push(message), debug: () => undefined });
});

afterAll(async () => {
  link.close();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

const call = (kind: "read" | "write") => link[kind]("GetState", ({ state }, ...rest) => state.getState({}, ...rest));

test("after GOAWAY too_many_pings a read is made on a new connection, and the log names the setting to raise", async () => {
  dropsLeft = 1;
  await expect(call("read")).resolves.toEqual({ state: 0 });
  expect(logged).toEqual([expect.stringContaining("raise GRPC_KEEPALIVE_SECONDS")]);
});

test("a write that meets GOAWAY too_many_pings is not sent twice, and its outcome is unknown", async () => {
  dropsLeft = 1;
  const thrown: unknown = await call("write").catch((error: unknown) => error);
  expect(thrown instanceof AppError && thrown.code).toBe("outcome_unknown");
  expect(dropsLeft).toBe(0);
});
