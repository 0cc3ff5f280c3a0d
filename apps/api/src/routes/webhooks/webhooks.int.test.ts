import { DrizzleWebhookOutbox } from "@arkrelay/db/stores/webhook-outbox";

import { freshKey, startTestApi, type CallOptions, type TestAnswer, type TestApi } from "../../testing/test-api";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ SOLVER_AUTH: "nip98" });
});
afterAll(() => api.close());

const URL_OF_ME = "https://solver.example/hooks";

interface Solver {
  readonly key: ReturnType<typeof freshKey>;
  readonly call: (method: string, path: string, options?: CallOptions) => Promise<TestAnswer>;
}

function aSolver(): Solver {
  const key = freshKey();
  return { key, call: (method, path, options = {}) => api.call(method, path, { as: key, ...options }) };
}

async function aWebhook(solver: Solver, body: Readonly<Record<string, unknown>> = {}) {
  const answer = await solver.call("POST", "/webhooks", { body: { url: URL_OF_ME, events: ["*"], ...body } });
  expect(answer.status).toBe(201);
  const { webhook, secret } = answer.body as { webhook: { id: string }; secret: string };
  return { id: webhook.id, path: `/webhooks/${webhook.id}`, secret, answer };
}

/** Events for a solver as the gateway would announce them, with what became of their deliveries. */
async function aDelivery(solver: Solver, status: "pending" | "delivered" | "failed", n = 1): Promise<void> {
  const outbox = new DrizzleWebhookOutbox(api.database);
  await api.database.transactions.run((tx) =>
    outbox.announce(tx, {
      type: "job.completed",
      objectKey: `job:${n}`,
      audience: { kind: "principals", principals: [`nostr:${solver.key.pubkey}`] },
      dataFor: () => ({ n }),
    }),
  );
  await api.database.write(
    `UPDATE webhook_deliveries SET status = ?, attempts = 1, response_status = 500, finished_at = NOW(3),
       next_at = IF(? = 'pending', next_at, NULL),
       attempt_log = '[{"at":"2026-11-25T10:00:00.000Z","response_status":500,"latency_ms":12,"error":"Answered 500"}]'
     WHERE owner = ? ORDER BY id DESC LIMIT 1`,
    [status, status, `nostr:${solver.key.pubkey}`],
  );
}

const listOf = async (solver: Solver, path: string): Promise<readonly Record<string, unknown>[]> =>
  (await solver.call("GET", `${path}/deliveries`)).body["deliveries"] as Record<string, unknown>[];

describe("POST /webhooks", () => {
  it("makes an endpoint and shows its secret this once; only its sealed form is kept", async () => {
    const solver = aSolver();
    const { id, path, secret, answer } = await aWebhook(solver, {
      events: ["session.completed", "job.failed", "session.completed"],
      description: "mine",
      ordered: true,
    });
    expect(answer.body["webhook"]).toEqual({
      id: expect.stringMatching(/^wh_[0-9a-f]{32}$/),
      url: URL_OF_ME,
      events: ["session.completed", "job.failed"],
      description: "mine",
      ordered: true,
      status: "active",
      failure_count: 0,
      created_at: expect.any(String),
    });
    expect(answer.headers.get("location")).toBe(path);
    expect(Buffer.from(secret.replace(/^whsec_/, ""), "base64")).toHaveLength(32);
    const read = await solver.call("GET", path);
    expect(read.body["webhook"]).toEqual(answer.body["webhook"]);
    expect(read.text).not.toContain("whsec_");
    const rows = await api.database.select("SELECT secret FROM webhook_endpoints WHERE endpoint_id = ?", [id]);
    expect(String(rows[0]?.["secret"])).not.toContain(secret.slice(6, 20));
  });

  it.each([
    ["no URL", { url: "solver" }, 422, "webhook_url_refused"],
    ["another scheme", { url: "ftp://solver.example/" }, 422, "webhook_url_refused"],
    ["credentials", { url: "https://a:b@solver.example/" }, 422, "webhook_url_refused"],
    ["an unknown event", { events: ["session.exploded"] }, 400, "invalid_request"],
    ["no events", { events: [] }, 400, "invalid_request"],
    ["an event nobody may subscribe to", { events: ["webhook.test"] }, 400, "invalid_request"],
    ["too long a description", { description: "x".repeat(201) }, 400, "invalid_request"],
  ])("refuses %s", async (_, body, status, code) => {
    const answer = await aSolver().call("POST", "/webhooks", { body: { url: URL_OF_ME, events: ["*"], ...body } });
    expect({ status: answer.status, code: answer.body["code"] }).toEqual({ status, code });
  });

  it("stops at 20 endpoints per solver; another solver is not concerned", async () => {
    const solver = aSolver();
    for (let count = 0; count < 20; count++) await aWebhook(solver);
    const answer = await solver.call("POST", "/webhooks", { body: { url: URL_OF_ME, events: ["*"] } });
    expect({ status: answer.status, code: answer.body["code"] }).toEqual({ status: 422, code: "webhook_url_refused" });
    await aWebhook(aSolver());
  });

  it("gives the same answer, secret included, to the same Idempotency-Key", async () => {
    const solver = aSolver();
    const again = () =>
      solver.call("POST", "/webhooks", {
        body: { url: URL_OF_ME, events: ["*"] },
        headers: { "idempotency-key": "once" },
      });
    const [first, second] = [await again(), await again()];
    expect(second.headers.get("idempotent-replayed")).toBe("true");
    expect(second.body["secret"]).toBe(first.body["secret"]);
    expect((await solver.call("GET", "/webhooks")).body["total_count"]).toBe(1);
  });

  it("needs credentials, and of a key the scope", async () => {
    const body = { url: URL_OF_ME, events: ["*"] };
    expect((await api.call("POST", "/webhooks", { body })).status).toBe(401);
    const made = await api.call("POST", "/admin/api-keys", { admin: true, body: { name: "x", scopes: ["jobs"] } });
    const headers = { authorization: `Bearer ${String(made.body["key"])}` };
    const answer = await api.call("POST", "/webhooks", { body, headers });
    expect({ status: answer.status, code: answer.body["code"] }).toEqual({ status: 403, code: "scope_missing" });
  });
});

describe("an endpoint", () => {
  it("of somebody else does not exist, on any route", async () => {
    const owner = aSolver();
    const { path } = await aWebhook(owner);
    await aDelivery(owner, "failed");
    const [delivery] = await listOf(owner, path);
    const stranger = aSolver();
    const missing = await stranger.call("GET", "/webhooks/wh_missing");
    const calls: readonly (readonly [string, string, CallOptions?])[] = [
      ["GET", path],
      ["PATCH", path, { body: { status: "paused" } }],
      ["DELETE", path],
      ["POST", `${path}/rotate-secret`],
      ["POST", `${path}/test`],
      ["POST", `${path}/replay`, { body: {} }],
      ["GET", `${path}/deliveries`],
      ["GET", `${path}/deliveries/${String(delivery?.["id"])}`],
      ["POST", `${path}/deliveries/${String(delivery?.["id"])}/redeliver`],
    ];
    for (const [method, target, options] of calls) {
      const answer = await stranger.call(method, target, options);
      expect([method, target, answer.status, answer.body["code"]]).toEqual([method, target, 404, "not_found"]);
      expect(Object.keys(answer.body).toSorted()).toEqual(Object.keys(missing.body).toSorted());
    }
    expect((await owner.call("GET", path)).body["webhook"]).toMatchObject({ status: "active" });
    expect(await listOf(owner, path)).toHaveLength(1);
  });

  it("is listed for its owner, page by page, and all of them for the operator", async () => {
    const [solver, other] = [aSolver(), aSolver()];
    const ids = [];
    for (let count = 0; count < 3; count++) ids.push((await aWebhook(solver)).id);
    const { id: foreign } = await aWebhook(other);
    const first = await solver.call("GET", "/webhooks?limit=2");
    const next = String(first.body["next_cursor"]);
    const second = await solver.call("GET", `/webhooks?limit=2&cursor=${encodeURIComponent(next)}`);
    const idsOf = (answer: TestAnswer) => (answer.body["webhooks"] as { id: string }[]).map(({ id }) => id);
    expect([...idsOf(first), ...idsOf(second)]).toEqual(ids.toReversed());
    expect(second.body["next_cursor"]).toBeNull();
    expect((await other.call("GET", `/webhooks?cursor=${encodeURIComponent(next)}`)).status).toBe(400);
    const seen = idsOf(await api.call("GET", "/webhooks?limit=200", { admin: true }));
    expect(seen).toEqual(expect.arrayContaining([...ids, foreign]));
  });

  it("is changed only where the call says so", async () => {
    const solver = aSolver();
    const { path } = await aWebhook(solver, { description: "old" });
    const changed = await solver.call("PATCH", path, {
      body: { url: "https://new.example/", events: ["job.failed"], description: null, status: "paused" },
    });
    expect(changed.body["webhook"]).toMatchObject({
      url: "https://new.example/",
      events: ["job.failed"],
      description: null,
      status: "paused",
      ordered: false,
    });
    const again = await solver.call("PATCH", path, { body: { ordered: true } });
    expect(again.body["webhook"]).toMatchObject({ url: "https://new.example/", status: "paused", ordered: true });
    expect((await solver.call("PATCH", path, { body: { url: "ftp://x.example" } })).status).toBe(422);
  });

  it("that the gateway paused is started by its owner, and forgets why", async () => {
    const solver = aSolver();
    const { id, path } = await aWebhook(solver);
    await api.database.write(
      `UPDATE webhook_endpoints SET status = 'paused', disabled_reason = 'No delivery succeeded for 5 days', failure_count = 9,
         failing_since = NOW(3) WHERE endpoint_id = ?`,
      [id],
    );
    expect((await solver.call("GET", path)).body["webhook"]).toMatchObject({
      status: "paused",
      disabled_reason: "No delivery succeeded for 5 days",
      failure_count: 9,
    });
    const started = await solver.call("PATCH", path, { body: { status: "active" } });
    expect(started.body["webhook"]).toMatchObject({ status: "active", failure_count: 0 });
    expect(started.body["webhook"]).not.toHaveProperty("disabled_reason");
  });

  it("is deleted with what was still to be sent", async () => {
    const solver = aSolver();
    const { path } = await aWebhook(solver);
    await aDelivery(solver, "pending");
    await aDelivery(solver, "delivered", 2);
    expect((await solver.call("DELETE", path)).status).toBe(204);
    expect((await solver.call("GET", path)).status).toBe(404);
    const rows = await api.database.select("SELECT status FROM webhook_deliveries WHERE owner = ?", [
      `nostr:${solver.key.pubkey}`,
    ]);
    expect(rows).toEqual([{ status: "delivered" }]);
  });

  it("gets a new secret; the old one signs for 24 hours more", async () => {
    const solver = aSolver();
    const { path, secret } = await aWebhook(solver);
    const rotated = await solver.call("POST", `${path}/rotate-secret`);
    expect(rotated.body["secret"]).toMatch(/^whsec_/);
    expect(rotated.body["secret"]).not.toBe(secret);
    const hours = (Date.parse(String(rotated.body["previous_valid_until"])) - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(23.9);
    expect(hours).toBeLessThanOrEqual(24);
  });
});

describe("the deliveries of an endpoint", () => {
  it("begin with a test, whatever it is subscribed to, under the request's id", async () => {
    const solver = aSolver();
    const { id, path } = await aWebhook(solver, { events: ["alert.fired"] });
    const queued = await solver.call("POST", `${path}/test`, { headers: { "x-request-id": "my-request" } });
    expect(queued.status).toBe(202);
    const deliveryPath = `${path}/deliveries/${String(queued.body["delivery_id"])}`;
    expect(queued.headers.get("location")).toBe(deliveryPath);
    const { delivery } = (await solver.call("GET", deliveryPath)).body as { delivery: Record<string, unknown> };
    expect(delivery).toMatchObject({ event_type: "webhook.test", status: "pending", attempts: 0, attempt_log: [] });
    expect(delivery).toHaveProperty("next_attempt_at");
    expect(JSON.parse(String(delivery["request_body"]))).toMatchObject({
      type: "webhook.test",
      data: { webhook_id: id },
      request_id: "my-request",
    });
  });

  it("are listed newest first, filtered by status", async () => {
    const solver = aSolver();
    const { path } = await aWebhook(solver);
    await aDelivery(solver, "delivered", 1);
    await aDelivery(solver, "failed", 2);
    await aDelivery(solver, "pending", 3);
    expect((await listOf(solver, path)).map(({ status }) => status)).toEqual(["pending", "failed", "delivered"]);
    const failed = await solver.call("GET", `${path}/deliveries?status=failed`);
    expect(failed.body["deliveries"]).toMatchObject([{ status: "failed", event_type: "job.completed", attempts: 1 }]);
    expect((await solver.call("GET", `${path}/deliveries?status=lost`)).status).toBe(400);
  });

  it("show every attempt, the body and the answer", async () => {
    const solver = aSolver();
    const { path } = await aWebhook(solver);
    await aDelivery(solver, "failed", 7);
    const [item] = await listOf(solver, path);
    const { body } = await solver.call("GET", `${path}/deliveries/${String(item?.["id"])}`);
    expect(body["delivery"]).toMatchObject({
      ...item,
      response_status: 500,
      attempt_log: [{ response_status: 500, latency_ms: 12, error: "Answered 500" }],
    });
    expect(JSON.parse(String((body["delivery"] as Record<string, unknown>)["request_body"]))).toMatchObject({
      type: "job.completed",
      data: { n: 7 },
    });
  });

  it("are sent again under the same event id, as a delivery of their own, as often as asked", async () => {
    const solver = aSolver();
    const { path } = await aWebhook(solver);
    await aDelivery(solver, "delivered");
    const [first] = await listOf(solver, path);
    const redeliver = () => solver.call("POST", `${path}/deliveries/${String(first?.["id"])}/redeliver`);
    const answers = [await redeliver(), await redeliver()];
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(answers.map(({ body }) => body["event_id"])).toEqual([first?.["event_id"], first?.["event_id"]]);
    const all = await listOf(solver, path);
    expect(new Set(all.map(({ id }) => id)).size).toBe(3);
    expect(new Set(all.map(({ event_id: eventId }) => eventId)).size).toBe(1);
  });

  it("that are still to be made are not sent twice", async () => {
    const solver = aSolver();
    const { path } = await aWebhook(solver);
    await aDelivery(solver, "pending");
    const [pending] = await listOf(solver, path);
    const answer = await solver.call("POST", `${path}/deliveries/${String(pending?.["id"])}/redeliver`);
    expect({ status: answer.status, code: answer.body["code"] }).toEqual({ status: 409, code: "wrong_state" });
    expect(await listOf(solver, path)).toHaveLength(1);
  });

  it("of another endpoint are not found under this one", async () => {
    const solver = aSolver();
    const first = await aWebhook(solver);
    await aDelivery(solver, "failed");
    const [delivery] = await listOf(solver, first.path);
    const second = await aWebhook(solver);
    expect((await solver.call("GET", `${second.path}/deliveries/${String(delivery?.["id"])}`)).status).toBe(404);
  });
});

describe("POST /webhooks/{id}/replay", () => {
  const eventIdsOf = (rows: readonly Record<string, unknown>[]) => rows.map((row) => row["event_id"]);

  it("sends what failed once more, oldest first, page by page, and nothing twice", async () => {
    const solver = aSolver();
    const { path } = await aWebhook(solver);
    for (const n of [1, 2, 3]) await aDelivery(solver, "failed", n);
    await aDelivery(solver, "delivered", 4);
    const originals = (await listOf(solver, path)).toReversed();
    const first = await solver.call("POST", `${path}/replay`, { body: { limit: 2 } });
    expect(first.body).toMatchObject({ replayed: 2, next_cursor: expect.any(String) });
    const second = await solver.call("POST", `${path}/replay`, {
      body: { limit: 2, cursor: first.body["next_cursor"] },
    });
    expect(second.body).toMatchObject({ replayed: 1, next_cursor: null });
    const copies = (await listOf(solver, path)).toReversed().slice(originals.length);
    expect(eventIdsOf(copies)).toEqual(eventIdsOf(originals.slice(0, 3)));
    expect(copies.map(({ status }) => status)).toEqual(["pending", "pending", "pending"]);
  });

  it("goes back to a time and no further, and to the events that are named", async () => {
    const solver = aSolver();
    const { path } = await aWebhook(solver);
    await aDelivery(solver, "delivered", 1);
    await api.database.write("UPDATE webhook_deliveries SET created_at = NOW(3) - INTERVAL 3 DAY WHERE owner = ?", [
      `nostr:${solver.key.pubkey}`,
    ]);
    await aDelivery(solver, "delivered", 2);
    const since = new Date(Date.now() - 86_400_000).toISOString();
    const replay = (body: Readonly<Record<string, unknown>>) => solver.call("POST", `${path}/replay`, { body });
    expect((await replay({ since, status: "all", events: ["job.failed"] })).body["replayed"]).toBe(0);
    expect((await replay({ since, status: "failed" })).body["replayed"]).toBe(0);
    expect((await replay({ since, status: "all", events: ["job.completed"] })).body["replayed"]).toBe(1);
  });

  it("refuses a cursor of other filters", async () => {
    const solver = aSolver();
    const { path } = await aWebhook(solver);
    for (const n of [1, 2]) await aDelivery(solver, "failed", n);
    const { body } = await solver.call("POST", `${path}/replay`, { body: { limit: 1 } });
    const other = await solver.call("POST", `${path}/replay`, {
      body: { limit: 1, status: "all", cursor: body["next_cursor"] },
    });
    expect(other.status).toBe(400);
  });
});
