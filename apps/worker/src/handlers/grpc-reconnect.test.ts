import type { Heartbeat } from "@arkrelay/db/stores/heartbeat-store";

import type { TaskContext } from "../task-handler";
import { grpcReconnectTask } from "./grpc-reconnect";

type Payload = Parameters<ReturnType<typeof grpcReconnectTask>>[0]["payload"];

let beats: Heartbeat[];

function beat(serviceName: string, restartSeen: number, isAlive = true): Heartbeat {
  return { id: 1, serviceName, instance: `${serviceName}-1`, isAlive, restartSeen, timestamp: new Date() };
}

function run(waitMs: number, onLook: () => void = () => undefined) {
  const listLatest = () => {
    onLook();
    return Promise.resolve(beats);
  };
  const task = grpcReconnectTask({ heartbeats: { listLatest }, aliveSeconds: 180, pollMs: 1, waitMs });
  const context: Partial<TaskContext<Payload>> = {
    payload: { v: 1, service: "lnd", restartId: 2 },
    signal: new AbortController().signal,
    progress: () => undefined,
  };
  return task(context as TaskContext<Payload>);
}

test("ends when every live process with daemons has obeyed; the scheduler and the dead are not waited for", async () => {
  beats = [beat("api", 2), beat("worker", 1), beat("services", 3), beat("scheduler", 0), beat("api", 0, false)];
  let looks = 0;
  const { result } = await run(60_000, () => {
    looks += 1;
    if (looks === 3) beats[1] = beat("worker", 2);
  });
  expect(result).toEqual({
    service: "lnd",
    restart_id: 2,
    instances: ["api api-1", "worker worker-1", "services services-1"],
  });
});

test("fails by naming who has not obeyed in time", async () => {
  beats = [beat("api", 2), beat("worker", 1)];
  await expect(run(0)).rejects.toMatchObject({
    code: "not_ready",
    message: expect.stringContaining("worker worker-1"),
  });
});
