/** One beat of one process; packages/db writes it with the database's time. */
export interface Heartbeat {
  readonly serviceName: string;
  /** One process start: `<host>-<uuid>`. */
  readonly instance: string;
  readonly isAlive: boolean;
  readonly message?: string;
  /** Up to which request for new daemon connections this process has obeyed. */
  readonly restartSeen?: number;
}

export interface HeartbeatOptions {
  readonly store: { insert(heartbeat: Heartbeat): Promise<void> };
  /** api, worker, scheduler, services. */
  readonly serviceName: string;
  readonly instance: string;
  /** flows 9: 60 s, times POLL_SECONDS_SCALE. */
  readonly periodMs: number;
  /** Of a process that talks to daemons. */
  readonly restartSeen?: (() => number) | undefined;
  readonly onError: (error: unknown) => void;
}

export interface HeartbeatLoop {
  /** Says that the process stopped on purpose: the others need not wait for its silence. */
  stop(): Promise<void>;
}

/** Beats at once and then every period. A beat that fails is reported and missed; the next one tells that the process lives. */
export function startHeartbeat(options: HeartbeatOptions): HeartbeatLoop {
  let last: Promise<void> = Promise.resolve();
  const beat = (isAlive: boolean, message?: string): void => {
    const { store, serviceName, instance } = options;
    last = last.then(() => {
      const restartSeen = options.restartSeen?.() ?? 0;
      return store
        .insert({ serviceName, instance, isAlive, restartSeen, ...(message === undefined ? {} : { message }) })
        .catch(options.onError);
    });
  };
  beat(true);
  const timer = setInterval(() => beat(true), options.periodMs);
  return {
    stop: () => {
      clearInterval(timer);
      beat(false, "stopped");
      return last;
    },
  };
}
