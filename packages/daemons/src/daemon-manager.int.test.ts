import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { status } from "@grpc/grpc-js";

import { thrownBy } from "@arkrelay/core/testing/thrown-by";

import { DaemonManager } from "./daemon-manager";
import { SILENT_OBSERVER } from "./daemon-observer";
import { GetInfoResponse, LightningService } from "./gen/lnrpc/lightning";
import { StateService, WalletState } from "./gen/lnrpc/stateservice";
import { GetInfoResponse as TapdInfoResponse, TaprootAssetsService } from "./gen/taprpc/taprootassets";
import { Version, VersionerService } from "./gen/verrpc/verrpc";
import { failure, FakeArkd } from "./testing/fake-arkd";
import { makeCertificate, TlsDaemon } from "./testing/tls-daemon";

const folder = mkdtempSync(path.join(tmpdir(), "arkrelay-manager-"));

let wallet: WalletState;
let info: GetInfoResponse;
let version: Version;
let tapdInfo: TapdInfoResponse;
let isUp: boolean;

type Done = (error: unknown, reply?: unknown) => void;
const answer = (read: () => unknown) =>
  ((_call: unknown, done: Done) => (isUp ? done(null, read()) : done(failure(status.UNAVAILABLE)))) as never;

const lnd = new TlsDaemon(folder, [
  { definition: LightningService, handlers: { getInfo: answer(() => info) } },
  { definition: StateService, handlers: { getState: answer(() => ({ state: wallet })) } },
  { definition: VersionerService, handlers: { getVersion: answer(() => version) } },
  { definition: TaprootAssetsService, handlers: { getInfo: answer(() => tapdInfo) } },
]);
let arkd: FakeArkd;
let manager: DaemonManager;

function open(hasLnd = true): DaemonManager {
  const limits = { ...lnd.limits, retryAttemptsMax: 0, breakerThreshold: 1 };
  return new DaemonManager(
    {
      arkd: { ...arkd.config, healthCheckIntervalMs: 1 },
      lnd: hasLnd ? { ...lnd.endpoint, ...limits, network: "regtest" } : undefined,
      // As in one process with lnd: the same address.
      tapd: hasLnd ? { ...lnd.endpoint, ...limits, network: "regtest" } : undefined,
    },
    { observer: SILENT_OBSERVER, requestId: () => undefined },
  );
}

beforeAll(async () => {
  arkd = await FakeArkd.start(folder);
  const certificate = await makeCertificate({ expiresInDays: 20 });
  lnd.trust(certificate);
  lnd.writeMacaroon("0201");
  await lnd.start(certificate);
});

beforeEach(() => {
  isUp = true;
  wallet = WalletState.SERVER_ACTIVE;
  const chains = [{ chain: "bitcoin", network: "regtest" }];
  info = GetInfoResponse.fromPartial({ version: "0.20.1-beta commit=x", chains, syncedToChain: true });
  version = Version.fromPartial({ buildTags: ["signrpc", "invoicesrpc"] });
  tapdInfo = TapdInfoResponse.fromPartial({ version: "0.8.1-alpha commit=y", network: "regtest", syncToChain: true });
  manager = open();
});

afterEach(() => manager.close());

afterAll(() => {
  arkd.stop();
  lnd.stop();
  rmSync(folder, { recursive: true });
});

const healthOfLnd = async () => (await manager.healthCheckAll()).get("lnd");

test("every configured daemon is asked, and one that is not configured is told as such", async () => {
  const health = await manager.healthCheckAll();
  expect([...health].map(([name, { healthy, version }]) => [name, healthy, version])).toEqual([
    ["arkd", true, "0.9.9"],
    ["lnd", true, "0.20.1"],
    ["tapd", true, "0.8.1"],
  ]);
  const bare = open(false);
  expect([bare.names, bare.getClient("arkd")]).toEqual([["arkd"], bare.arkd]);
  expect(thrownBy(() => bare.getClient("lnd"))).toMatchObject({ code: "feature_disabled" });
  bare.close();
});

test.each([
  ["is locked", () => (wallet = WalletState.LOCKED), "wallet_locked"],
  ["does not exist", () => (wallet = WalletState.NON_EXISTING), "wallet_not_created"],
  ["is being opened", () => (wallet = WalletState.RPC_ACTIVE), "starting"],
])("an lnd whose wallet %s is not healthy, and says why", async (_what, arrange, reason) => {
  arrange();
  expect(await healthOfLnd()).toMatchObject({ healthy: false, breaker: "closed", lastErrorCode: reason });
});

test("an lnd on another network is not healthy", async () => {
  info.chains = [{ chain: "bitcoin", network: "mainnet" }];
  expect(await healthOfLnd()).toMatchObject({ healthy: false, lastErrorCode: "wrong_network" });
});

test("an lnd without the sub-server for hold invoices is not healthy, and the build tag is named", async () => {
  version.buildTags = ["signrpc"];
  expect(await healthOfLnd()).toMatchObject({ healthy: false, lastErrorCode: "missing_invoicesrpc" });
});

test.each([
  ["behind the chain", () => (info.syncedToChain = false), "not_synced"],
  ["older than what we speak to", () => (info.version = "0.17.5-beta"), "version_too_old"],
])("an lnd that is %s serves, with a warning", async (_what, arrange, warning) => {
  arrange();
  expect(await healthOfLnd()).toMatchObject({ healthy: true, lastErrorCode: warning });
});

test.each([
  ["behind the chain", () => (tapdInfo.syncToChain = false), true, "not_synced"],
  ["older than what we speak to", () => (tapdInfo.version = "0.6.1"), true, "version_too_old"],
  ["on another network", () => (tapdInfo.network = "testnet"), false, "wrong_network"],
])("of a tapd that is %s it is told", async (_what, arrange, healthy, lastErrorCode) => {
  arrange();
  expect((await manager.healthCheckAll()).get("tapd")).toMatchObject({ healthy, lastErrorCode });
});

test("the end of the certificate that lnd showed is known, and a warning when it is near", async () => {
  const health = await healthOfLnd();
  expect(health).toMatchObject({ healthy: true, lastErrorCode: "certificate_expiring" });
  expect(Math.round(((health?.certificateExpiresAt?.getTime() ?? 0) - Date.now()) / 86_400_000)).toBe(20);
});

test("a reconnect reads the macaroon again, asks the daemon, and closes an open breaker", async () => {
  isUp = false;
  expect(await healthOfLnd()).toMatchObject({ healthy: false, breaker: "open" });
  isUp = true;
  lnd.writeMacaroon("0202");
  lnd.arrived.length = 0;
  expect(await manager.reconnect("lnd")).toMatchObject({ healthy: true, breaker: "closed" });
  expect(lnd.arrived.map((metadata) => metadata.get("macaroon")[0])).toEqual(["0202", "0202", "0202"]);
});

test("a reconnect that cannot read the macaroon fails and keeps the connection there was", async () => {
  rmSync(lnd.macaroonFile);
  await expect(manager.reconnect("lnd")).rejects.toThrow("ENOENT");
  lnd.writeMacaroon("0201");
  await expect(manager.getClient("lnd").getInfo()).resolves.toMatchObject({ network: "regtest" });
});
