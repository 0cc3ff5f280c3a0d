import { StaleAttempt, type Attempt } from "@arkrelay/core/jobs/attempt-store";

import { openTestDatabase, type TestDatabase } from "../testing/test-database";
import { DrizzleExternalCallStore } from "./external-call-store";

let test: TestDatabase;
let calls: DrizzleExternalCallStore;

beforeAll(async () => {
  test = await openTestDatabase();
  calls = new DrizzleExternalCallStore(test.database);
});
afterAll(() => test.close());
beforeEach(() => test.empty());

const ATTEMPT: Attempt = {
  task: "lightning_send_onchain",
  rowKey: "0c0ffee0-0000-4000-8000-000000000001",
  token: "token-1",
  wakeSeq: 1,
  tries: { used: 0, max: 5 },
  startedAt: new Date(),
  job: undefined,
};
const CALL = { service: "lnd", kind: "send_onchain", businessKey: ATTEMPT.rowKey, request: { amount_sats: 1 } };

const run: TestDatabase["database"]["transactions"]["run"] = (work) => test.database.transactions.run(work);
const begin = (attempt = ATTEMPT) => run((tx) => calls.begin(tx, attempt, CALL));
const end = (outcome: Parameters<DrizzleExternalCallStore["end"]>[3]) =>
  run((tx) => calls.end(tx, ATTEMPT, CALL, outcome));

async function insertRunningJob(cancelRequested = false): Promise<void> {
  await test.database.write(
    `INSERT INTO job_logs (job_id, task, job_type, queue, status, payload, owner, attempts, max_attempts, run_at, wake_seq,
       attempt_token, cancel_requested, created_at, updated_at)
     VALUES (?, 'lightning_send_onchain', 'lightning_send_onchain', 'ops', 'running', '{}', 'admin', 0, 5, NOW(3), 1, ?, ?, NOW(3), NOW(3))`,
    [ATTEMPT.rowKey, ATTEMPT.token, cancelRequested ? 1 : 0],
  );
}

describe("the intention before a write", () => {
  it("commits the job to its write, so that a cancel comes too late", async () => {
    await insertRunningJob();
    expect(await begin()).toBe(true);
    expect(await calls.find(CALL)).toMatchObject({ state: "sent", externalId: undefined });
    const [row] = await test.database.select("SELECT committed_at IS NOT NULL AS committed FROM job_logs");
    expect(row).toMatchObject({ committed: 1 });
  });

  it("is not written when a cancel came first", async () => {
    await insertRunningJob(true);
    expect(await begin()).toBe(false);
    expect(await calls.find(CALL)).toBeUndefined();
  });

  it("is not written by an attempt that has lost its row", async () => {
    await insertRunningJob();
    await expect(begin({ ...ATTEMPT, token: "older" })).rejects.toThrow(StaleAttempt);
    expect(await calls.find(CALL)).toBeUndefined();
  });

  it("can be taken up again after a certain refusal, and its outcome is kept", async () => {
    await insertRunningJob();
    await begin();
    await end({ state: "failed", error: "not enough funds" });
    expect(await calls.find(CALL)).toMatchObject({ state: "failed" });
    await begin();
    expect(await calls.find(CALL)).toMatchObject({ state: "sent" });
    await end({ state: "unknown", error: "no answer" });
    expect(await calls.find(CALL)).toMatchObject({ state: "unknown" });
    await end({ state: "confirmed", externalId: "txid" });
    await end({ state: "failed", error: "too late" });
    expect(await calls.find(CALL)).toMatchObject({ state: "confirmed", externalId: "txid" });
  });
});
