import { arkdSection } from "@arkrelay/runtime/config/arkd-section";
import { backgroundSection } from "@arkrelay/runtime/config/background-section";
import { databaseSection } from "@arkrelay/runtime/config/database-section";
import { httpSection } from "@arkrelay/runtime/config/http-section";
import { inventorySection } from "@arkrelay/runtime/config/inventory-section";
import { lightningSection } from "@arkrelay/runtime/config/lightning-section";
import { lndSection } from "@arkrelay/runtime/config/lnd-section";
import type { Environment } from "@arkrelay/runtime/config/mode";
import { nostrSection } from "@arkrelay/runtime/config/nostr-section";
import { parseEnv } from "@arkrelay/runtime/config/parse-env";
import { processSection } from "@arkrelay/runtime/config/process-section";
import { redisSection } from "@arkrelay/runtime/config/redis-section";
import { sealingSection } from "@arkrelay/runtime/config/sealing-section";
import { sessionSection } from "@arkrelay/runtime/config/session-section";
import { tapdSection } from "@arkrelay/runtime/config/tapd-section";
import { webhookSection } from "@arkrelay/runtime/config/webhook-section";

/** Throws ConfigError with every bad variable at once. */
export function parseConfig(env: Environment) {
  return parseEnv(env, {
    process: processSection("api"),
    http: httpSection,
    database: databaseSection,
    redis: redisSection,
    sealing: sealingSection,
    session: sessionSection,
    inventory: inventorySection,
    nostr: nostrSection,
    arkd: arkdSection,
    lnd: lndSection,
    tapd: tapdSection,
    lightning: lightningSection,
    background: backgroundSection,
    webhook: webhookSection,
  });
}

export type ApiConfig = ReturnType<typeof parseConfig>;
