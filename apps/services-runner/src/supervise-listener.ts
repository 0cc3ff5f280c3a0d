import { setTimeout as delay } from "node:timers/promises";

import type { ListenerService } from "@arkrelay/core/service-report";
import type { DrizzleServiceStateStore } from "@arkrelay/db/stores/service-state-store";
import type { Leadership } from "@arkrelay/runtime/lease-runner";
import type { Logger } from "@arkrelay/runtime/logger";

/** Something long-lived that is led by one process at a time. */
export interface Listener {
  readonly name: ListenerService;
  /** Works until the signal fires; resolves soon after. An end before that is a failure, with or without an error. */
  run(leadership: Leadership): Promise<void>;
  /** The `detail` of its report while it runs. JSON. */
  report(): unknown;
}

export interface SupervisionOptions {
  readonly listener: Listener;
  /** `<host>-<uuid>` of this process. */
  readonly instance: string;
  readonly states: Pick<DrizzleServiceStateStore, "ensure" | "setActual">;
  /** Wanted until an operator says otherwise. */
  readonly autoStart: boolean;
  /** How often the desired state is looked at and the report written. */
  readonly periodMs: number;
  readonly backoffMinMs: number;
  readonly log: Logger;
}

const BACKOFF_MAX_MS = 30_000;

/**
 * Keeps one listener in its desired state while this process holds its lease: starts it, starts it again with a growing pause
 * when it failed, stops it on demand, restarts it when a restart was asked for, and reports. Ends with the leadership.
 */
export async function superviseListener(options: SupervisionOptions, leadership: Leadership): Promise<void> {
  const supervision = new Supervision(options, leadership);
  while (!leadership.signal.aborted) {
    await supervision.tick();
    await pause(options.periodMs, leadership.signal);
  }
  await supervision.end();
}

interface Running {
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

class Supervision {
  private running: Running | undefined;
  private restartSeen: number | undefined;
  private failures = 0;
  private lastError: string | null = null;
  private startAfter = 0;
  private backoffMs: number;

  constructor(
    private readonly options: SupervisionOptions,
    private readonly leadership: Leadership,
  ) {
    this.backoffMs = options.backoffMinMs;
  }

  /** One look at what is wanted. A database that does not answer changes nothing: the listener goes on as it was. */
  async tick(): Promise<void> {
    const { states, listener, autoStart, log } = this.options;
    try {
      const state = await states.ensure(listener.name, autoStart ? "running" : "stopped");
      const mustRestart = this.restartSeen !== undefined && this.restartSeen !== state.restartId;
      this.restartSeen = state.restartId;
      if (state.desiredState === "stopped" || mustRestart) await this.stop();
      if (mustRestart) this.startAfter = 0;
      if (state.desiredState === "running") this.start();
      await states.setActual(listener.name, this.report());
    } catch (error) {
      log.warn("the desired state could not be read", { service: listener.name, error });
    }
  }

  async end(): Promise<void> {
    await this.stop();
  }

  private start(): void {
    if (this.running !== undefined || performance.now() < this.startAfter || this.leadership.signal.aborted) return;
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, this.leadership.signal]);
    this.running = { abort, ended: this.run({ token: this.leadership.token, signal }) };
  }

  private async run(leadership: Leadership): Promise<void> {
    const { listener, log, backoffMinMs } = this.options;
    const startedAt = performance.now();
    try {
      await listener.run(leadership);
      if (leadership.signal.aborted) return;
      throw new Error("the listener ended by itself");
    } catch (error) {
      if (performance.now() - startedAt > BACKOFF_MAX_MS) this.backoffMs = backoffMinMs;
      this.failures += 1;
      this.lastError = error instanceof Error ? error.message : String(error);
      this.startAfter = performance.now() + this.backoffMs;
      log.error("a listener failed and will be started again", {
        service: listener.name,
        in_ms: this.backoffMs,
        error,
      });
      this.backoffMs = Math.min(this.backoffMs * 2, BACKOFF_MAX_MS);
    } finally {
      this.running = undefined;
    }
  }

  private async stop(): Promise<void> {
    const { running } = this;
    running?.abort.abort();
    await running?.ended;
  }

  private report(): unknown {
    const running = this.running !== undefined;
    return {
      at: new Date().toISOString(),
      instance: this.options.instance,
      running,
      restartSeen: this.restartSeen ?? 0,
      failures: this.failures,
      lastError: this.lastError,
      detail: running ? this.options.listener.report() : null,
    };
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
