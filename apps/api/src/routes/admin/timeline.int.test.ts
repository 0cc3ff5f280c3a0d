import { freshKey, knowArkd, startTestApi, type TestApi } from "../../testing/test-api";

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ SOLVER_AUTH: "nip98" });
  await knowArkd(api);
});
afterAll(() => api.close());

const read = (path: string, options: object = { admin: true }) => api.call("GET", path, options);

async function aSession(): Promise<string> {
  const [user, other] = [freshKey(), freshKey()];
  const params = { asset_id: "gBTC", amount: 1_000, recipient_pubkey: other.pubkey };
  const body = { user_pubkey: user.pubkey, session_type: "p2p_transfer", intent_data: { params } };
  const answer = await api.call("POST", "/sessions/create", { as: user, body });
  expect(answer.status).toBe(201);
  return String(answer.body["session_id"]);
}

it("shows an operator what was done for a session, and what it waits for", async () => {
  const sessionId = await aSession();
  const answer = await read(`/admin/sessions/${sessionId}/timeline`);
  expect(answer).toMatchObject({ status: 200, body: { stuck_reason: expect.stringContaining(sessionId) as string } });
  expect(answer.body["timeline"]).toMatchObject([
    { source: "http", what: "session opened: p2p_transfer", ref: sessionId, outcome: null },
  ]);
  expect((await read(`/admin/timeline?id=${sessionId}`)).body["timeline"]).toEqual(answer.body["timeline"]);
});

it("finds a job by its id and by the request that made it", async () => {
  const requestId = `req-${freshKey().pubkey.slice(0, 8)}`;
  const made = await api.call("POST", "/enqueue-demo", {
    as: freshKey(),
    body: {},
    headers: { "x-request-id": requestId },
  });
  const jobId = String(made.body["job_id"]);
  const byJob = await read(`/admin/timeline?id=${jobId}`);
  expect(byJob.body["timeline"]).toMatchObject([{ source: "http", what: "job inserted: sample_task", ref: jobId }]);
  expect((await read(`/admin/timeline?id=${requestId}`)).body["timeline"]).toEqual(byJob.body["timeline"]);
});

it("finds what an operator did by the request", async () => {
  const requestId = `req-${freshKey().pubkey.slice(0, 8)}`;
  await api.call("POST", "/vtxos/cleanup", { admin: true, headers: { "x-request-id": requestId } });
  const { body } = await read(`/admin/timeline?id=${requestId}`);
  expect(body["timeline"]).toMatchObject([{ source: "http", what: expect.stringContaining("operator: ") as string }]);
});

it.each([
  ["/admin/timeline?id=nobody-has-seen-it", 404, "not_found"],
  ["/admin/timeline?id=", 400, "invalid_request"],
  ["/admin/timeline", 400, "invalid_request"],
  ["/admin/timeline?id=%E2%82%BF", 400, "invalid_request"],
  ["/admin/sessions/nobody-has-seen-it/timeline", 404, "not_found"],
])("answers %s with %i %s", async (path, status, code) => {
  expect(await read(path)).toMatchObject({ status, body: { code } });
});

it("is the operator's alone, of a session's own user too", async () => {
  const sessionId = await aSession();
  for (const path of [`/admin/sessions/${sessionId}/timeline`, `/admin/timeline?id=${sessionId}`]) {
    expect(await read(path, { as: freshKey() })).toMatchObject({ status: 401, body: { code: "admin_key_required" } });
    expect((await read(path, {})).status).toBe(401);
  }
});
