import { AppError } from "@arkrelay/core/errors";

import { type ArkdConfig, GrpcArkDaemon } from "./ark/grpc-ark-daemon";
import type { DaemonObserver } from "./daemon-observer";
import { type DaemonHealth, DaemonProbe, type DaemonStatus, type ProbedLink } from "./daemon-probe";
import { readLndStatus } from "./lnd-status";
import { GrpcLightningNode, type LndEndpoint } from "./lnd/grpc-lightning-node";
import { readTapdStatus } from "./tapd-status";
import { GrpcTaprootAssets, type TapdEndpoint } from "./tapd/grpc-taproot-assets";

/** As in errors, metrics and requests for new connections. */
export const DAEMON_NAMES = ["arkd", "lnd", "tapd"] as const;
export type DaemonName = (typeof DAEMON_NAMES)[number];

/** undefined = not configured. */
export interface DaemonConfigs {
  readonly arkd: ArkdConfig & { readonly healthCheckIntervalMs: number };
  readonly lnd: LndEndpoint | undefined;
  readonly tapd: TapdEndpoint | undefined;
}

export interface DaemonManagerDeps {
  readonly observer: DaemonObserver;
  /** Id of the request or job that is being served. */
  readonly requestId: () => string | undefined;
}

interface ManagedLink extends ProbedLink {
  reconnect(): void;
  close(): void;
}

interface Managed {
  readonly link: ManagedLink;
  readonly probe: DaemonProbe;
}

interface Clients {
  readonly arkd: GrpcArkDaemon;
  readonly lnd: GrpcLightningNode;
  readonly tapd: GrpcTaprootAssets;
}

/** The daemons of one process: each with one connection, its client, its breaker and its health. */
export class DaemonManager {
  readonly arkd: GrpcArkDaemon;
  /** undefined = not configured. */
  readonly lnd: GrpcLightningNode | undefined;
  readonly tapd: GrpcTaprootAssets | undefined;
  private readonly managed = new Map<DaemonName, Managed>();

  constructor(configs: DaemonConfigs, deps: DaemonManagerDeps) {
    const intervalMs = configs.arkd.healthCheckIntervalMs;
    const manage = (name: DaemonName, link: ManagedLink, readStatus: () => Promise<DaemonStatus>): void => {
      this.managed.set(name, { link, probe: new DaemonProbe({ link, readStatus, intervalMs }) });
    };
    const arkd = new GrpcArkDaemon(configs.arkd, deps);
    this.arkd = arkd;
    manage("arkd", arkd.link, () => arkd.getInfo({ maxAgeMs: 0 }));
    const lnd = configs.lnd && new GrpcLightningNode(configs.lnd, deps);
    this.lnd = lnd;
    if (lnd !== undefined) manage("lnd", lnd.link, () => readLndStatus(lnd));
    // Without lnd nobody knows of channels with assets, so there are none to use.
    const listAssetChannels = () => lnd?.listAssetChannels() ?? Promise.resolve([]);
    const listWalletTransactions = lnd && (() => lnd.listRecentTransactions());
    const below = { listAssetChannels, listWalletTransactions };
    const tapd = configs.tapd && new GrpcTaprootAssets(configs.tapd, { ...deps, ...below });
    this.tapd = tapd;
    if (tapd !== undefined) manage("tapd", tapd.link, () => readTapdStatus(tapd));
  }

  /** Those that are configured. */
  get names(): readonly DaemonName[] {
    return [...this.managed.keys()];
  }

  /** To be asked periodically, or run by themselves (`start`). */
  get probes(): ReadonlyMap<DaemonName, DaemonProbe> {
    return new Map([...this.managed].map(([name, { probe }]) => [name, probe]));
  }

  /** Throws `feature_disabled` for a daemon that is not configured. */
  getClient<Name extends DaemonName>(name: Name): Clients[Name] {
    const client: Clients[Name] | undefined = (this as Pick<Partial<Clients>, Name>)[name];
    if (client === undefined) throw new AppError("feature_disabled", { message: `No ${name} is configured.` });
    return client;
  }

  /** Asks every daemon now. Never throws. */
  async healthCheckAll(): Promise<ReadonlyMap<DaemonName, DaemonHealth>> {
    const checks = [...this.managed].map(async ([name, { probe }]) => [name, await probe.check()] as const);
    return new Map(await Promise.all(checks));
  }

  /**
   * Closes the connection, reads certificate and macaroon again, dials and asks the daemon. Throws when a file cannot be read; then
   * the old connection stays. undefined = not configured here.
   */
  async reconnect(name: DaemonName): Promise<DaemonHealth | undefined> {
    const daemon = this.managed.get(name);
    if (daemon === undefined) return undefined;
    daemon.link.reconnect();
    return daemon.probe.check();
  }

  close(): void {
    for (const { link } of this.managed.values()) link.close();
  }
}
