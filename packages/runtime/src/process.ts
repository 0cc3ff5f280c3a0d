import { ConfigError } from "./config/config-error";

/** Anything of ours that must be undone, in the reverse order of its start. */
type Close = () => void | Promise<void>;

/** Resolves when fine; throws (or resolves to false) when the process cannot do its work without it. */
export type ReadyProbe = () => Promise<unknown>;

export interface Readiness {
  readonly ready: boolean;
  /** One entry per `readyWhen`, and `draining` while the process stops. */
  readonly checks: Readonly<Record<string, boolean>>;
  readonly draining: boolean;
}

export type ProcessLog = (
  level: "info" | "warn" | "error",
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;

/** What `main` is given: how it says what to close, when the process is ready, and how long stopping may take. */
export interface Life {
  /** Registered right after the thing is open. Called once, also when the rest of the start failed; may be registered late. */
  onStop(name: string, close: Close): void;
  /** Readiness covers only what the process cannot work without (its database, a worker's Redis), never a daemon. */
  readyWhen(name: string, probe: ReadyProbe): void;
  checkReady(): Promise<Readiness>;
  /** `graceMs`: one deadline for everything after the signal. `preStopMs`: time for load balancers to see /ready turn 503. */
  stopWithin(limits: { readonly graceMs: number; readonly preStopMs?: number }): void;
  /** Where the life cycle reports; a JSON line on stderr until a logger is open. */
  useLog(log: ProcessLog): void;
  /** Aborted when stopping begins (after the pre-stop wait): loops end themselves by it. */
  readonly stopping: AbortSignal;
  /** For what cannot go on: logs, stops in order and exits with 1. */
  fail(error: unknown): void;
}

/** The parts of `process` that are used, so that a test can play them. */
export interface ProcessHost {
  on(event: string, listener: (argument: unknown) => void): unknown;
  exit(code: number): void;
  writeError(line: string): void;
}

const realHost: ProcessHost = {
  on: (event, listener) => process.on(event, listener),
  exit: (code) => process.exit(code),
  writeError: (line) => process.stderr.write(`${line}\n`),
};

/** sysexits.h EX_CONFIG: the service manager need not restart what will fail again. */
export const EXIT_CONFIG = 78;

const DEFAULT_GRACE_MS = 30_000;
const PROBE_TIMEOUT_MS = 2_000;

/**
 * Runs one process from start to exit. SIGTERM or SIGINT: `/ready` turns false, the pre-stop wait passes, everything
 * registered is closed in reverse order under one deadline, exit 0 (1 when late or a close failed). A second signal exits at once.
 * An unhandled rejection or exception, or a failing `main`, stops the same way and exits 1 (78 for bad configuration).
 */
export async function runProcess(
  name: string,
  main: (life: Life) => Promise<void>,
  host: ProcessHost = realHost,
): Promise<void> {
  const lifeCycle = new LifeCycle(name, host);
  for (const signal of ["SIGTERM", "SIGINT"]) host.on(signal, () => lifeCycle.onSignal(signal));
  host.on("uncaughtException", (error) => lifeCycle.fail(error));
  host.on("unhandledRejection", (error) => lifeCycle.fail(error));
  try {
    await main(lifeCycle);
  } catch (error) {
    lifeCycle.failStart(error);
  }
}

class LifeCycle implements Life {
  private readonly closers: { readonly name: string; readonly close: Close }[] = [];
  private readonly probes = new Map<string, ReadyProbe>();
  private readonly abort = new AbortController();
  private limits = { graceMs: DEFAULT_GRACE_MS, preStopMs: 0 };
  private exitCode = 0;
  private draining = false;
  private exited = false;
  private signals = 0;
  private deadline: NodeJS.Timeout | undefined;
  private log: ProcessLog;

  constructor(
    private readonly name: string,
    private readonly host: ProcessHost,
  ) {
    this.log = (level, message, fields) =>
      host.writeError(JSON.stringify({ timestamp: new Date().toISOString(), level, logger: name, message, ...fields }));
  }

  get stopping(): AbortSignal {
    return this.abort.signal;
  }

  onStop(name: string, close: Close): void {
    this.closers.push({ name, close });
    // Opened while stopping: nobody would come by again.
    if (this.abort.signal.aborted) void this.closeAll();
  }

  readyWhen(name: string, probe: ReadyProbe): void {
    this.probes.set(name, probe);
  }

  useLog(log: ProcessLog): void {
    this.log = log;
  }

  stopWithin(limits: { readonly graceMs: number; readonly preStopMs?: number }): void {
    this.limits = { graceMs: limits.graceMs, preStopMs: limits.preStopMs ?? 0 };
  }

  async checkReady(): Promise<Readiness> {
    const results = await Promise.all(
      [...this.probes].map(async ([name, probe]) => [name, await passes(probe)] as const),
    );
    const ready = !this.draining && results.every(([, passed]) => passed);
    return { ready, checks: Object.fromEntries(results), draining: this.draining };
  }

  onSignal(signal: string): void {
    this.signals++;
    if (this.signals > 1) {
      this.log("warn", `${signal} again: exiting now`);
      return this.exit(1);
    }
    this.log("info", `${signal}: stopping`);
    void this.stop(this.limits.preStopMs);
  }

  fail(error: unknown): void {
    this.log("error", "the process cannot go on", { error: describe(error) });
    this.exitCode = 1;
    // Nothing is drained for the load balancer's sake here: what failed is not to be used a moment longer.
    void this.stop(0);
  }

  failStart(error: unknown): void {
    if (error instanceof ConfigError) {
      for (const problem of error.problems) this.host.writeError(`${this.name}: ${problem}`);
      this.exitCode = EXIT_CONFIG;
    } else {
      this.log("error", "the start failed", { error: describe(error) });
      this.exitCode = exitCodeOf(error);
    }
    void this.stop(0);
  }

  private async stop(preStopMs: number): Promise<void> {
    if (this.draining) return;
    this.draining = true;
    this.deadline = setTimeout(() => {
      this.log("error", `not stopped within ${this.limits.graceMs} ms`, { open: this.closers.map(({ name }) => name) });
      this.exit(1);
    }, this.limits.graceMs);
    if (preStopMs > 0) await new Promise((resolve) => setTimeout(resolve, preStopMs));
    this.abort.abort();
    await this.closeAll();
    this.log("info", "stopped", { exit_code: this.exitCode });
    this.exit(this.exitCode);
  }

  private async closeAll(): Promise<void> {
    for (let closer = this.closers.pop(); closer !== undefined; closer = this.closers.pop()) {
      try {
        await closer.close();
      } catch (error) {
        this.exitCode ||= 1;
        this.log("error", `closing ${closer.name} failed`, { error: describe(error) });
      }
    }
  }

  private exit(code: number): void {
    if (this.exited) return;
    this.exited = true;
    clearTimeout(this.deadline);
    this.host.exit(code);
  }
}

/** An error may carry the exit code that tells its reader what to do (69: install something first). */
function exitCodeOf(error: unknown): number {
  const code = (error as { exitCode?: unknown } | undefined)?.exitCode;
  return typeof code === "number" ? code : 1;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** A probe that hangs is a probe that failed. */
async function passes(probe: ReadyProbe): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), PROBE_TIMEOUT_MS);
  });
  try {
    return (await Promise.race([probe(), timeout])) !== false;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
