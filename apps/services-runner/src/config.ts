import { arkdSection } from "@arkrelay/runtime/config/arkd-section";
import { backgroundSection } from "@arkrelay/runtime/config/background-section";
import { databaseSection } from "@arkrelay/runtime/config/database-section";
import { inventorySection } from "@arkrelay/runtime/config/inventory-section";
import { lightningSection } from "@arkrelay/runtime/config/lightning-section";
import { lndSection } from "@arkrelay/runtime/config/lnd-section";
import { nostrSection } from "@arkrelay/runtime/config/nostr-section";
import { parseEnv } from "@arkrelay/runtime/config/parse-env";
import { processSection } from "@arkrelay/runtime/config/process-section";
import { redisSection } from "@arkrelay/runtime/config/redis-section";
import { sessionSection } from "@arkrelay/runtime/config/session-section";
import { tapdSection } from "@arkrelay/runtime/config/tapd-section";

/** Throws a ConfigError that lists every bad variable. */
export function parseConfig(env: NodeJS.ProcessEnv) {
  return parseEnv(env, {
    process: processSection("services"),
    database: databaseSection,
    redis: redisSection,
    background: backgroundSection,
    arkd: arkdSection,
    lnd: lndSection,
    tapd: tapdSection,
    lightning: lightningSection,
    nostr: nostrSection,
    session: sessionSection,
    inventory: inventorySection,
  });
}

export type ServicesConfig = ReturnType<typeof parseConfig>;
