import { randomBytes } from "node:crypto";
import { PassThrough } from "node:stream";

import { testKey, TEST_ARK_PARAMS, ARKD_FORFEIT, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import type { Database } from "@arkrelay/db/connection";
import { DrizzleArkInfoStore } from "@arkrelay/db/stores/ark-info-store";
import { openTestDatabase } from "@arkrelay/db/testing/test-database";
import { createLogger } from "@arkrelay/runtime/logger";

import type { ApiDeps } from "../api-deps";
import { createApp } from "../app";
import { parseConfig } from "../config";
import { openDeps, type DepsLife, type OpenOptions } from "../deps";
import { listen } from "../listen";
import { nip98Header } from "./nip98-header";

export const ADMIN_KEY = "an admin key of at least thirty-two characters";
/** Another name than the listener's, as behind a proxy: NIP-98 signs this one. */
export const PUBLIC_URL = "http://gateway.test";

export interface CallOptions {
  readonly body?: unknown;
  /** Instead of JSON of `body`. */
  readonly rawBody?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Signs the call (NIP-98). */
  readonly as?: TestKey;
  readonly admin?: boolean;
}

export interface TestAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON; undefined without a body. */
  readonly body: Record<string, unknown>;
  readonly text: string;
}

export interface TestApi {
  readonly url: string;
  readonly deps: ApiDeps;
  readonly database: Database;
  call(method: string, path: string, options?: CallOptions): Promise<TestAnswer>;
  /** As a signal to stop does first. */
  drain(): void;
  close(): Promise<void>;
}

/** The whole API in this process on a free port, over real MariaDB and Redis. Every answer is held to its schema. */
export async function startTestApi(
  env: Readonly<Record<string, string>> = {},
  options: Pick<OpenOptions, "lnd" | "tapd"> = {},
): Promise<TestApi> {
  const test = await openTestDatabase();
  const closers: (() => void | Promise<void>)[] = [() => test.close()];
  let draining = false;
  const config = parseConfig({
    NODE_ENV: "test",
    BITCOIN_NETWORK: "regtest",
    DATABASE_URL: test.url,
    REDIS_URL: process.env["TEST_REDIS_URL"],
    PUBLIC_BASE_URL: PUBLIC_URL,
    ADMIN_API_KEY: ADMIN_KEY,
    NOSTR_RELAYS: "ws://127.0.0.1:1",
    LOG_DIR: "",
    LOG_LEVEL: "error",
    ...env,
  });
  const closeAll = async () => {
    for (const close of closers.toReversed()) await close();
  };
  const life: DepsLife = {
    onStop: (_name, close) => closers.push(close),
    checkReady: () => Promise.resolve({ ready: !draining, checks: {}, draining }),
  };
  const deps = await openDeps(config, life, {
    ...options,
    version: "0.0.0-test",
    // Failures of ours are provoked here on purpose; their lines would only hide the real ones.
    logger: createLogger({ service: "api", stream: new PassThrough().resume() }),
    queueNamespace: `arkrelay-test-${randomBytes(6).toString("hex")}`,
  }).catch(async (error: unknown) => {
    await closeAll();
    throw error;
  });
  const listener = await listen(createApp(deps), "127.0.0.1", 0);
  closers.push(
    () => listener.close(),
    () => {
      deps.streams.drain();
    },
  );
  const url = `http://127.0.0.1:${String(listener.port)}`;
  return {
    url,
    deps,
    database: test.database,
    call: (method, path, options = {}) => call(url, method, path, options),
    drain: () => {
      draining = true;
    },
    close: closeAll,
  };
}

async function call(url: string, method: string, path: string, options: CallOptions): Promise<TestAnswer> {
  const body = options.rawBody ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(options.admin === true && { "x-admin-key": ADMIN_KEY }),
      ...(options.as && { authorization: nip98Header(options.as, { method, url: PUBLIC_URL + path, body }) }),
      ...options.headers,
    },
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  const isJson = text !== "" && response.headers.get("content-type")?.includes("json") === true;
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
    text,
  };
}

/** A key of its own for each test, so that no test sees another's rows. */
export function freshKey(): TestKey {
  return testKey(randomBytes(8).toString("hex"));
}

/** Puts arkd's parameters where the services process keeps them. */
export async function knowArkd(api: TestApi): Promise<void> {
  await new DrizzleArkInfoStore(api.database).save({
    version: "0.0.0",
    signerPubkey: TEST_ARK_PARAMS.signerPubkey,
    forfeitPubkey: ARKD_FORFEIT.pubkey,
    checkpointTapscript: TEST_ARK_PARAMS.checkpointTapscript,
    network: "regtest",
    unilateralExitDelay: TEST_ARK_PARAMS.exitDelay,
    dustSats: 330n,
    vtxoMinSats: 330n,
    vtxoMaxSats: undefined,
    maxTxWeight: 40_000,
    maxOpReturnOutputs: 3,
    digest: "test",
    deprecatedSigners: [],
  });
}
