import { setTimeout as delay } from "node:timers/promises";

import { AppError } from "@arkrelay/core/errors";
import type { TaskPayload } from "@arkrelay/core/jobs/catalog";
import type { Heartbeat } from "@arkrelay/db/stores/heartbeat-store";

import type { TaskHandler } from "../task-handler";

export interface GrpcReconnectDeps {
  readonly heartbeats: { listLatest(withinSeconds: number): Promise<readonly Heartbeat[]> };
  /** Who is silent for longer than this is gone and confirms nothing any more. */
  readonly aliveSeconds: number;
  readonly pollMs: number;
  /** Shorter than the task's limit, so that it ends by naming who is missing. */
  readonly waitMs: number;
}

/** Processes with connections to daemons; the scheduler has none. */
const WITH_DAEMONS: ReadonlySet<string> = new Set(["api", "worker", "services"]);

/** Waits until every live process has obeyed the request that the route wrote down; fails with the names of those that have not. */
export function grpcReconnectTask(deps: GrpcReconnectDeps): TaskHandler<TaskPayload<"grpc_reconnect">> {
  return async ({ payload: { service, restartId }, signal, progress }) => {
    const untilMs = performance.now() + deps.waitMs;
    for (;;) {
      const live = await listLive(deps);
      const waiting = live.filter(({ restartSeen }) => restartSeen < restartId).map(nameOf);
      if (waiting.length === 0) {
        const result = { service, restart_id: restartId, instances: live.map(nameOf) };
        return { result, message: `${service} was dialled anew` };
      }
      if (performance.now() > untilMs) {
        throw new AppError("not_ready", { message: `Not everybody dialled ${service} anew: ${waiting.join(", ")}` });
      }
      progress(((live.length - waiting.length) / live.length) * 100, `waiting for ${waiting.join(", ")}`);
      await delay(deps.pollMs, undefined, { signal });
    }
  };
}

async function listLive({ heartbeats, aliveSeconds }: GrpcReconnectDeps): Promise<readonly Heartbeat[]> {
  const beats = await heartbeats.listLatest(aliveSeconds);
  return beats.filter(({ isAlive, serviceName }) => isAlive && WITH_DAEMONS.has(serviceName));
}

function nameOf({ serviceName, instance }: Heartbeat): string {
  return `${serviceName} ${instance}`;
}
