import { boolean, decimal, integer, list, oneOf, port, secret, text, url } from "./env-types";
import { defineSection } from "./parse-env";
import { DEV_SECRET_KEY, findPlaceholders } from "./placeholder";

const SECRET_LENGTH_MIN = 32;

const perSecond = () => decimal({ min: 0.1, max: 100_000 });

/** The API's listener and who may call it. */
export const httpSection = defineSection({
  variables: {
    APP_HOST: text().optional(),
    APP_PORT: port().default(8000),
    WEB_WORKERS: integer({ min: 1 }).default(1),
    PUBLIC_BASE_URL: url(["http", "https"]).default("http://localhost:8000"),
    TRUST_PROXY: integer({ min: 0, max: 10 }).optional(),
    CORS_ORIGINS: list().prefault(""),
    SECRET_KEY: secret(text().default(DEV_SECRET_KEY)),
    ADMIN_API_KEY: secret(text().optional()),
    ADMIN_API_KEY_PREVIOUS: secret(text().optional()),
    ADMIN_ENABLED: boolean().default(true),
    SOLVER_AUTH: oneOf(["open", "nip98", "registered"]).optional(),
    SOLVER_API_KEYS: secret(list().prefault("")),
    RATE_LIMIT_ENABLED: boolean().optional(),
    RATE_LIMIT_IP_PER_SECOND: perSecond().default(20),
    RATE_LIMIT_KEY_PER_SECOND: perSecond().default(50),
    RATE_LIMIT_ADMIN_PER_SECOND: perSecond().default(5),
    RATE_LIMIT_AUTH_FAILURES_PER_SECOND: perSecond().default(5),
    IDEMPOTENCY_TTL_HOURS: integer({ min: 1, max: 24 * 90 }).default(48),
    CACHE_ENABLED: boolean().default(true),
    CACHE_DEFAULT_TTL: integer({ min: 1, max: 86_400 }).default(300),
  },
  requiredInProduction: ["PUBLIC_BASE_URL", "TRUST_PROXY", "SECRET_KEY", "ADMIN_API_KEY"],
  check: (values, mode) => {
    const problems: string[] = [];
    const solverAuth =
      values.SOLVER_AUTH ?? (mode.environment === "development" && !mode.isProduction ? "open" : "registered");
    if (values.SECRET_KEY.length < SECRET_LENGTH_MIN)
      problems.push(`SECRET_KEY: needs at least ${SECRET_LENGTH_MIN} characters`);
    for (const entry of values.SOLVER_API_KEYS) {
      if (!/^[^:]+:\S+$/.test(entry)) problems.push("SOLVER_API_KEYS: expected a comma list of name:key");
    }
    if (!mode.isProduction) return problems;
    if (solverAuth === "open") problems.push("SOLVER_AUTH: open is refused in production");
    if (values.RATE_LIMIT_ENABLED === false) problems.push("RATE_LIMIT_ENABLED: false is refused in production");
    if (values.SOLVER_API_KEYS.some((entry) => keyOf(entry).length < SECRET_LENGTH_MIN)) {
      problems.push(`SOLVER_API_KEYS: every key needs at least ${SECRET_LENGTH_MIN} characters in production`);
    }
    if (values.ADMIN_API_KEY !== undefined && values.ADMIN_API_KEY.length < SECRET_LENGTH_MIN) {
      problems.push(`ADMIN_API_KEY: needs at least ${SECRET_LENGTH_MIN} characters in production`);
    }
    const { SECRET_KEY, ADMIN_API_KEY, ADMIN_API_KEY_PREVIOUS } = values;
    const SOLVER_API_KEYS = values.SOLVER_API_KEYS.map(keyOf);
    const secrets = { SECRET_KEY, ADMIN_API_KEY, ADMIN_API_KEY_PREVIOUS, SOLVER_API_KEYS };
    return [...problems, ...findPlaceholders(secrets)];
  },
  build: (values, mode) => {
    const solverAuth =
      values.SOLVER_AUTH ?? (mode.environment === "development" && !mode.isProduction ? "open" : "registered");
    return {
      // Unsigned callers are trusted under `open`, so only this machine may call.
      host: values.APP_HOST ?? (solverAuth === "open" ? "127.0.0.1" : "0.0.0.0"),
      port: values.APP_PORT,
      publicBaseUrl: values.PUBLIC_BASE_URL.replace(/\/+$/, ""),
      trustProxy: values.TRUST_PROXY ?? 0,
      corsOrigins: values.CORS_ORIGINS,
      secretKey: values.SECRET_KEY,
      /** Accepted admin keys, the current one first; empty = admin routes answer 503. */
      adminKeys:
        values.ADMIN_ENABLED && values.ADMIN_API_KEY !== undefined
          ? [values.ADMIN_API_KEY, ...[values.ADMIN_API_KEY_PREVIOUS].filter((key) => key !== undefined)]
          : [],
      solverAuth,
      /** Keys to import once; the key itself is never stored. */
      bootstrapKeys: values.SOLVER_API_KEYS.map((entry) => ({
        name: entry.slice(0, entry.indexOf(":")),
        key: keyOf(entry),
      })),
      rateLimit: {
        enabled: values.RATE_LIMIT_ENABLED ?? mode.isProduction,
        ipPerSecond: values.RATE_LIMIT_IP_PER_SECOND,
        keyPerSecond: values.RATE_LIMIT_KEY_PER_SECOND,
        adminPerSecond: values.RATE_LIMIT_ADMIN_PER_SECOND,
        authFailuresPerSecond: values.RATE_LIMIT_AUTH_FAILURES_PER_SECOND,
      },
      idempotencyTtlMs: values.IDEMPOTENCY_TTL_HOURS * 3_600_000,
      cacheEnabled: values.CACHE_ENABLED,
      cacheTtlSeconds: values.CACHE_DEFAULT_TTL,
      /** More than one is not supported inside a process: run replicas. */
      webWorkers: values.WEB_WORKERS,
    };
  },
});

/** Of an entry `name:key`. */
function keyOf(entry: string): string {
  return entry.slice(entry.indexOf(":") + 1);
}
