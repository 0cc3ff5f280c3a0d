import { boolean, decimal, integer, keepEmpty, oneOf, port, text } from "./env-types";
import { defineSection } from "./parse-env";

const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

export type ServiceType = "api" | "worker" | "scheduler" | "services";

const METRICS_PORTS: Readonly<Record<ServiceType, number>> = {
  api: 8080,
  worker: 8081,
  scheduler: 8082,
  services: 8083,
};

/** Logs, probes and stopping: what every process of one kind needs. */
export function processSection(serviceType: ServiceType) {
  return defineSection({
    variables: {
      SERVICE_TYPE: oneOf(["api", "web", "worker", "scheduler", "services"]).optional(),
      SHUTDOWN_GRACE_SECONDS: integer({ min: 1, max: 3600 }).default(30),
      ENABLE_METRICS: boolean().default(true),
      METRICS_PORT: port().optional(),
      LOG_LEVEL: text()
        .toLowerCase()
        .transform((level) => (level === "warning" ? "warn" : level))
        .pipe(oneOf(LOG_LEVELS))
        .default("info"),
      LOG_FORMAT: oneOf(["json", "pretty"]).optional(),
      LOG_DIR: keepEmpty(text().default("./logs")),
      POLL_SECONDS_SCALE: decimal({ min: 0.01, max: 1 }).default(1),
      DEVNET: boolean().default(false),
    },
    check: (values, mode) => {
      const problems: string[] = [];
      const asked = values.SERVICE_TYPE === "web" ? "api" : values.SERVICE_TYPE;
      if (asked !== undefined && asked !== serviceType)
        problems.push(`SERVICE_TYPE: this is the ${serviceType} process`);
      if (mode.isProduction && values.POLL_SECONDS_SCALE !== 1)
        problems.push("POLL_SECONDS_SCALE: only 1 is allowed in production");
      if (mode.isProduction && values.DEVNET) problems.push("DEVNET: refused in production");
      return problems;
    },
    build: (values, mode) => ({
      serviceType,
      graceMs: values.SHUTDOWN_GRACE_SECONDS * 1000,
      // Kubernetes keeps routing for some seconds after SIGTERM; a laptop does not.
      preStopMs: mode.isProduction ? Math.min(5_000, values.SHUTDOWN_GRACE_SECONDS * 250) : 0,
      metricsEnabled: values.ENABLE_METRICS,
      metricsPort: values.METRICS_PORT ?? METRICS_PORTS[serviceType],
      /** Probes and metrics are for the cluster; on a laptop nobody else should see them. */
      metricsHost: mode.isProduction ? "0.0.0.0" : "127.0.0.1",
      logLevel: values.LOG_LEVEL,
      logFormat: values.LOG_FORMAT ?? (mode.environment === "development" ? "pretty" : "json"),
      /** undefined = stdout only. */
      logDirectory: values.LOG_DIR === "" ? undefined : values.LOG_DIR,
      pollScale: values.POLL_SECONDS_SCALE,
      devnet: values.DEVNET,
    }),
  });
}
