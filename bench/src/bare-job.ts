/** The yardstick's table has the columns and indexes of job_logs, its queue is a plain BullMQ queue. */
export const BARE_TABLE = "bench_job_logs";

export const BARE_INSERT = `INSERT INTO ${BARE_TABLE} (job_id, task, job_type, queue, status, payload, owner, max_attempts, run_at, created_at, updated_at)
  VALUES (?, 'process_user_data', 'user_process', 'default', 'pending', ?, 'open', 3, NOW(3), NOW(3), NOW(3))`;

export const BARE_QUEUE = "bench";

export const bareQueueOptions = { prefix: "{bench}" } as const;
