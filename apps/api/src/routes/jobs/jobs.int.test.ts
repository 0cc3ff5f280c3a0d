import { freshKey, startTestApi, type TestApi } from "../../testing/test-api";

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ SOLVER_AUTH: "nip98" });
});

afterAll(() => api.close());

async function enqueue(as = freshKey()): Promise<{ readonly as: typeof as; readonly jobId: string }> {
  const { body } = await api.call("POST", "/enqueue-user-process", { as, body: { user_id: "alice" } });
  return { as, jobId: String(body["job_id"]) };
}

describe("POST /enqueue-user-process", () => {
  it("answers with the id under which the job is then found", async () => {
    const as = freshKey();
    const answer = await api.call("POST", "/enqueue-user-process", {
      as,
      body: { user_id: "alice", action_type: "summary", data: { amount: 5 } },
    });
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ user_id: "alice", action_type: "summary", job_status: "pending" });
    expect(answer.headers.get("location")).toBe(`/jobs/${String(answer.body["job_id"])}`);
    const job = await api.call("GET", `/jobs/${String(answer.body["job_id"])}`, { as });
    expect(job.body).toMatchObject({
      job_id: answer.body["job_id"],
      job_type: "user_summary",
      status: "pending",
      dead: false,
    });
  });

  it("takes no body for the defaults", async () => {
    const answer = await api.call("POST", "/enqueue-user-process", { as: freshKey() });
    expect(answer.body).toMatchObject({ user_id: "unknown", action_type: "process" });
  });

  it("names each field that breaks its rule", async () => {
    const body = { user_id: "x".repeat(101), action_type: "No Spaces", data: [] };
    const answer = await api.call("POST", "/enqueue-user-process", { as: freshKey(), body });
    expect(answer).toMatchObject({ status: 400, body: { code: "invalid_request", retryable: false } });
    expect((answer.body["errors"] as { path: string }[]).map(({ path }) => path)).toEqual([
      "user_id",
      "action_type",
      "data",
    ]);
  });

  it("refuses more than 64 KiB of data", async () => {
    const body = { data: { text: "x".repeat(65_536) } };
    const answer = await api.call("POST", "/enqueue-user-process", { as: freshKey(), body });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: "data" }] } });
  });

  it("stays a 202 when the caller waits for a job that nobody runs", async () => {
    const answer = await api.call("POST", "/enqueue-user-process", { as: freshKey(), headers: { prefer: "wait=1" } });
    expect(answer.status).toBe(202);
  });

  it("answers the finished job to a caller that waits", async () => {
    const as = freshKey();
    const waiting = api.call("POST", "/enqueue-user-process", { as, headers: { prefer: "wait=5" } });
    for (let done = 0; done === 0;) {
      const { affectedRows } = await api.database.write("UPDATE job_logs SET status = 'completed' WHERE owner = ?", [
        `nostr:${as.pubkey}`,
      ]);
      done = affectedRows;
    }
    expect(await waiting).toMatchObject({ status: 200, body: { job_status: "completed" } });
  });
});

describe("GET /jobs/{job_id}", () => {
  it("answers somebody else's job exactly as one that does not exist", async () => {
    const { jobId } = await enqueue();
    const stranger = freshKey();
    const headers = { "x-request-id": "the-same" };
    const foreign = await api.call("GET", `/jobs/${jobId}`, { as: stranger, headers });
    const missing = await api.call("GET", "/jobs/00000000-0000-4000-8000-000000000000", { as: stranger, headers });
    expect(foreign.status).toBe(404);
    expect(foreign.text.replaceAll(jobId, "ID")).toBe(
      missing.text.replaceAll("00000000-0000-4000-8000-000000000000", "ID"),
    );
  });

  it("is the operator's to see", async () => {
    const { jobId } = await enqueue();
    expect((await api.call("GET", `/jobs/${jobId}`, { admin: true })).status).toBe(200);
  });
});

describe("GET /jobs", () => {
  it("pages through everything once, also while new jobs come in", async () => {
    const as = freshKey();
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push((await enqueue(as)).jobId);
    const seen: unknown[] = [];
    let cursor = "";
    do {
      const page = await api.call("GET", `/jobs?limit=2${cursor}`, { as });
      seen.push(...(page.body["jobs"] as { job_id: string }[]).map((job) => job.job_id));
      const next = page.body["next_cursor"];
      cursor = typeof next === "string" ? `&cursor=${next}` : "";
      await enqueue(as);
    } while (cursor !== "");
    expect(seen).toEqual(ids.toReversed());
  });

  it("leaves out what belongs to others", async () => {
    await enqueue();
    expect((await api.call("GET", "/jobs", { as: freshKey() })).body).toMatchObject({ jobs: [], total_count: 0 });
  });

  it("refuses a cursor that was made for other filters, and one that was made up", async () => {
    const as = freshKey();
    await enqueue(as);
    await enqueue(as);
    const first = await api.call("GET", "/jobs?limit=1", { as });
    const cursor = String(first.body["next_cursor"]);
    for (const query of [`status=pending&cursor=${cursor}`, "cursor=zz.AAAAAAAAAAAAAAAA", "cursor=x"]) {
      const answer = await api.call("GET", `/jobs?${query}`, { as });
      expect(answer).toMatchObject({ status: 400, body: { code: "invalid_request", errors: [{ path: "cursor" }] } });
    }
  });

  it("clamps a limit above the maximum and refuses one below 1 or that is no integer", async () => {
    const as = freshKey();
    expect((await api.call("GET", "/jobs?limit=1000", { as })).status).toBe(200);
    for (const limit of ["0", "-1", "1.5", "ten", "", "1&limit=2"]) {
      const answer = await api.call("GET", `/jobs?limit=${limit}`, { as });
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: "limit" }] } });
    }
  });

  it("ignores query parameters it does not know", async () => {
    expect((await api.call("GET", "/jobs?colour=red", { as: freshKey() })).status).toBe(200);
  });
});

describe("cancel and retry", () => {
  it("cancels a pending job, then runs it again under the same id", async () => {
    const { as, jobId } = await enqueue();
    const cancelled = await api.call("POST", `/jobs/${jobId}/cancel`, { as, body: { reason: "changed my mind" } });
    expect(cancelled).toMatchObject({ status: 202, body: { status: "cancelled", cancel_requested: false } });
    const again = await api.call("POST", `/jobs/${jobId}/cancel`, { as });
    expect(again).toMatchObject({ status: 409, body: { code: "job_not_cancellable" } });
    const retried = await api.call("POST", `/jobs/${jobId}/retry`, { as });
    expect(retried).toMatchObject({ status: 202, body: { job_id: jobId, status: "pending" } });
    const tooEarly = await api.call("POST", `/jobs/${jobId}/retry`, { as });
    expect(tooEarly).toMatchObject({ status: 409, body: { code: "job_not_retryable" } });
  });

  it("lets nobody cancel somebody else's job", async () => {
    const { as, jobId } = await enqueue();
    expect((await api.call("POST", `/jobs/${jobId}/cancel`, { as: freshKey() })).status).toBe(404);
    expect((await api.call("GET", `/jobs/${jobId}`, { as })).body).toMatchObject({ status: "pending" });
  });
});

describe("/enqueue-demo", () => {
  it("exists as GET outside production", async () => {
    const answer = await api.call("GET", "/enqueue-demo?message=hello", { as: freshKey() });
    expect(answer).toMatchObject({ status: 202, body: { job_status: "pending" } });
  });
});
