import { QUEUES } from "@arkrelay/core/jobs/catalog";
import { arkdSection } from "@arkrelay/runtime/config/arkd-section";
import { backgroundSection } from "@arkrelay/runtime/config/background-section";
import { ConfigError } from "@arkrelay/runtime/config/config-error";
import { databaseSection } from "@arkrelay/runtime/config/database-section";
import { lightningSection } from "@arkrelay/runtime/config/lightning-section";
import { lndSection } from "@arkrelay/runtime/config/lnd-section";
import { nostrSection } from "@arkrelay/runtime/config/nostr-section";
import { parseEnv } from "@arkrelay/runtime/config/parse-env";
import { processSection } from "@arkrelay/runtime/config/process-section";
import { redisSection } from "@arkrelay/runtime/config/redis-section";
import { sealingSection } from "@arkrelay/runtime/config/sealing-section";
import { sessionSection } from "@arkrelay/runtime/config/session-section";
import { settlementSection } from "@arkrelay/runtime/config/settlement-section";
import { tapdSection } from "@arkrelay/runtime/config/tapd-section";
import { webhookSection } from "@arkrelay/runtime/config/webhook-section";

const SECTIONS = {
  process: processSection("worker"),
  database: databaseSection,
  redis: redisSection,
  sealing: sealingSection,
  background: backgroundSection,
  arkd: arkdSection,
  lnd: lndSection,
  tapd: tapdSection,
  lightning: lightningSection,
  nostr: nostrSection,
  session: sessionSection,
  webhook: webhookSection,
  settlement: settlementSection,
};

/** Throws a ConfigError that lists every bad variable. */
export function parseConfig(env: NodeJS.ProcessEnv) {
  const config = parseEnv(env, SECTIONS);
  const unknown = (config.background.workerQueues ?? []).filter((name) => !QUEUES.some((queue) => queue === name));
  if (unknown.length > 0) {
    throw new ConfigError([`WORKER_QUEUES: no such queue ${unknown.join(", ")}; there are ${QUEUES.join(", ")}`]);
  }
  return config;
}

export type WorkerConfig = ReturnType<typeof parseConfig>;
