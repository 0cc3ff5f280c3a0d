import { runEvery } from "@arkrelay/runtime/run-every";

import type { DaemonManager, DaemonName } from "./daemon-manager";

export interface RestartWatcherDeps {
  readonly daemons: Pick<DaemonManager, "names" | "reconnect">;
  /** The newest restart request of each daemon; a daemon without one is absent. */
  readonly listRestarts: () => Promise<ReadonlyMap<string, number>>;
  /** Tells the others that every request up to `restartSeen` was obeyed here. */
  readonly confirm: (restartSeen: number) => Promise<void>;
  readonly log: {
    info(message: string, fields: Readonly<Record<string, unknown>>): void;
    warn(message: string, fields: Readonly<Record<string, unknown>>): void;
  };
}

/** Obeys an operator's wish for a new connection to a daemon, which reaches every process by the database. */
export class RestartWatcher {
  /** By daemon; undefined until the first look, which only says where a new process stands. */
  private obeyed: Map<string, number> | undefined;
  private seen = 0;

  constructor(private readonly deps: RestartWatcherDeps) {}

  /** The newest request up to which all were obeyed; ids are counted over all daemons. */
  get restartSeen(): number {
    return this.seen;
  }

  /** Looks until the signal fires. */
  run(options: { readonly periodMs: number; readonly signal: AbortSignal }): Promise<void> {
    const onError = (error: unknown): void => this.deps.log.warn("restart requests were not read", { error });
    return runEvery({ ...options, onError }, () => this.look());
  }

  /** Throws when the database is away; the next look tries again. */
  async look(): Promise<void> {
    const asked = await this.deps.listRestarts();
    // What was asked before this process dialled is done.
    this.obeyed ??= new Map(asked);
    const failed: number[] = [];
    for (const [daemon, restartId] of asked) {
      if (restartId > (this.obeyed.get(daemon) ?? 0) && !(await this.obey(daemon, restartId))) failed.push(restartId);
      else this.obeyed.set(daemon, restartId);
    }
    const seen = failed.length === 0 ? Math.max(0, ...asked.values()) : Math.min(...failed) - 1;
    if (seen <= this.seen) return;
    await this.deps.confirm(seen);
    this.seen = seen;
  }

  /** false = to be tried again: a certificate or macaroon cannot be read. */
  private async obey(daemon: string, restartId: number): Promise<boolean> {
    const { daemons, log } = this.deps;
    const name: DaemonName | undefined = daemons.names.find((name) => name === daemon);
    if (name === undefined) return true;
    const asked = { service: daemon, restart_id: restartId };
    try {
      const health = await daemons.reconnect(name);
      log.info("reconnected a daemon on request", { ...asked, healthy: health?.healthy, code: health?.lastErrorCode });
      return true;
    } catch (error) {
      log.warn("a daemon was not reconnected; its certificate or macaroon cannot be read", { ...asked, error });
      return false;
    }
  }
}
