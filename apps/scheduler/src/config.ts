import { backgroundSection } from "@arkrelay/runtime/config/background-section";
import { databaseSection } from "@arkrelay/runtime/config/database-section";
import { parseEnv } from "@arkrelay/runtime/config/parse-env";
import { processSection } from "@arkrelay/runtime/config/process-section";
import { redisSection } from "@arkrelay/runtime/config/redis-section";
import { settlementSection } from "@arkrelay/runtime/config/settlement-section";

/** Throws a ConfigError that lists every bad variable. */
export function parseConfig(env: NodeJS.ProcessEnv) {
  return parseEnv(env, {
    process: processSection("scheduler"),
    database: databaseSection,
    redis: redisSection,
    background: backgroundSection,
    settlement: settlementSection,
  });
}

export type SchedulerConfig = ReturnType<typeof parseConfig>;
