import type { TestKey } from "@arkrelay/core/testing/ark-transfer";

import { nip98Header, type SignedCall } from "../testing/nip98-header";
import { ADMIN_KEY, freshKey, PUBLIC_URL, startTestApi, type TestApi } from "../testing/test-api";

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ SOLVER_AUTH: "registered" });
});

afterAll(() => api.close());

const PATH = "/sessions?limit=5";
const body = JSON.stringify({ user_id: "alice" });

function signed(key: TestKey, call: Partial<SignedCall> = {}) {
  return { authorization: nip98Header(key, { method: "GET", url: PUBLIC_URL + PATH, ...call }) };
}

async function newKey(
  fields: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly id: string; readonly key: string }> {
  const made = await api.call("POST", "/admin/api-keys", { admin: true, body: { name: "solver", ...fields } });
  return { id: (made.body["api_key"] as { id: string }).id, key: String(made.body["key"]) };
}

describe("NIP-98", () => {
  const now = () => Math.floor(Date.now() / 1000);

  it("admits the key that signed exactly this request", async () => {
    expect((await api.call("GET", PATH, { headers: signed(freshKey()) })).status).toBe(200);
  });

  it("takes the method without regard to case", async () => {
    expect((await api.call("GET", PATH, { headers: signed(freshKey(), { method: "get" }) })).status).toBe(200);
  });

  it.each<readonly [string, () => Partial<SignedCall>]>([
    ["for another host", () => ({ url: `http://other.test${PATH}` })],
    ["for the address behind the proxy", () => ({ url: api.url + PATH })],
    ["for another path", () => ({ url: `${PUBLIC_URL}/jobs` })],
    ["without the query", () => ({ url: `${PUBLIC_URL}/sessions` })],
    ["for another query", () => ({ url: `${PUBLIC_URL}/sessions?limit=6` })],
    ["for another method", () => ({ method: "POST" })],
    ["of another kind", () => ({ kind: 1 })],
    ["that is too old", () => ({ createdAt: now() - 70 })],
    ["from the future", () => ({ createdAt: now() + 70 })],
  ])("refuses an event %s", async (_name, wrong) => {
    const answer = await api.call("GET", PATH, { headers: signed(freshKey(), wrong()) });
    expect(answer).toMatchObject({ status: 401, body: { code: "auth_invalid" } });
    expect(answer.headers.get("www-authenticate")).toBe("Nostr, Bearer");
  });

  it("refuses the same event a second time, also when both come at once", async () => {
    const headers = signed(freshKey());
    const answers = await Promise.all([1, 2, 3].map(() => api.call("GET", PATH, { headers })));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 401, 401]);
  });

  it("refuses an event whose author was swapped", async () => {
    const [, token = ""] = signed(freshKey()).authorization.split(" ");
    const event = JSON.parse(Buffer.from(token, "base64").toString()) as Record<string, unknown>;
    const forged = Buffer.from(JSON.stringify({ ...event, pubkey: freshKey().pubkey })).toString("base64");
    const answer = await api.call("GET", PATH, { headers: { authorization: `Nostr ${forged}` } });
    expect(answer).toMatchObject({ status: 401, body: { code: "auth_invalid" } });
  });

  it.each([
    ["the hash of another body", { payload: "0".repeat(64) }],
    ["no payload tag", { payload: null }],
  ])("refuses a body with %s", async (_name, wrong) => {
    const key = freshKey();
    const call = { method: "POST", url: `${PUBLIC_URL}/enqueue-user-process`, body, ...wrong };
    const headers = { authorization: nip98Header(key, call) };
    const answer = await api.call("POST", "/enqueue-user-process", { rawBody: body, headers });
    expect(answer).toMatchObject({ status: 401, body: { code: "auth_invalid" } });
  });

  it("hashes the bytes as they were sent, not as they parse", async () => {
    const key = freshKey();
    const call = { method: "POST", url: `${PUBLIC_URL}/enqueue-user-process`, body };
    const headers = { authorization: nip98Header(key, call) };
    const answer = await api.call("POST", "/enqueue-user-process", { rawBody: `${body} `, headers });
    expect(answer.status).toBe(401);
  });

  it.each(["Nostr", "Nostr !!!", "Nostr e30=", "Basic abc", "Bearer", "Nostr a b"])(
    "refuses the header %s",
    async (authorization) => {
      const answer = await api.call("GET", "/live", { headers: { authorization } });
      expect(answer).toMatchObject({ status: 401, body: { code: "auth_invalid" } });
    },
  );

  it("is no solver until its key is registered", async () => {
    const key = freshKey();
    const before = await api.call("POST", "/enqueue-user-process", { as: key });
    expect(before).toMatchObject({ status: 403, body: { code: "forbidden" } });
    const other = freshKey();
    await newKey({ kind: "nostr", pubkey: other.pubkey });
    expect((await api.call("POST", "/enqueue-user-process", { as: other })).status).toBe(202);
  });
});

describe("API keys", () => {
  it("admits a key by either header, and stamps its rows with the key's id", async () => {
    const { id, key } = await newKey();
    const first = await api.call("POST", "/enqueue-user-process", { headers: { authorization: `Bearer ${key}` } });
    const second = await api.call("GET", "/jobs", { headers: { "x-api-key": key } });
    expect(first.status).toBe(202);
    expect(second.body).toMatchObject({ jobs: [{ job_id: first.body["job_id"] }] });
    const [row] = await api.database.select("SELECT owner FROM job_logs WHERE job_id = ?", [
      String(first.body["job_id"]),
    ]);
    expect(row).toEqual({ owner: `key:${id}` });
  });

  it("stores no secret", async () => {
    const { key } = await newKey();
    const rows = await api.database.select("SELECT * FROM api_keys");
    expect(JSON.stringify(rows)).not.toContain(key.split("_").at(-1));
  });

  it("refuses an unknown key", async () => {
    const answer = await api.call("GET", "/jobs", { headers: { "x-api-key": "ark_1_2" } });
    expect(answer).toMatchObject({ status: 401, body: { code: "auth_invalid" } });
  });

  it("names the scope that is missing", async () => {
    const { key } = await newKey({ scopes: ["sessions"] });
    const answer = await api.call("GET", "/jobs", { headers: { "x-api-key": key } });
    expect(answer).toMatchObject({ status: 403, body: { code: "scope_missing", details: { scope: "jobs" } } });
  });

  it("keeps the old secret for the grace period of a rotation, and none of both after it", async () => {
    const { id, key } = await newKey();
    const rotated = await api.call("POST", `/admin/api-keys/${id}/rotate`, { admin: true });
    for (const secret of [key, String(rotated.body["key"])]) {
      expect((await api.call("GET", "/jobs", { headers: { "x-api-key": secret } })).status).toBe(200);
    }
    const other = await newKey();
    await api.call("POST", `/admin/api-keys/${other.id}/rotate`, { admin: true, body: { grace_hours: 0 } });
    expect((await api.call("GET", "/jobs", { headers: { "x-api-key": other.key } })).status).toBe(401);
  });

  it("refuses a revoked key", async () => {
    const { id, key } = await newKey();
    expect((await api.call("DELETE", `/admin/api-keys/${id}`, { admin: true })).status).toBe(204);
    expect((await api.call("GET", "/jobs", { headers: { "x-api-key": key } })).status).toBe(401);
    expect((await api.call("GET", `/admin/api-keys/${id}`, { admin: true })).body).toMatchObject({
      api_key: { status: "revoked" },
    });
  });

  it("refuses an expired key, and one that would be born expired", async () => {
    const { id, key } = await newKey();
    await api.call("PATCH", `/admin/api-keys/${id}`, { admin: true, body: { expires_at: "2020-01-01T00:00:00Z" } });
    expect((await api.call("GET", "/jobs", { headers: { "x-api-key": key } })).status).toBe(401);
    const answer = await api.call("POST", "/admin/api-keys", {
      admin: true,
      body: { name: "old", expires_at: "2020-01-01T00:00:00Z" },
    });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: "expires_at" }] } });
  });

  it("registers a pubkey once", async () => {
    const { pubkey } = freshKey();
    await newKey({ kind: "nostr", pubkey });
    const again = await api.call("POST", "/admin/api-keys", {
      admin: true,
      body: { name: "b", kind: "nostr", pubkey },
    });
    expect(again).toMatchObject({ status: 409, body: { code: "conflict" } });
  });
});

describe("no credentials", () => {
  it("is asked for some", async () => {
    const answer = await api.call("GET", "/jobs");
    expect(answer).toMatchObject({ status: 401, body: { code: "auth_required" } });
    expect(answer.headers.get("www-authenticate")).toBe("Nostr, Bearer");
  });
});

describe("the admin key", () => {
  it.each([
    ["none", {}, "admin_key_required"],
    ["a wrong one", { "x-admin-key": "wrong" }, "admin_key_invalid"],
    ["one in another header", { authorization: `Bearer ${ADMIN_KEY}` }, "admin_key_required"],
  ])("refuses %s on an operator's route", async (_name, headers, code) => {
    const answer = await api.call("GET", "/admin/configuration", { headers });
    expect(answer).toMatchObject({ status: 401, body: { code } });
  });

  it("shows the configuration as it was set", async () => {
    const other = await startTestApi({ VTXO_EXPIRATION_HOURS: "48", FEE_SATS_PER_VBYTE: "50" });
    const { body } = await other.call("GET", "/admin/configuration", { admin: true });
    await other.close();
    expect(body).toMatchObject({
      configuration: { vtxo: { vtxo_expiration_hours: 48 }, fees: { fee_sats_per_vbyte: 50 } },
    });
  });

  it("must be right on every other route too, when it is sent", async () => {
    const answer = await api.call("GET", "/live", { headers: { "x-admin-key": "wrong" } });
    expect(answer).toMatchObject({ status: 401, body: { code: "auth_invalid" } });
  });

  it("is refused where only the signer counts", async () => {
    const answer = await api.call("POST", "/sessions/x/respond", { admin: true, body: { signature: "0".repeat(128) } });
    expect(answer).toMatchObject({ status: 403, body: { code: "forbidden" } });
  });

  it("makes no key that ends behind the last day a column can hold", async () => {
    const body = { name: "far", expires_at: "9999-12-31T23:59:59-14:00" };
    const answer = await api.call("POST", "/admin/api-keys", { admin: true, body });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: "expires_at" }] } });
  });

  it("leaves an audit row for every call, refused ones included", async () => {
    const requestId = `audit-${freshKey().pubkey.slice(0, 8)}`;
    await api.call("GET", "/admin/api-keys/nothing", { admin: true, headers: { "x-request-id": requestId } });
    const rows = await api.database.select("SELECT actor, action, outcome FROM audit_log WHERE request_id = ?", [
      requestId,
    ]);
    expect(rows).toEqual([{ actor: "admin", action: "GET /admin/api-keys/:id", outcome: "not_found" }]);
    const page = await api.call("GET", "/admin/audit?limit=1", { admin: true });
    expect(page.body["entries"]).toHaveLength(1);
  });

  it.each([
    ["a body that breaks its schema", "POST", "/admin/api-keys", ADMIN_KEY, ["admin", "invalid_request"]],
    ["a route that is not for it", "POST", "/sessions/x/respond", ADMIN_KEY, ["admin", "forbidden"]],
    ["a wrong key", "GET", "/admin/configuration", "a guess", ["anonymous", "admin_key_invalid"]],
    ["a wrong key on a public route", "GET", "/live", "a guess", ["anonymous", "auth_invalid"]],
  ])("is audited with %s", async (_what, method, path, key, expected) => {
    const requestId = `audit-${freshKey().pubkey.slice(0, 8)}`;
    const headers = { "x-request-id": requestId, "x-admin-key": key };
    await api.call(method, path, { headers, ...(method === "POST" && { body: { name: 5 } }) });
    const rows = await api.database.select("SELECT actor, outcome FROM audit_log WHERE request_id = ?", [requestId]);
    expect(rows.map((row) => [row["actor"], row["outcome"]])).toEqual([expected]);
  });
});

describe("without a configured admin key", () => {
  it("switches the operator's routes off", async () => {
    const other = await startTestApi({ ADMIN_API_KEY: "", SOLVER_AUTH: "nip98" });
    const answer = await other.call("GET", "/admin/configuration", { admin: true });
    expect(answer).toMatchObject({ status: 503, body: { code: "admin_disabled", retryable: false } });
    await other.close();
  });
});

describe("SOLVER_AUTH=open", () => {
  it("admits unsigned calls as one principal that counts as every owner", async () => {
    const other = await startTestApi({ SOLVER_AUTH: "open" });
    expect((await other.call("POST", "/enqueue-user-process")).status).toBe(202);
    expect((await other.call("GET", `/balances/${freshKey().pubkey}`)).status).toBe(200);
    expect((await other.call("GET", "/admin/audit")).status).toBe(401);
    await other.close();
  });
});
