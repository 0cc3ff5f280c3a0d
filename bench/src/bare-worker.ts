import { Worker } from "bullmq";
import { Redis } from "ioredis";

import { BARE_QUEUE, bareQueueOptions } from "./bare-job";

/** The yardstick of the worker: takes jobs and does nothing. Counts the first `expected` and says when they are done. */
const expected = Number(process.env["EXPECTED"]);
const connection = new Redis(process.env["REDIS_URL"] ?? "", { maxRetriesPerRequest: null });
let done = 0;

const worker = new Worker(BARE_QUEUE, async () => {}, {
  connection,
  ...bareQueueOptions,
  concurrency: Number(process.env["CONCURRENCY"]),
  autorun: false,
  removeOnComplete: { count: 0 },
});
worker.on("completed", () => {
  done += 1;
  if (done === expected) process.send?.("done");
});
process.on("message", () => void worker.run());
process.send?.("ready");
