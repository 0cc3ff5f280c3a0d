import type { Metrics } from "@arkrelay/runtime/metrics";
import type { Life } from "@arkrelay/runtime/process";
import { registerSharedMetrics } from "@arkrelay/runtime/shared-metrics";

import { openDatabase, type Database, type DatabaseOptions } from "./connection";
import { readSharedMetrics } from "./stores/read-shared-metrics";

/** The one pool of a process: timed, closed by its life, and read for the figures that every process's registry shows. */
export function openProcessDatabase(
  options: Omit<DatabaseOptions, "observeQuery">,
  life: Pick<Life, "onStop">,
  metrics: Metrics,
): Database {
  const database = openDatabase({
    ...options,
    observeQuery: (queryType, seconds) => metrics.databaseQueryDuration.observe({ query_type: queryType }, seconds),
  });
  life.onStop("mariadb", () => database.close());
  registerSharedMetrics(metrics.registry, () => readSharedMetrics(database));
  return database;
}
