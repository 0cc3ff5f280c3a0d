import { setTimeout as sleep } from "node:timers/promises";

import { toAppError } from "@arkrelay/core/errors";

import type { BreakerState } from "./daemon-observer";

/** One daemon in /health; null = not known. */
export interface DaemonHealth {
  readonly healthy: boolean;
  readonly latencyMs: number | null;
  readonly breaker: BreakerState;
  readonly version: string | null;
  /** Name of the newest failure (the daemon's own, a gRPC status, or our error code); of a healthy one: its warning. */
  readonly lastErrorCode: string | null;
  /** Of the daemon's certificate or our own, whichever ends first. */
  readonly certificateExpiresAt: Date | null;
  readonly checkedAt: Date | null;
}

/** What a daemon that serves says about itself. */
export interface DaemonStatus {
  readonly version: string;
  /** Worth an operator's look although it serves, e.g. not_synced. */
  readonly warning?: string;
}

/** The part of a DaemonLink a probe looks at. */
export interface ProbedLink {
  readonly breaker: BreakerState;
  readonly lastErrorCode: string | undefined;
  readonly certificateExpiresAt: Date | undefined;
  reconnectIfSecretsChanged(): void;
}

/** Renewing one may need other people: told this long before it ends. */
const CERTIFICATE_WARNING_MS = 30 * 86_400_000;

export interface DaemonProbeOptions {
  readonly link: ProbedLink;
  /** A cheap read that reaches the daemon; throws when it cannot be used. It goes through the breaker, so it closes an open one. */
  readonly readStatus: () => Promise<DaemonStatus>;
  /** HEALTH_CHECK_INTERVAL_SECONDS. */
  readonly intervalMs: number;
}

/** Asks a daemon again and again whether it is there, so that /health never has to. */
export class DaemonProbe {
  private last: Omit<DaemonHealth, "breaker" | "certificateExpiresAt"> = {
    healthy: false,
    latencyMs: null,
    version: null,
    lastErrorCode: null,
    checkedAt: null,
  };
  private readonly stopping = new AbortController();
  private loop: Promise<void> | undefined;

  constructor(private readonly options: DaemonProbeOptions) {}

  /** As of the last check; the breaker as of now. */
  get health(): DaemonHealth {
    const { breaker, certificateExpiresAt = null } = this.options.link;
    return { ...this.last, breaker, certificateExpiresAt };
  }

  start(): void {
    this.loop ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  async check(): Promise<DaemonHealth> {
    const { link, readStatus } = this.options;
    const startedAt = performance.now();
    try {
      link.reconnectIfSecretsChanged();
      const { version, warning } = await readStatus();
      const latencyMs = Math.round(performance.now() - startedAt);
      const lastErrorCode = warning ?? this.certificateWarning();
      this.last = { healthy: true, latencyMs, version, lastErrorCode, checkedAt: new Date() };
    } catch (thrown) {
      const { code, details } = toAppError(thrown);
      // It answered, but not as we may use it: wrong_network.
      const reason = details?.["reason"];
      const lastErrorCode = link.lastErrorCode ?? (typeof reason === "string" ? reason : code);
      this.last = { ...this.last, healthy: false, latencyMs: null, lastErrorCode, checkedAt: new Date() };
    }
    return this.health;
  }

  private certificateWarning(): string | null {
    const { certificateExpiresAt } = this.options.link;
    if (certificateExpiresAt === undefined) return null;
    return certificateExpiresAt.getTime() - Date.now() < CERTIFICATE_WARNING_MS ? "certificate_expiring" : null;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.check();
      await sleep(this.options.intervalMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}
