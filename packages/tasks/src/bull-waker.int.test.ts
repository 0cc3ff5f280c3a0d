import { randomUUID } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";

import type { Redis } from "ioredis";

import type { Wake } from "@arkrelay/core/ports/waker";
import { closeRedis, openRedis, waitForRedis } from "@arkrelay/runtime/redis";
import { testRedisUrl } from "@arkrelay/runtime/testing/test-redis";

import { BullWaker } from "./bull-waker";
import { readQueueStatus } from "./read-queue-status";
import { openWakeQueues, type WakeQueues } from "./wake-queues";

const namespace = `arkrelay-test-tasks-${process.env["JEST_WORKER_ID"] ?? "1"}`;

const aWake = (over: Partial<Wake> = {}): Wake => ({
  task: "sample_task",
  rowKey: randomUUID(),
  wakeSeq: 1,
  runAt: new Date(0),
  ...over,
});

describe("waking over Redis", () => {
  let redis: Redis;
  let queues: WakeQueues;
  let woken: Wake[];
  let lost: Wake[];
  let waker: BullWaker;

  const empty = async (): Promise<void> => {
    const keys = (await redis.keys("*")).filter((key) => key.startsWith(`{${namespace}:`));
    if (keys.length > 0) await redis.del(...keys);
  };

  beforeAll(async () => {
    redis = openRedis({ url: testRedisUrl(), role: "producer" });
    await waitForRedis(redis, 5_000);
    queues = openWakeQueues({ connection: redis, namespace, onError: () => undefined });
  });
  beforeEach(async () => {
    await empty();
    woken = [];
    lost = [];
    waker = new BullWaker({
      queues,
      budgetMs: 5_000,
      onWoken: (wakes) => woken.push(...wakes),
      onLost: (wakes) => lost.push(...wakes),
    });
  });
  afterAll(async () => {
    await empty();
    await queues.close();
    await closeRedis(redis);
  });

  const countsOf = async (name: string) => (await readQueueStatus(queues)).find((queue) => queue.name === name);

  it("puts every wake into the queue of its task, due ones and later ones", async () => {
    const later = new Date(Date.now() + 60_000);
    await waker.wake([
      aWake({ priority: 3, owner: "alice" }),
      aWake(),
      aWake({ runAt: later }),
      aWake({ task: "ceremony_drive" }),
    ]);
    expect(await countsOf("default")).toMatchObject({ waiting: 2, delayed: 1, active: 0, workers: 0 });
    expect(await countsOf("ceremonies")).toMatchObject({ waiting: 1 });
    expect([woken.length, lost.length]).toEqual([4, 0]);
  });

  it("keeps one wake of a row and sequence, and another one for the next sequence", async () => {
    const wake = aWake();
    await waker.wake([wake]);
    await waker.wake([wake]);
    await waker.wake([{ ...wake, wakeSeq: 2 }]);
    expect(await countsOf("default")).toMatchObject({ waiting: 2 });
  });

  it("takes hundreds at once", async () => {
    await waker.wake(Array.from({ length: 450 }, () => aWake()));
    expect(await countsOf("default")).toMatchObject({ waiting: 450 });
    expect(woken).toHaveLength(450);
  });
});

describe("waking without Redis", () => {
  let blackHole: Server;
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    // Accepts and never answers: the worst kind of outage.
    blackHole = createServer((socket) => sockets.add(socket));
    await new Promise<void>((resolve) => blackHole.listen(0, "127.0.0.1", resolve));
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => blackHole.close(resolve));
  });

  it("gives up within its budget, throws nothing and reports what the sweeper must find", async () => {
    const { port } = blackHole.address() as { port: number };
    const redis = openRedis({ url: `redis://127.0.0.1:${port}/0`, role: "producer" });
    const queues = openWakeQueues({ connection: redis, namespace, onError: () => undefined });
    const lost: Wake[] = [];
    const waker = new BullWaker({
      queues,
      budgetMs: 20,
      onWoken: () => expect("no wake was").toBe("confirmed"),
      onLost: (wakes) => lost.push(...wakes),
    });
    const wakes = [aWake(), aWake({ task: "vtxo_sync" })];
    await waker.wake(wakes);
    expect(lost).toEqual(wakes);
    await expect(readQueueStatus(queues, 20)).rejects.toMatchObject({ code: "queue_unavailable" });
    redis.disconnect();
  });
});
