import { ReadyReply } from "@arkrelay/core/http/status";

import { readRoute } from "../../http/route";
import { areDaemonsHealthy, readOutside, succeeds } from "./probes";

export const readyRoute = readRoute({
  path: "/ready",
  summary: "Whether this process may get traffic",
  auth: ["public"],
  replies: { 200: ReadyReply, 503: ReadyReply },
}).handle(async ({ deps }) => {
  const { status } = deps;
  const [draining, database, schema, redis, { daemons }] = await Promise.all([
    status.isDraining(),
    succeeds(status.pingDatabase),
    succeeds(status.checkSchema),
    succeeds(status.pingRedis),
    readOutside(deps),
  ]);
  const error = findReason({ draining, database, schema, metRedis: status.hasMetRedis() });
  return {
    status: error === undefined ? 200 : 503,
    body: {
      ready: error === undefined,
      redis_connected: redis,
      database_connected: database,
      grpc_available: areDaemonsHealthy(daemons),
      ...(error !== undefined && { error }),
    },
  };
});

interface Found {
  readonly draining: boolean;
  readonly database: boolean;
  readonly schema: boolean;
  readonly metRedis: boolean;
}

/** A Redis that was lost later is no reason: requests are answered without it. */
function findReason(found: Found): string | undefined {
  if (found.draining) return "The process is stopping.";
  if (!found.database) return "The database is not reachable.";
  if (!found.schema) return "The database lacks migrations of this release.";
  if (!found.metRedis) return "Redis was not reached since the start.";
  return undefined;
}
