import { randomBytes, randomUUID } from "node:crypto";

import { insertJob } from "@arkrelay/core/jobs/insert-job";
import type { JobDraft } from "@arkrelay/core/jobs/job";
import type { Wake } from "@arkrelay/core/ports/waker";
import type { WebhookAudience, WebhookEventType } from "@arkrelay/core/webhook/webhook-event";
import { withLogContext } from "@arkrelay/runtime/log-context";
import { createSealer } from "@arkrelay/runtime/sealing";

import { readText } from "../row";
import { openTestDatabase, type TestDatabase } from "../testing/test-database";
import { DrizzleApiKeyStore } from "./api-key-store";
import { DrizzleAttemptStore } from "./job-attempt-store";
import { DrizzleJobStore } from "./job-store";
import { DrizzleSweepStore } from "./job-sweep-store";
import { DrizzleWebhookEndpointStore } from "./webhook-endpoint-store";
import { DrizzleWebhookOutbox } from "./webhook-outbox";

let test: TestDatabase;
let woken: Wake[];
let outbox: DrizzleWebhookOutbox;
let endpoints: DrizzleWebhookEndpointStore;

const waker = {
  wake: (wakes: readonly Wake[]): Promise<void> => {
    woken.push(...wakes);
    return Promise.resolve();
  },
};

beforeAll(async () => {
  test = await openTestDatabase();
});
beforeEach(async () => {
  await test.empty();
  woken = [];
  outbox = new DrizzleWebhookOutbox(test.database, waker);
  endpoints = new DrizzleWebhookEndpointStore(test.database, createSealer({ key: randomBytes(32) }));
});
afterAll(() => test.close());

const listen = (
  owner: string,
  events: readonly string[] = ["*"],
  url = `https://${owner.replace(/\W/g, "")}.example/`,
) =>
  test.database.transactions.run((tx) =>
    endpoints.insert(tx, {
      endpointId: `wh_${randomUUID()}`,
      owner,
      url,
      events,
      description: undefined,
      ordered: false,
      secret: "whsec_AAAA",
    }),
  );

const announce = (audience: WebhookAudience, type: WebhookEventType = "session.created") =>
  test.database.transactions.run((tx) =>
    outbox.announce(tx, { type, objectKey: "session:1", audience, dataFor: (owner) => ({ owner }) }),
  );

/** Who was told what, in the order it was written. */
async function told(): Promise<readonly (readonly [owner: string, type: string])[]> {
  const rows = await test.database.select("SELECT owner, event_type FROM webhook_deliveries ORDER BY id");
  return rows.map((row) => [readText(row, "owner"), readText(row, "event_type")]);
}

describe("an announcement", () => {
  it("is one delivery per subscribed endpoint of those who may hear it, all under one event id", async () => {
    await listen("key:a", ["session.created", "job.failed"]);
    await listen("key:a", ["*"], "https://second.example/");
    await listen("key:a", ["session.completed"], "https://other.example/");
    await listen("key:b");
    await announce({ kind: "principals", principals: ["key:a", "nostr:x"] });
    expect(await told()).toEqual([
      ["key:a", "session.created"],
      ["key:a", "session.created"],
    ]);
    const rows = await test.database.select("SELECT DISTINCT event_id FROM webhook_deliveries");
    expect(rows).toHaveLength(1);
  });

  it("for everyone reaches every owner, with the data that is its own", async () => {
    await listen("key:a");
    await listen("nostr:b");
    await announce({ kind: "everyone" }, "settlement.committed");
    const rows = await test.database.select("SELECT owner, body FROM webhook_deliveries ORDER BY id");
    expect(rows.map((row) => (JSON.parse(readText(row, "body")) as { data: unknown }).data)).toEqual([
      { owner: "key:a" },
      { owner: "nostr:b" },
    ]);
  });

  it("for everyone reaches all, however many there are", async () => {
    await test.database.write(
      `INSERT INTO webhook_endpoints (endpoint_id, owner, url, events, secret, status, calls, created_at, updated_at)
       SELECT CONCAT('wh_', seq), CONCAT('nostr:', seq MOD 50), 'https://x.example/', '["*"]', '', 'active', '[]', NOW(3), NOW(3)
       FROM seq_1_to_1200`,
    );
    await announce({ kind: "everyone" }, "asset.issued");
    const rows = await test.database.select(
      "SELECT COUNT(DISTINCT endpoint_id) AS n, COUNT(*) AS all_rows FROM webhook_deliveries",
    );
    expect(rows).toEqual([{ n: 1200, all_rows: 1200 }]);
    expect(woken).toHaveLength(1200);
  });

  it("for the operator reaches nobody else", async () => {
    await listen("key:a");
    await listen("admin");
    await announce({ kind: "admin" }, "alert.fired");
    expect(await told()).toEqual([["admin", "alert.fired"]]);
  });

  it("reaches the operator too, whoever it is about", async () => {
    await listen("admin");
    await announce({ kind: "principals", principals: ["key:a"] });
    expect(await told()).toEqual([["admin", "session.created"]]);
  });

  it("does not reach endpoints whose API key was revoked or has expired", async () => {
    const keys = new DrizzleApiKeyStore(test.database);
    for (const keyId of ["key_live", "key_revoked", "key_expired"]) {
      await keys.insert({ keyId, name: keyId, scopes: [], secretSha256: keyId });
      await listen(`key:${keyId}`);
    }
    await keys.revoke("key_revoked");
    await test.database.write(
      "UPDATE api_keys SET expires_at = NOW(3) - INTERVAL 1 SECOND WHERE key_id = 'key_expired'",
    );
    await announce({ kind: "everyone" });
    expect(await told()).toEqual([["key:key_live", "session.created"]]);
  });

  it("carries the id of the request it belongs to, and none where that is not known", async () => {
    await listen("key:a");
    const event = {
      type: "session.created",
      objectKey: "o",
      audience: { kind: "everyone" },
      dataFor: () => ({}),
    } as const;
    await withLogContext({ requestId: "around" }, () =>
      test.database.transactions.run(async (tx) => {
        await outbox.announce(tx, event);
        await outbox.announce(tx, { ...event, requestId: "own" });
        await outbox.announce(tx, { ...event, requestId: undefined });
      }),
    );
    const rows = await test.database.select("SELECT body FROM webhook_deliveries ORDER BY id");
    const ids = rows.map((row) => (JSON.parse(readText(row, "body")) as { request_id: unknown }).request_id);
    expect(ids).toEqual(["around", "own", null]);
  });

  it("reads nothing for its body while nobody listens", async () => {
    const dataFor = jest.fn(() => ({}));
    await listen("key:a", ["job.failed"]);
    await test.database.transactions.run((tx) =>
      outbox.announce(tx, {
        type: "session.created",
        objectKey: "session:1",
        audience: { kind: "principals", principals: ["key:a"] },
        dataFor,
      }),
    );
    expect(dataFor).not.toHaveBeenCalled();
  });

  it("is woken after the commit only, and queues behind the owner's own backlog", async () => {
    await listen("key:a");
    await expect(
      test.database.transactions.run(async (tx) => {
        await outbox.announce(tx, {
          type: "session.created",
          objectKey: "session:1",
          audience: { kind: "everyone" },
          dataFor: () => ({}),
        });
        throw new Error("undone");
      }),
    ).rejects.toThrow();
    expect(woken).toEqual([]);
    for (let count = 0; count < 3; count++) await announce({ kind: "everyone" });
    expect(woken.map(({ task, owner, priority }) => ({ task, owner, priority }))).toEqual(
      [1, 2, 3].map((priority) => ({ task: "webhook_deliver", owner: "key:a", priority })),
    );
  });

  it("whose wake was lost is found by the sweeper", async () => {
    await listen("key:a");
    outbox = new DrizzleWebhookOutbox(test.database);
    await announce({ kind: "everyone" });
    const sweep = new DrizzleSweepStore(test.database, { unwokenSeconds: 0 });
    expect(await sweep.listUnwoken("webhook_deliveries", 10)).toMatchObject([
      { task: "webhook_deliver", owner: "key:a", priority: 1, wakeSeq: 1 },
    ]);
  });
});

it("keeps secrets sealed, each bound to its endpoint and column", async () => {
  const endpoint = await listen("key:a");
  await test.database.transactions.run((tx) =>
    endpoints.rotateSecret(tx, endpoint, "whsec_BBBB", new Date(Date.now() + 1_000)),
  );
  const [row] = await test.database.select("SELECT secret, previous_secret FROM webhook_endpoints");
  for (const column of ["secret", "previous_secret"]) {
    expect(readText(row ?? {}, column)).toMatch(/^v1\.[0-9a-f]{8}\./);
    expect(readText(row ?? {}, column)).not.toMatch(/AAAA|BBBB/);
  }
});

describe("the end of a job", () => {
  const jobs = () => new DrizzleJobStore(test.database);
  const clock = { now: () => new Date() };
  const insert = (draft: Partial<JobDraft>) =>
    test.database.transactions.run((tx) =>
      insertJob({ jobs: jobs(), random: { uuid: randomUUID }, clock, pendingJobsMax: 100 }, tx, {
        task: "sample_task",
        payload: { v: 1, message: "hi" },
        owner: "key:a",
        ...draft,
      } as JobDraft),
    );
  const attempts = () => new DrizzleAttemptStore(test.database, { leaseSeconds: 20, waker });
  const take = async (jobId: string) => {
    const [taken] = await attempts().take("sample_task", [jobId]);
    if (taken?.kind !== "taken") throw new Error(`job ${jobId} is not due`);
    return taken.attempt;
  };
  const failure = { verdict: "never", errorCode: "internal_error", error: "no" } as const;

  it("is told to its maker with its result, in the transaction that ends it", async () => {
    await listen("key:a");
    await listen("key:b");
    const [done, failed, waiting] = await Promise.all([insert({ requestId: "first" }), insert({}), insert({})]);
    await attempts().end([
      { attempt: await take(done.jobId), end: { kind: "done", result: { sum: 3 } } },
      { attempt: await take(failed.jobId), end: { kind: "failed", ...failure } },
      { attempt: await take(waiting.jobId), end: { kind: "retry", delayMs: 1_000, ...failure } },
    ]);
    const rows = await test.database.select("SELECT owner, body FROM webhook_deliveries ORDER BY id");
    const bodies = rows.map((row) => JSON.parse(readText(row, "body")) as { type: string; data: { job_id: string } });
    expect(rows.map((row) => row["owner"])).toEqual(["key:a", "key:a"]);
    expect(bodies.toSorted((a, b) => (a.type < b.type ? -1 : 1))).toMatchObject([
      {
        type: "job.completed",
        data: { job_id: done.jobId, status: "completed", result_data: { sum: 3 } },
        request_id: "first",
      },
      {
        type: "job.failed",
        data: { job_id: failed.jobId, status: "failed", error_code: "internal_error" },
        request_id: null,
      },
    ]);
    expect(woken.filter(({ task }) => task === "webhook_deliver")).toHaveLength(2);
  });

  it("is nobody's event when it was ours", async () => {
    await listen("admin");
    const { jobId } = await insert({ owner: "system" });
    await attempts().end([{ attempt: await take(jobId), end: { kind: "done" } }]);
    expect(await told()).toEqual([]);
  });

  it("by five lost workers is a failure like others", async () => {
    await listen("key:a");
    const { jobId } = await insert({});
    const sweep = new DrizzleSweepStore(test.database);
    for (let lost = 0; lost < 5; lost++) {
      await take(jobId);
      await test.database.write("UPDATE job_logs SET attempt_lease_until = NOW(3) - INTERVAL 1 SECOND");
      await sweep.releaseLapsed("job_logs", 10);
    }
    expect(await told()).toEqual([["key:a", "job.failed"]]);
  });
});
