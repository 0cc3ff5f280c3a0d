import { AppError } from "@arkrelay/core/errors";
import { requestJobCancel } from "@arkrelay/core/jobs/request-job-cancel";
import type { LightningNode } from "@arkrelay/core/ports/lightning-node";
import { DrizzleExternalCallStore } from "@arkrelay/db/stores/external-call-store";
import { DrizzleJobStore } from "@arkrelay/db/stores/job-store";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { ownerCaller } from "../testing/ceremony-world";
import { startTestWorker, type TestWorker } from "../testing/test-worker";
import { channelOpenTask, newAddressTask, sendOnchainTask } from "./operator-writes";

const TXID = "ef".repeat(32);
const OPEN = { v: 1, nodePubkey: `02${"ab".repeat(32)}`, amountSats: 100_000, isPrivate: false } as const;
const SEND = { v: 1, address: "bcrt1qexample0000", amountSats: 50_000 } as const;

let db: TestDatabase;
let worker: TestWorker;
let node: Partial<LightningNode>;

beforeAll(async () => {
  db = await openTestDatabase();
});
beforeEach(async () => {
  await db.empty();
  node = {};
  const lightning = new Proxy({} as LightningNode, {
    get: (_target, name: keyof LightningNode) => {
      const method = node[name];
      if (method === undefined) throw new Error(`${name} was not expected`);
      return method;
    },
  });
  const calls = new DrizzleExternalCallStore(db.database);
  const deps = { calls, transactions: db.database.transactions, lightning };
  worker = await startTestWorker(db, {
    lightning_channel_open: channelOpenTask(deps),
    lightning_send_onchain: sendOnchainTask(deps),
    lightning_new_address: newAddressTask({ ...deps, lightning: undefined }),
  });
});
afterEach(() => worker.close());
afterAll(() => db.close());

async function run(draft: Parameters<TestWorker["insert"]>[0]) {
  const { jobId, wakes } = await worker.insert(draft);
  await worker.wake(wakes);
  await worker.ends.of(jobId);
  return worker.get(jobId);
}

test("a channel is opened under the job's id, and the job says which one it is", async () => {
  const memos: string[] = [];
  node.openChannel = ({ memo }) => {
    memos.push(memo);
    return Promise.resolve({ channelPoint: `${TXID}:0` });
  };
  const job = await run({ task: "lightning_channel_open", payload: OPEN, owner: "admin" });
  expect(job).toMatchObject({ status: "completed", resultData: { channel_point: `${TXID}:0` } });
  expect(memos).toEqual([job?.jobId]);
});

test("a payment whose reply got lost is found by its label, and is neither sent again nor cancelled meanwhile", async () => {
  let sends = 0;
  let isSeen = false;
  node.sendOnchain = () => {
    sends += 1;
    return Promise.reject(new AppError("outcome_unknown"));
  };
  node.getInfo = () => Promise.resolve({ blockHeight: 100 } as Awaited<ReturnType<LightningNode["getInfo"]>>);
  node.listOnchainTransactions = () =>
    Promise.resolve(
      isSeen
        ? [
            {
              txid: TXID,
              amountSats: -50_200n,
              outputsSats: 0n,
              feeSats: 200n,
              confirmations: 0,
              blockHeight: 0,
              label: jobId,
            },
          ]
        : [],
    );
  const { jobId, wakes } = await worker.insert({ task: "lightning_send_onchain", payload: SEND, owner: "admin" });
  await worker.wake(wakes);
  await worker.ends.of(jobId, 1);
  const caller = { ...ownerCaller("aa".repeat(32)), isAdmin: true };
  const cancel = db.database.transactions.run((tx) =>
    requestJobCancel({ jobs: new DrizzleJobStore(db.database) }, tx, { jobId, caller }),
  );
  await expect(cancel).rejects.toMatchObject({ code: "job_not_cancellable" });
  isSeen = true;
  await db.database.write("UPDATE job_logs SET run_at = NOW(3) WHERE job_id = ?", [jobId]);
  // Another wake than the one that waits for the pause between two tries.
  await worker.wake([{ task: "lightning_send_onchain", rowKey: jobId, wakeSeq: 99, runAt: new Date() }]);
  await worker.ends.of(jobId, 2);
  expect(await worker.get(jobId)).toMatchObject({ status: "completed", resultData: { txid: TXID } });
  expect(sends).toBe(1);
});

test("without an lnd the job ends at once and says why", async () => {
  const job = await run({ task: "lightning_new_address", payload: { v: 1, type: "p2tr" }, owner: "admin" });
  expect(job).toMatchObject({ status: "failed", errorCode: "feature_disabled" });
});
