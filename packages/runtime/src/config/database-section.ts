import { boolean, integer, secret, text, url } from "./env-types";
import { defineSection } from "./parse-env";

const databaseUrl = () => url(["mysql", "mariadb", "mysql+pymysql"]);

const LOCAL_DATABASE = "mysql://arkrelay:arkrelay@127.0.0.1:3306/arkrelay";

const PLACEHOLDER_PASSWORDS: ReadonlySet<string> = new Set(["", "password", "arkrelay", "rootpassword", "changeme"]);

function hasPlaceholderPassword(value: string): boolean {
  return PLACEHOLDER_PASSWORDS.has(decodeURIComponent(new URL(value).password));
}

/** The running processes' connection. */
export const databaseSection = defineSection({
  variables: {
    DATABASE_URL: secret(databaseUrl().default(LOCAL_DATABASE)),
    DATABASE_TLS_CA: text().optional(),
    DB_POOL_SIZE: integer({ min: 1, max: 1000 }).default(10),
    DB_POOL_MAX_OVERFLOW: integer({ min: 0, max: 1000 }).default(5),
    DB_POOL_TIMEOUT: integer({ min: 1, max: 300 }).default(5),
    DB_POOL_RECYCLE: integer({ min: 10, max: 86_400 }).default(1800),
    DB_MIGRATE_ON_START: boolean().default(false),
  },
  requiredInProduction: ["DATABASE_URL"],
  check: (values, mode) =>
    mode.isProduction && hasPlaceholderPassword(values.DATABASE_URL)
      ? ["DATABASE_URL: its password is a placeholder"]
      : [],
  build: (values) => ({
    url: values.DATABASE_URL,
    tlsCa: values.DATABASE_TLS_CA,
    poolSize: values.DB_POOL_SIZE,
    maxOverflow: values.DB_POOL_MAX_OVERFLOW,
    acquireTimeoutMs: values.DB_POOL_TIMEOUT * 1000,
    recycleSeconds: values.DB_POOL_RECYCLE,
    migrateOnStart: values.DB_MIGRATE_ON_START,
  }),
});

/** The migrate command's connection: a user of its own in production, with rights the running processes do not have. */
export const migrateSection = defineSection({
  variables: {
    DATABASE_URL: secret(databaseUrl().default(LOCAL_DATABASE)),
    DATABASE_MIGRATE_URL: secret(databaseUrl().optional()),
    DATABASE_TLS_CA: text().optional(),
  },
  requiredInProduction: ["DATABASE_MIGRATE_URL"],
  check: (values, mode) => {
    const { DATABASE_MIGRATE_URL: migrateUrl } = values;
    if (!mode.isProduction || migrateUrl === undefined) return [];
    if (migrateUrl === values.DATABASE_URL) return ["DATABASE_MIGRATE_URL: must not equal DATABASE_URL in production"];
    return hasPlaceholderPassword(migrateUrl) ? ["DATABASE_MIGRATE_URL: its password is a placeholder"] : [];
  },
  build: (values) => ({ url: values.DATABASE_MIGRATE_URL ?? values.DATABASE_URL, tlsCa: values.DATABASE_TLS_CA }),
});
