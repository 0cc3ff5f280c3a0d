import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { status } from "@grpc/grpc-js";

import { createMetrics, type Metrics } from "@arkrelay/runtime/metrics";
import { until } from "@arkrelay/runtime/testing/until";

import { GrpcArkDaemon } from "./ark/grpc-ark-daemon";
import { DaemonProbe } from "./daemon-probe";
import { createPrometheusDaemonObserver } from "./prometheus-daemon-observer";
import { failure, FakeArkd } from "./testing/fake-arkd";

const folder = mkdtempSync(path.join(tmpdir(), "arkrelay-probe-"));
const macaroonFile = path.join(folder, "macaroon");
let arkd: FakeArkd;
let daemon: GrpcArkDaemon;
let metrics: Metrics;
let probe: DaemonProbe;

beforeEach(async () => {
  writeFileSync(macaroonFile, Buffer.from("beef", "hex"));
  arkd = await FakeArkd.start(folder);
  metrics = createMetrics();
  daemon = new GrpcArkDaemon(
    { ...arkd.config, macaroonFile, breakerThreshold: 1, breakerTimeoutMs: 0, retryAttemptsMax: 0 },
    { observer: createPrometheusDaemonObserver(metrics), requestId: () => undefined },
  );
  probe = new DaemonProbe({
    link: daemon.link,
    readStatus: () => daemon.getInfo({ maxAgeMs: 0 }),
    intervalMs: 1,
  });
});

afterEach(async () => {
  await probe.stop();
  daemon.close();
  arkd.stop();
});

afterAll(() => rmSync(folder, { recursive: true }));

const infoFails = (): void => {
  arkd.answers.set("GetInfo", () => {
    throw failure(status.UNAVAILABLE);
  });
};

test("knows nothing before the first check", () => {
  expect(probe.health).toMatchObject({ healthy: false, version: null, latencyMs: null, checkedAt: null });
});

test("reports a daemon that answers, then one that does not, then its recovery", async () => {
  expect(await probe.check()).toMatchObject({
    healthy: true,
    version: "0.9.9",
    breaker: "closed",
    lastErrorCode: null,
  });
  infoFails();
  expect(await probe.check()).toMatchObject({ healthy: false, breaker: "open", lastErrorCode: "UNAVAILABLE" });
  arkd.answers.set("GetInfo", () => arkd.info);
  expect(await probe.check()).toMatchObject({ healthy: true, breaker: "closed", lastErrorCode: null });
});

test("an arkd on another chain is not healthy", async () => {
  arkd.info.network = "bitcoin";
  expect(await probe.check()).toMatchObject({ healthy: false, breaker: "closed", lastErrorCode: "wrong_network" });
});

test("checks again and again until it is stopped", async () => {
  probe.start();
  await until(() => arkd.callsOf("GetInfo").length >= 3);
  await probe.stop();
  const seen = arkd.callsOf("GetInfo").length;
  await probe.stop();
  expect(arkd.callsOf("GetInfo")).toHaveLength(seen);
});

test("a renewed macaroon is used without a restart", async () => {
  await probe.check();
  const renewed = path.join(folder, "renewed");
  writeFileSync(renewed, Buffer.from("cafe", "hex"));
  copyFileSync(renewed, macaroonFile);
  await probe.check();
  expect(arkd.callsOf("GetInfo").map(({ metadata }) => metadata.get("macaroon")[0])).toEqual(["beef", "cafe"]);
});

test("calls, errors and the breaker are measured under the contract's names", async () => {
  infoFails();
  await probe.check();
  const text = await metrics.registry.metrics();
  expect(text).toContain('arkrelay_daemon_call_seconds_count{service="arkd",method="GetInfo"} 1');
  expect(text).toContain('arkrelay_daemon_errors_total{service="arkd",method="GetInfo",code="UNAVAILABLE"} 1');
  expect(text).toContain('arkrelay_breaker_state{service="arkd"} 2');
});
