import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { DaemonManager } from "@arkrelay/daemons/daemon-manager";
import { SILENT_OBSERVER } from "@arkrelay/daemons/daemon-observer";

import type { FaultKind } from "../faults/fault";
import { RunningLnd } from "../lnd/testing/an-lnd";
import { endpointOf } from "../testing/live-daemon";

/** What an operator sees of the gateway's connection while lnd goes through what real ones go through. */

const folder = mkdtempSync(path.join(tmpdir(), "gateway-connection-"));
/** The gateway's own copy, as on another machine. */
const tlsCertFile = path.join(folder, "tls.cert");
let lnd: RunningLnd;
let gateway: DaemonManager;

beforeEach(async () => {
  lnd = await RunningLnd.start();
  copyFileSync(lnd.daemon.tlsCertFile, tlsCertFile);
  const files = { port: lnd.daemon.port, tlsCertFile, macaroonFile: lnd.daemon.macaroonFiles["readonly"] };
  const arkd = {
    ...endpointOf({ port: 1, tlsCertFile: undefined, macaroonFile: undefined }),
    healthCheckIntervalMs: 1,
  };
  gateway = new DaemonManager(
    {
      arkd: { ...arkd, signerPubkey: undefined, forfeitPubkey: undefined },
      lnd: { ...endpointOf(files), timeoutMs: 2_000, retryDelayMs: 1 },
      tapd: undefined,
    },
    { observer: SILENT_OBSERVER, requestId: () => undefined },
  );
});

afterEach(async () => {
  gateway.close();
  await lnd.stop();
});

afterAll(() => rmSync(folder, { recursive: true }));

const check = () => gateway.probes.get("lnd")?.check();

it("is healthy with the readonly macaroon alone", async () => {
  expect(await check()).toMatchObject({ healthy: true, breaker: "closed", lastErrorCode: null });
});

it.each<[FaultKind, string]>([
  ["locked", "wallet_locked"],
  ["bad_macaroon", "macaroon_revoked"],
])("under the fault %s says %s, opens no breaker, and serves again afterwards", async (kind, code) => {
  const fault = lnd.fault(kind, "*", { times: 1_000 });
  expect(await check()).toMatchObject({ healthy: false, breaker: "closed", lastErrorCode: code });
  lnd.faults.remove(fault);
  expect(await check()).toMatchObject({ healthy: true });
});

it("does not trust a rotated certificate until its file is copied, and then without a restart", async () => {
  await check();
  await lnd.daemon.rotateTls();
  expect(await check()).toMatchObject({ healthy: false, breaker: "closed", lastErrorCode: "certificate_untrusted" });
  copyFileSync(lnd.daemon.tlsCertFile, tlsCertFile);
  expect(await check()).toMatchObject({ healthy: true });
});

it("names an expired certificate", async () => {
  const yesterday = Date.now() - 86_400_000;
  await lnd.daemon.rotateTls({ notBefore: new Date(yesterday - 86_400_000), notAfter: new Date(yesterday) });
  copyFileSync(lnd.daemon.tlsCertFile, tlsCertFile);
  expect(await check()).toMatchObject({ healthy: false, lastErrorCode: "certificate_expired" });
});

it("names the sub-server that this lnd lacks", async () => {
  lnd.engine.changeSettings({ missingSubservers: ["invoicesrpc"] });
  expect(await check()).toMatchObject({ healthy: false, lastErrorCode: "missing_invoicesrpc" });
});

it("takes a reply of 5 MiB", async () => {
  lnd.fault("oversized_reply", "GetInfo");
  expect(await check()).toMatchObject({ healthy: true });
});

it("is back by itself after lnd was restarted", async () => {
  await check();
  await lnd.daemon.restart(0);
  expect(await check()).toMatchObject({ healthy: true });
});
