import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { arkdSection } from "./arkd-section";
import { backgroundSection } from "./background-section";
import { ConfigError } from "./config-error";
import { databaseSection, migrateSection } from "./database-section";
import { httpSection } from "./http-section";
import type { Environment } from "./mode";
import { nostrSection } from "./nostr-section";
import { parseEnv } from "./parse-env";
import { processSection } from "./process-section";
import { redisSection } from "./redis-section";
import { sealingSection } from "./sealing-section";
import { sessionSection } from "./session-section";
import { webhookSection } from "./webhook-section";

const sections = {
  process: processSection("api"),
  http: httpSection,
  sealing: sealingSection,
  database: databaseSection,
  redis: redisSection,
  arkd: arkdSection,
  nostr: nostrSection,
  session: sessionSection,
  background: backgroundSection,
  webhook: webhookSection,
};

/** A complete production environment; each test breaks one thing of it. */
const production: Environment = {
  NODE_ENV: "production",
  BITCOIN_NETWORK: "mainnet",
  PUBLIC_BASE_URL: "https://gateway.test",
  TRUST_PROXY: "0",
  SECRET_KEY: "q8Zt2mV7xL4pN9sK1dR6yB3wH5jF0aGc",
  ADMIN_API_KEY: "m4Xe7Jb2Qr9Tz1Lk8Vn3Ds6Hp5Wg0YcA",
  ENCRYPTION_KEY: "3b1f".repeat(15) + "0a9c",
  DATABASE_URL: "mysql://app:Zk3q@db/arkrelay",
  REDIS_URL: "redis://redis:6379/0",
  ARKD_HOST: "arkd",
  ARKD_PORT: "7070",
  ARKD_SIGNER_PUBKEY: "ab".repeat(32),
  ARKD_FORFEIT_PUBKEY: "cd".repeat(32),
  GATEWAY_WALLET_SEED: "5c2e".repeat(15) + "77aa",
};

function problemsOf(env: Environment, chosen: Parameters<typeof parseEnv>[1] = sections): readonly string[] {
  try {
    parseEnv(env, chosen);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), "arkrelay-config-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

function secretFile(name: string, content: string, mode = 0o600): string {
  const file = path.join(directory, name);
  writeFileSync(file, content, { mode });
  return file;
}

describe("the configuration", () => {
  it("needs nothing on a laptop", () => {
    const config = parseEnv({}, sections);
    expect(config.mode).toEqual({ environment: "development", network: "regtest", isProduction: false });
    expect(config.http).toMatchObject({ host: "127.0.0.1", port: 8000, solverAuth: "open", adminKeys: [] });
    expect(config.session.l2FeeSats).toBe(10n);
    expect(config.process.logFormat).toBe("pretty");
  });

  it("starts in production when everything is there", () => {
    const config = parseEnv(production, sections);
    expect(config.mode.isProduction).toBe(true);
    expect(config.http).toMatchObject({ host: "0.0.0.0", solverAuth: "registered", rateLimit: { enabled: true } });
    expect(config.redis.requireAof).toBe(true);
  });

  it("lists all problems at once, by name, and never shows a value", () => {
    const problems = problemsOf({
      APP_PORT: "80000",
      DB_POOL_SIZE: "ten",
      ADMIN_ENABLED: "maybe",
      DATABASE_URL: "postgres://geheim@x",
      ENCRYPTION_KEY: "geheim",
    });
    expect(new Set(problems.map((problem) => problem.split(":")[0]))).toEqual(
      new Set(["ADMIN_ENABLED", "APP_PORT", "DATABASE_URL", "DB_POOL_SIZE", "ENCRYPTION_KEY"]),
    );
    expect(problems.join()).not.toContain("geheim");
  });

  it("takes the empty string for not set, and booleans in six spellings", () => {
    expect(parseEnv({ APP_PORT: "", LOG_DIR: "" }, sections)).toMatchObject({
      http: { port: 8000 },
      process: { logDirectory: undefined },
    });
    for (const [text, value] of Object.entries({
      true: true,
      "1": true,
      YES: true,
      false: false,
      "0": false,
      no: false,
    })) {
      expect(parseEnv({ DB_MIGRATE_ON_START: text }, sections).database.migrateOnStart).toBe(value);
    }
  });

  it("reads a secret from its file without the trailing newline, and refuses both ways at once", () => {
    const file = secretFile("admin", "the-admin-key\n");
    expect(parseEnv({ ADMIN_API_KEY_FILE: file }, sections).http.adminKeys).toEqual(["the-admin-key"]);
    expect(problemsOf({ ADMIN_API_KEY_FILE: file, ADMIN_API_KEY: "x" })).toEqual([
      "ADMIN_API_KEY: set together with ADMIN_API_KEY_FILE; keep one of them",
    ]);
    expect(problemsOf({ ADMIN_API_KEY_FILE: path.join(directory, "none") })).toEqual([
      "ADMIN_API_KEY_FILE: the file cannot be read",
    ]);
  });

  it("warns of a secret file others can read, and refuses it in production", () => {
    const file = secretFile("open", production["ADMIN_API_KEY"] ?? "", 0o644);
    expect(parseEnv({ ADMIN_API_KEY_FILE: file }, sections).warnings).toHaveLength(1);
    const { ADMIN_API_KEY: _, ...rest } = production;
    expect(problemsOf({ ...rest, ADMIN_API_KEY_FILE: file })).toEqual([
      "ADMIN_API_KEY_FILE: the file is readable by others; chmod o-r it",
    ]);
  });

  it("warns of a variable that looks like ours and is not, but not of what Kubernetes adds", () => {
    const env = { NOSTR_RELAY: "x", REDIS_SERVICE_HOST: "10.0.0.1", REDIS_PORT: "tcp://10.0.0.1:6379", HOME: "/root" };
    expect(parseEnv(env, sections).warnings).toEqual(["NOSTR_RELAY: unknown variable, ignored"]);
  });

  it("accepts the older names of the mode and refuses two different ones", () => {
    expect(parseEnv({ FLASK_ENV: "testing" }, sections).mode.environment).toBe("test");
    expect(problemsOf({ FLASK_ENV: "development", NODE_ENV: "test" })).toHaveLength(1);
  });
});

describe("production refuses to start", () => {
  it.each([
    ["without TRUST_PROXY", { TRUST_PROXY: undefined }, "TRUST_PROXY"],
    [
      "on mainnet with NODE_ENV=development and development secrets",
      { NODE_ENV: "development", SECRET_KEY: undefined },
      "SECRET_KEY",
    ],
    ["with open solver access", { SOLVER_AUTH: "open" }, "SOLVER_AUTH"],
    ["without rate limits", { RATE_LIMIT_ENABLED: "false" }, "RATE_LIMIT_ENABLED"],
    ["with a short admin key", { ADMIN_API_KEY: "short" }, "ADMIN_API_KEY"],
    ["with a placeholder secret", { SECRET_KEY: "please-change-me-please-change-me!" }, "SECRET_KEY"],
    [
      "with a development seed",
      { GATEWAY_WALLET_SEED: "6465762d77616c6c65742d736565642d6e6f742d666f722d6d61696e6e657421" },
      "GATEWAY_WALLET_SEED",
    ],
    ["with a placeholder database password", { DATABASE_URL: "mysql://user:password@db/arkrelay" }, "DATABASE_URL"],
    ["with plaintext gRPC", { GRPC_ALLOW_PLAINTEXT: "true", ARKD_HOST: "localhost" }, "GRPC_ALLOW_PLAINTEXT"],
    ["with ws:// relays, even while Nostr is stopped", { NOSTR_RELAYS: "wss://r,ws://r" }, "NOSTR_RELAYS"],
    ["with a short bootstrap key", { SOLVER_API_KEYS: "demo:x8Fq2" }, "SOLVER_API_KEYS"],
    ["with batches nobody presigns", { BATCH_PRESIGN: "none" }, "BATCH_PRESIGN"],
    ["with webhooks into private networks", { WEBHOOK_ALLOW_PRIVATE: "true" }, "WEBHOOK_ALLOW_PRIVATE"],
    ["with DEVNET", { DEVNET: "true" }, "DEVNET"],
    ["with scaled polling", { POLL_SECONDS_SCALE: "0.1" }, "POLL_SECONDS_SCALE"],
    ["with unpinned arkd keys", { ARKD_SIGNER_PUBKEY: undefined }, "ARKD_SIGNER_PUBKEY"],
  ])("%s", (_, change: Environment, name) => {
    expect(problemsOf({ ...production, ...change }).map((problem) => problem.split(":")[0])).toEqual([name]);
  });

  it("to migrate as the runtime user", () => {
    const env = { NODE_ENV: "production", BITCOIN_NETWORK: "signet", DATABASE_URL: "mysql://app:Zk3q@db/a" };
    const migration = { migration: migrateSection };
    expect(problemsOf(env, migration)).toEqual(["DATABASE_MIGRATE_URL: required in production"]);
    expect(problemsOf({ ...env, DATABASE_MIGRATE_URL: env.DATABASE_URL }, migration)).toHaveLength(1);
    expect(problemsOf({ ...env, DATABASE_MIGRATE_URL: "mysql://owner:Xy7r@db/a" }, migration)).toEqual([]);
  });
});
