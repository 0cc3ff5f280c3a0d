import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";

import { Queue } from "bullmq";
import express from "express";
import { Redis } from "ioredis";
import { createPool } from "mysql2/promise";

import { BARE_INSERT, BARE_QUEUE, bareQueueOptions } from "./bare-job";

/** The yardstick of POST /enqueue-user-process: no validation, no auth, one INSERT and one queue add per call. */
const pool = createPool({ uri: process.env["DATABASE_URL"] ?? "", connectionLimit: 15 });
const connection = new Redis(process.env["REDIS_URL"] ?? "", { maxRetriesPerRequest: null });
const queue = new Queue(BARE_QUEUE, { connection, ...bareQueueOptions });

const app = express();
app.disable("x-powered-by");
app.use(express.json());
app.post("/", async (req, res) => {
  const jobId = randomUUID();
  await pool.execute(BARE_INSERT, [jobId, JSON.stringify(req.body)]);
  await queue.add("job", { rowKey: jobId }, { jobId: `${jobId}-1`, removeOnComplete: true, removeOnFail: true });
  res.status(202).json({ message: "Job enqueued", job_id: jobId, job_status: "pending" });
});

const server = app.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
