import { DAEMON_NAMES, type DaemonConfigs, DaemonManager } from "./daemon-manager";
import { type GrpcLogSink, routeGrpcLog } from "./grpc-log";
import { createPrometheusDaemonObserver } from "./prometheus-daemon-observer";
import { RestartWatcher, type RestartWatcherDeps } from "./restart-watcher";

/** Before POLL_SECONDS_SCALE: a request for a new connection is obeyed within 5 s. */
export const RESTART_POLL_MS = 2_500;

export interface ProcessDaemonsDeps {
  /** api, worker or services. */
  readonly serviceName: string;
  /** Names this process and start: `<host>-<uuid>`. */
  readonly instance: string;
  readonly metrics: Parameters<typeof createPrometheusDaemonObserver>[0];
  readonly logger: { forModule(name: string): GrpcLogSink & RestartWatcherDeps["log"] };
  /** Id of the request or job that is being served. */
  readonly requestId: () => string | undefined;
  readonly states: { listRestarts(daemons: readonly string[]): Promise<ReadonlyMap<string, number>> };
  readonly heartbeats: {
    insert(beat: {
      readonly serviceName: string;
      readonly instance: string;
      readonly isAlive: boolean;
      readonly restartSeen: number;
    }): Promise<void>;
  };
  readonly life: { onStop(name: string, close: () => void): void };
}

/** The daemons of a process and what makes it dial them anew on request; closed by its life. */
export function openProcessDaemons(configs: DaemonConfigs, deps: ProcessDaemonsDeps) {
  const { serviceName, instance, metrics, logger, requestId, states, heartbeats, life } = deps;
  routeGrpcLog(logger.forModule("grpc"));
  const daemons = new DaemonManager(configs, { observer: createPrometheusDaemonObserver(metrics), requestId });
  life.onStop("daemons", () => daemons.close());
  const restarts = new RestartWatcher({
    daemons,
    listRestarts: () => states.listRestarts(DAEMON_NAMES),
    confirm: (restartSeen) => heartbeats.insert({ serviceName, instance, isAlive: true, restartSeen }),
    log: logger.forModule("daemons"),
  });
  return { daemons, restarts };
}
