import { connectionOf } from "@arkrelay/db/transactions";

import { freshKey, startTestApi, type TestAnswer, type TestApi } from "../testing/test-api";

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ SOLVER_AUTH: "nip98" });
});

afterAll(() => api.close());

const ENQUEUE = "/enqueue-user-process";
const withKey = (key: string) => ({ "idempotency-key": key });

async function jobsOf(pubkey: string): Promise<number> {
  const [row] = await api.database.select("SELECT COUNT(*) AS n FROM job_logs WHERE owner = ?", [`nostr:${pubkey}`]);
  return Number(row?.["n"]);
}

describe("Idempotency-Key", () => {
  it("brings the stored answer, byte for byte, and does nothing a second time", async () => {
    const as = freshKey();
    const call = () => api.call("POST", ENQUEUE, { as, body: { user_id: "a" }, headers: withKey("one") });
    const first = await call();
    const second = await call();
    expect(second.status).toBe(202);
    expect(second.text).toBe(first.text);
    expect(first.headers.get("idempotent-replayed")).toBeNull();
    expect(second.headers.get("idempotent-replayed")).toBe("true");
    expect(second.headers.get("location")).toBe(first.headers.get("location"));
    expect(await jobsOf(as.pubkey)).toBe(1);
  });

  it("runs one effect for many calls at once", async () => {
    const as = freshKey();
    const call = () => api.call("POST", ENQUEUE, { as, body: { user_id: "a" }, headers: withKey("race") });
    const answers = await Promise.all(Array.from({ length: 8 }, call));
    expect(new Set(answers.map(({ body }) => body["job_id"])).size).toBe(1);
    expect(await jobsOf(as.pubkey)).toBe(1);
  });

  it("refuses the key with another body", async () => {
    const as = freshKey();
    await api.call("POST", ENQUEUE, { as, body: { user_id: "a" }, headers: withKey("two") });
    const other = await api.call("POST", ENQUEUE, { as, body: { user_id: "b" }, headers: withKey("two") });
    expect(other).toMatchObject({ status: 422, body: { code: "idempotency_mismatch" } });
    expect(await jobsOf(as.pubkey)).toBe(1);
  });

  it("refuses the key on another object of the same route", async () => {
    const as = freshKey();
    const ids: string[] = [];
    for (let i = 0; i < 2; i++) ids.push(String((await api.call("POST", ENQUEUE, { as })).body["job_id"]));
    const cancel = (id: string) => api.call("POST", `/jobs/${id}/cancel`, { as, headers: withKey("cancel") });
    expect((await cancel(ids[0] ?? "")).status).toBe(202);
    expect(await cancel(ids[1] ?? "")).toMatchObject({ status: 422, body: { code: "idempotency_mismatch" } });
  });

  it("never meets the same key of somebody else", async () => {
    const answers = [];
    for (const as of [freshKey(), freshKey()]) {
      answers.push(await api.call("POST", ENQUEUE, { as, body: {}, headers: withKey("shared") }));
    }
    expect(answers[0]?.body["job_id"]).not.toBe(answers[1]?.body["job_id"]);
  });

  it("answers 409 with Retry-After while the first call is still at work", async () => {
    const as = freshKey();
    const row = [`nostr:${as.pubkey}`, `POST ${ENQUEUE}`, "busy", "0".repeat(64)];
    let answer: TestAnswer | undefined;
    const holding = api.deps.transactions.run(async (tx) => {
      await connectionOf(tx).write(
        "INSERT INTO idempotency_keys (principal, route, `key`, body_sha256, state, expires_at) VALUES (?, ?, ?, ?, 'running', NOW(3) + INTERVAL 1 HOUR)",
        row,
      );
      answer = await api.call("POST", ENQUEUE, { as, headers: withKey("busy") });
      throw new Error("roll back");
    });
    await expect(holding).rejects.toThrow("roll back");
    expect(answer).toMatchObject({ status: 409, body: { code: "idempotency_in_progress", retryable: true } });
    expect(answer?.headers.get("retry-after")).toBe("1");
  });

  it("stores a refusal that will not change and gives it again as the problem document it was", async () => {
    const as = freshKey();
    const { body } = await api.call("POST", ENQUEUE, { as });
    const id = String(body["job_id"]);
    const retry = () => api.call("POST", `/jobs/${id}/retry`, { as, headers: withKey("refused") });
    const first = await retry();
    await api.call("POST", `/jobs/${id}/cancel`, { as });
    const second = await retry();
    expect(first).toMatchObject({ status: 409, body: { code: "job_not_retryable" } });
    expect(second.text).toBe(first.text);
    expect(second.headers.get("content-type")).toContain("application/problem+json");
    expect(second.headers.get("idempotent-replayed")).toBe("true");
  });

  it("releases the key of a call that broke its schema", async () => {
    const as = freshKey();
    const call = (body: unknown) => api.call("POST", ENQUEUE, { as, body, headers: withKey("fixed") });
    expect((await call({ user_id: 5 })).status).toBe(400);
    expect((await call({ user_id: "5" })).status).toBe(202);
  });

  it.each(["", "x".repeat(129), "caf\u00e9"])("refuses the key %j", async (key) => {
    const answer = await api.call("POST", ENQUEUE, { as: freshKey(), headers: withKey(key) });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: "Idempotency-Key" }] } });
  });
});
