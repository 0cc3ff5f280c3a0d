import { freshKey, knowArkd, startTestApi, type TestApi } from "../../testing/test-api";

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ SOLVER_AUTH: "nip98" });
  await knowArkd(api);
});
afterAll(() => api.close());

/** A session over HTTP, and what would have made it one of Nostr. */
async function aSession(change = ""): Promise<string> {
  const [user, other] = [freshKey(), freshKey()];
  const params = { asset_id: "gBTC", amount: 1_000, recipient_pubkey: other.pubkey };
  const body = { user_pubkey: user.pubkey, session_type: "p2p_transfer", intent_data: { params } };
  const { body: made } = await api.call("POST", "/sessions/create", { as: user, body });
  const sessionId = String(made["session_id"]);
  if (change === "") return sessionId;
  await api.database.write(`UPDATE signing_sessions SET ${change} WHERE session_id = ?`, [sessionId]);
  return sessionId;
}

const list = async (query = "") => {
  const { body } = await api.call("GET", `/nostr/sessions${query}`, { admin: true });
  return body as {
    sessions: { session_id: string; user_pubkey: string; status: string }[];
    next_cursor: string | null;
  };
};

it("lists what an event of a relay began and that is not ended, newest first, page by page", async () => {
  await aSession();
  await aSession("session_id = SHA2(session_id, 256)");
  const requested = await aSession(`context = '{"request":{"request_id":"r","event_id":"e"}}'`);
  await aSession("session_id = SHA2(session_id, 256), status = 'failed'");
  const { sessions } = await list();
  expect(sessions.map(({ session_id }) => session_id.length)).toEqual([32, 64]);
  expect(sessions[0]).toMatchObject({ session_id: requested, status: "initiated" });
  expect(sessions[0]?.user_pubkey).toMatch(/^[0-9a-f]{8}\.\.\.$/);
  const first = await list("?limit=1");
  expect(first.sessions).toEqual([sessions[0]]);
  const second = await list(`?limit=1&cursor=${encodeURIComponent(first.next_cursor ?? "")}`);
  expect(second.sessions).toEqual([sessions[1]]);
});

it("is the operator's alone, and refuses a bad page", async () => {
  expect((await api.call("GET", "/nostr/sessions", { as: freshKey() })).status).toBe(401);
  expect(await api.call("GET", "/nostr/sessions?limit=0", { admin: true })).toMatchObject({
    status: 400,
    body: { code: "invalid_request" },
  });
});
