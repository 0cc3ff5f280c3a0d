import { mkdirSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { join } from "node:path";

import { startArkdDaemon } from "./arkd/arkd-daemon";
import { ArkdEngine } from "./arkd/engine/arkd-engine";
import { ArkdState } from "./arkd/engine/arkd-state";
import type { ArkdRecord } from "./arkd/engine/records";
import { xOnlyOf } from "./arkd/engine/server-keys";
import { SeededRandom } from "./clock/seeded-random";
import { VirtualClock } from "./clock/virtual-clock";
import type { DevnetConfig } from "./config";
import { controlApp } from "./control/control-app";
import type { DevnetParts } from "./devnet-parts";
import { FaultBook } from "./faults/fault-book";
import { openIdentity } from "./journal/devnet-identity";
import { Journal } from "./journal/journal";
import { lockStateDir } from "./journal/lock-state-dir";
import { writeFileAtomically } from "./journal/write-file-atomically";
import { LndEngine } from "./lnd/engine/lnd-engine";
import { LndKeys } from "./lnd/engine/lnd-keys";
import type { LndRecord } from "./lnd/engine/lnd-store";
import { type LndDaemon, startLndDaemon } from "./lnd/lnd-daemon";
import { ConnectionGate } from "./net/connection-gate";
import { EventLog } from "./relay/event-log";
import { EventStore } from "./relay/event-store";
import type { NostrEvent } from "./relay/nostr-event";
import { startRelayServer } from "./relay/relay-server";
import { openTapd } from "./tapd/open-tapd";
import { type TapdDescription, describeTapd, startTapdDaemon } from "./tapd/tapd-daemon";

/** What `<state dir>/devnet.json` says once everything serves. */
export interface DevnetDescription {
  readonly control_url: string;
  readonly relay_url: string;
  readonly arkd: { readonly grpc: string; readonly rest: string; readonly admin_url: string };
  readonly lnd: LndDescription;
  readonly tapd: TapdDescription;
  /** x-only, 64 hex. */
  readonly signer_pubkey: string;
  /** x-only, 64 hex. */
  readonly forfeit_pubkey: string;
  readonly pid: number;
}

export interface LndDescription {
  /** host:port */
  readonly grpc: string;
  /** Files. */
  readonly tls_cert: string;
  /** The admin macaroon. */
  readonly macaroon: string;
  /** Every macaroon by its name, the gateway's roles among them. */
  readonly macaroons: Readonly<Record<string, string>>;
}

/** Registers what must be undone on stop, in the order of start. */
export type OnStop = (name: string, close: () => void | Promise<void>) => void;

/** Resumes the state folder, starts every server on loopback, and writes devnet.json last. */
export async function startDevnet(config: DevnetConfig, onStop: OnStop): Promise<DevnetDescription> {
  mkdirSync(config.stateDir, { recursive: true, mode: 0o700 });
  onStop("state folder lock", lockStateDir(config.stateDir));
  const descriptionPath = join(config.stateDir, "devnet.json");
  rmSync(descriptionPath, { force: true });
  const identity = openIdentity(config.stateDir, config.seed);
  const random = new SeededRandom(`${identity.seed}/${identity.starts}`);
  const clock = new VirtualClock(Date.now);
  const faults = new FaultBook(random);
  const nowSeconds = (): number => Math.floor(Date.now() / 1000);

  const state = new ArkdState();
  const arkdJournal = Journal.open<ArkdRecord>(join(config.stateDir, "arkd.jsonl"), (record) => state.apply(record));
  onStop("arkd journal", () => arkdJournal.close());
  const append = (record: ArkdRecord): void => arkdJournal.append(record);
  const engine = new ArkdEngine({ keys: identity, seed: identity.seed, state, clock, random, append });
  const lndEngine = openLnd(config.stateDir, new LndKeys(identity.lndSecret), { clock, random }, onStop);
  lndEngine.engine.resume(state.height);
  const tapdParts = openTapd(config.stateDir, identity.seed, { clock, lnd: lndEngine.engine, faults });
  onStop("tapd journal", () => tapdParts.close());
  const sweeper = setInterval(() => {
    engine.sweepExpired();
    lndEngine.engine.sweep();
  }, SWEEP_INTERVAL_MS);
  onStop("sweeper", () => clearInterval(sweeper));

  const store = new EventStore();
  const relayJournal = Journal.open<NostrEvent>(
    join(config.stateDir, "relay.jsonl"),
    (event) => void store.insert(event),
  );
  onStop("relay journal", () => relayJournal.close());
  const relayLog = new EventLog(store, relayJournal);
  relayLog.compact(nowSeconds());

  const arkd = await startArkdDaemon(
    { engine, faults, random },
    { port: config.arkdPort, heartbeatMs: config.heartbeatMs },
  );
  onStop("arkd", () => arkd.close());
  const lnd = await startLndDaemon(
    { engine: lndEngine.engine, faults, findForeignHeight: (txid) => state.confirmationHeightOf(txid) },
    { port: config.lndPort, folder: join(config.stateDir, "lnd") },
  );
  onStop("lnd", () => lnd.close());
  const tapd = await startTapdDaemon(
    { engine: tapdParts.engine, lnd: lndEngine.engine, faults, macaroonSecret: identity.lndSecret },
    { port: config.tapdPort, folder: join(config.stateDir, "tapd") },
  );
  onStop("tapd", () => tapd.close());
  const relayOptions = { port: config.relayPort, isAuthRequired: config.isRelayAuthRequired };
  const relay = await startRelayServer({ log: relayLog, faults, random, nowSeconds }, relayOptions);
  onStop("relay", () => relay.close());
  const adminPort = await serveHttp(answerHealth, config.arkdAdminPort, "arkd admin", onStop);

  const reset = async (): Promise<void> => {
    engine.reset();
    // Nothing before the reset matters any more but the count that keeps commitment txids apart.
    arkdJournal.rewrite([
      { type: "reset", commitmentCount: state.commitmentCount },
      { type: "settings", settings: state.settings },
    ]);
    lndEngine.engine.reset(state.height);
    lndEngine.compact();
    tapdParts.reset();
    relayLog.reset();
    faults.clear();
    arkd.restart(0);
    relay.restart(0);
    await Promise.all([lnd.restart(0), tapd.restart(0)]);
  };
  const parts: DevnetParts = {
    seed: identity.seed,
    engine,
    lndEngine: lndEngine.engine,
    tapdEngine: tapdParts.engine,
    clock,
    faults,
    arkd,
    lnd,
    tapd,
    relay,
    relayLog,
    reset,
  };
  const controlPort = await serveHttp(controlApp(parts), config.controlPort, "control API", onStop);

  const description: DevnetDescription = {
    control_url: `http://127.0.0.1:${controlPort}`,
    relay_url: `ws://127.0.0.1:${relay.port}`,
    arkd: {
      grpc: `127.0.0.1:${arkd.port}`,
      rest: `http://127.0.0.1:${arkd.port}`,
      admin_url: `http://127.0.0.1:${adminPort}`,
    },
    lnd: describeLnd(lnd),
    tapd: describeTapd(tapd),
    signer_pubkey: xOnlyOf(identity.signerSecret),
    forfeit_pubkey: xOnlyOf(identity.forfeitSecret),
    pid: process.pid,
  };
  writeFileAtomically(descriptionPath, `${JSON.stringify(description, undefined, 2)}\n`);
  onStop("devnet.json", () => rmSync(descriptionPath, { force: true }));
  return description;
}

function openLnd(
  stateDir: string,
  keys: LndKeys,
  parts: { readonly clock: VirtualClock; readonly random: SeededRandom },
  onStop: OnStop,
): { readonly engine: LndEngine; compact(): void } {
  const engine = new LndEngine({ ...parts, keys, append: (record) => journal.append(record) });
  const journal = Journal.open<LndRecord>(join(stateDir, "lnd.jsonl"), (record) => engine.store.apply(record));
  onStop("lnd journal", () => journal.close());
  return { engine, compact: () => journal.rewrite([engine.store.snapshot()]) };
}

function describeLnd({ port, tlsCertFile, macaroonFiles }: LndDaemon): LndDescription {
  const { admin = "" } = macaroonFiles;
  return { grpc: `127.0.0.1:${port}`, tls_cert: tlsCertFile, macaroon: admin, macaroons: macaroonFiles };
}

/** How late a sweep can be when nobody calls; every call sweeps by itself. */
const SWEEP_INTERVAL_MS = 1_000;

const answerHealth: RequestListener = (req, res) => {
  const isHealth = req.url === "/healthz";
  res.writeHead(isHealth ? 200 : 404, { "Content-Type": "application/json" });
  res.end(JSON.stringify(isHealth ? { status: "SERVING" } : { code: 5, message: "Not Found", details: [] }));
};

async function serveHttp(listener: RequestListener, port: number, name: string, onStop: OnStop): Promise<number> {
  const server = createServer(listener);
  const gate = new ConnectionGate((socket) => server.emit("connection", socket));
  const taken = await gate.listen(port);
  onStop(name, () => gate.close());
  return taken;
}
