import type { SectionConfig } from "./config/parse-env";
import type { processSection } from "./config/process-section";
import { type HealthServerOptions, startHealthServer } from "./health-server";
import { type HeartbeatOptions, startHeartbeat } from "./heartbeat-loop";
import type { Life } from "./process";

/** Before POLL_SECONDS_SCALE. */
const HEARTBEAT_MS = 60_000;

export interface ShowLifeDeps {
  readonly metrics: { readonly registry: NonNullable<HealthServerOptions["metrics"]> };
  readonly heartbeats: HeartbeatOptions["store"];
  /** Names this process and start: `<host>-<uuid>`. */
  readonly instance: string;
  readonly restartSeen?: HeartbeatOptions["restartSeen"];
  readonly logger: { warn(message: string, fields: { readonly error: unknown }): void };
}

/**
 * Makes a process visible from outside: probes and metrics on a listener of their own, and a heartbeat row. Both end with its
 * life. Called when every `readyWhen` is registered, or the first probes would find it ready too early.
 */
export async function showLife(
  life: Pick<Life, "checkReady" | "onStop">,
  process: SectionConfig<ReturnType<typeof processSection>>,
  { metrics, heartbeats, instance, restartSeen, logger }: ShowLifeDeps,
): Promise<{ readonly probesPort: number }> {
  const probes = await startHealthServer({
    port: process.metricsPort,
    host: process.metricsHost,
    checkReady: () => life.checkReady(),
    metrics: process.metricsEnabled ? metrics.registry : undefined,
  });
  life.onStop("probes", () => probes.close());
  const heartbeat = startHeartbeat({
    store: heartbeats,
    serviceName: process.serviceType,
    instance,
    restartSeen,
    periodMs: HEARTBEAT_MS * process.pollScale,
    onError: (error) => logger.warn("a heartbeat could not be written", { error }),
  });
  life.onStop("heartbeat", () => heartbeat.stop());
  return { probesPort: probes.port };
}
