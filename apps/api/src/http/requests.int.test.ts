import { request } from "node:http";

import { freshKey, startTestApi, type TestApi } from "../testing/test-api";

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ SOLVER_AUTH: "open", CORS_ORIGINS: "https://wallet.example" });
});

afterAll(() => api.close());

const ENQUEUE = "/enqueue-user-process";
const TRANSFER = "/assets/transfer";

describe("bodies", () => {
  it.each(["{", "nonsense", '{"a":1}}', "\u0000"])("answers invalid_json to %j", async (rawBody) => {
    const answer = await api.call("POST", ENQUEUE, { rawBody });
    expect(answer).toMatchObject({ status: 400, body: { code: "invalid_json", nostr_code: 1002 } });
    expect(answer.headers.get("content-type")).toBe("application/problem+json; charset=utf-8");
  });

  it.each(["[]", '"text"', "null", "5"])("answers invalid_request to %s, which is no object", async (rawBody) => {
    expect(await api.call("POST", ENQUEUE, { rawBody })).toMatchObject({
      status: 400,
      body: { code: "invalid_request" },
    });
  });

  it.each(["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"])(
    "refuses the media type %s",
    async (contentType) => {
      const answer = await api.call("POST", ENQUEUE, { rawBody: "{}", headers: { "content-type": contentType } });
      expect(answer).toMatchObject({ status: 415, body: { code: "unsupported_media_type" } });
    },
  );

  it("refuses what parses and cannot be stored: too many levels, half a character", async () => {
    const nested = `{"data":${'{"a":'.repeat(5000)}1${"}".repeat(5000)}}`;
    const deep = await api.call("POST", ENQUEUE, { rawBody: nested });
    expect(deep).toMatchObject({ status: 400, body: { code: "invalid_request", errors: [{ path: "data" }] } });
    const half = await api.call("POST", ENQUEUE, { rawBody: '{"user_id":"\\ud800"}' });
    expect(half).toMatchObject({ status: 400, body: { errors: [{ path: "user_id" }] } });
    const deepest = `{"data":${'{"a":'.repeat(22)}1${"}".repeat(22)}}`;
    expect((await api.call("POST", ENQUEUE, { rawBody: deepest })).status).toBe(202);
  });

  it("refuses a compressed body", async () => {
    const answer = await api.call("POST", ENQUEUE, { rawBody: "{}", headers: { "content-encoding": "gzip" } });
    expect(answer.status).toBe(415);
  });

  it("refuses more than 256 KiB by its declared length", async () => {
    const answer = await api.call("POST", ENQUEUE, { rawBody: `{"user_id":"${"x".repeat(256 * 1024)}"}` });
    expect(answer).toMatchObject({ status: 413, body: { code: "payload_too_large" } });
  });

  it("refuses more than 256 KiB that come without a declared length", async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const req = request(
        api.url + ENQUEUE,
        { method: "POST", headers: { "content-type": "application/json" } },
        (res) => {
          resolve(res.statusCode);
          res.resume();
        },
      );
      req.on("error", reject);
      for (let i = 0; i < 5; i++) req.write("x".repeat(64 * 1024));
      req.end();
    });
    expect(status).toBe(413);
  });

  it("takes up to 1 MiB for a session", async () => {
    const body = {
      user_pubkey: freshKey().pubkey,
      session_type: "nothing",
      intent_data: { text: "x".repeat(900_000) },
    };
    expect((await api.call("POST", "/sessions/create", { body })).status).toBe(400);
  });

  it("names unknown or missing fields, never their values", async () => {
    const answer = await api.call("POST", TRANSFER, { body: { sender_pubkey: "secret-value" } });
    expect(answer).toMatchObject({ status: 400, body: { code: "invalid_request", error: answer.body["detail"] } });
    const paths = (answer.body["errors"] as { path: string }[]).map(({ path }) => path);
    expect(paths).toEqual(["sender_pubkey", "recipient_pubkey", "asset_id", "amount"]);
    expect(answer.text).not.toContain("secret-value");
  });
});

describe("amounts", () => {
  const transfer = (amount: unknown) => ({
    sender_pubkey: freshKey().pubkey,
    recipient_pubkey: freshKey().pubkey,
    asset_id: "gBTC",
    amount,
  });

  it.each([1.5, "1000", 0, -1, 9_007_199_254_740_992, null, true, 1e300])("refuses %j as an amount", async (amount) => {
    const answer = await api.call("POST", TRANSFER, { body: transfer(amount) });
    expect(answer).toMatchObject({
      status: 422,
      body: { code: "invalid_amount", errors: [{ path: "amount", code: "invalid_amount" }] },
    });
  });

  it.each(["1000.0", "1e3", "1.0E3"])(
    "refuses %s, which another reader may take for another amount",
    async (written) => {
      const fields = JSON.stringify(transfer(1000));
      const direct = await api.call("POST", TRANSFER, { rawBody: fields.replace(":1000}", `:${written}}`) });
      expect(direct).toMatchObject({ status: 422, body: { code: "invalid_amount", errors: [{ path: "amount" }] } });
      const params = `{"asset_id":"gBTC","recipient_pubkey":"${freshKey().pubkey}","amount":${written}}`;
      const rawBody = `{"user_pubkey":"${freshKey().pubkey}","session_type":"p2p_transfer","intent_data":{"params":${params}}}`;
      const session = await api.call("POST", "/sessions/create", { rawBody });
      expect(session).toMatchObject({
        status: 422,
        body: { code: "invalid_amount", errors: [{ path: "intent_data.params.amount" }] },
      });
    },
  );

  it("leaves fractions alone where no money is meant", async () => {
    const rawBody = '{"data":{"price":1.5,"amount":1e3}}';
    expect((await api.call("POST", ENQUEUE, { rawBody })).status).toBe(202);
  });

  it("calls a missing amount a broken schema", async () => {
    const answer = await api.call("POST", TRANSFER, { body: transfer(undefined) });
    expect(answer).toMatchObject({ status: 400, body: { code: "invalid_request", errors: [{ path: "amount" }] } });
  });
});

describe("keys", () => {
  it.each(["02".padEnd(64, "0"), "f".repeat(64), "npub1xyz", "ABCDEF".padEnd(64, "A"), "04".padEnd(130, "1")])(
    "refuses %s, for which nobody could sign",
    async (pubkey) => {
      const answer = await api.call("GET", `/balances/${pubkey}`);
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: "user_pubkey" }] } });
    },
  );

  it("takes compressed keys and shows x-only ones", async () => {
    const { pubkey } = freshKey();
    const answer = await api.call("GET", `/balances/02${pubkey}/BTC`);
    expect(answer).toMatchObject({ status: 200, body: { user_pubkey: pubkey, asset_id: "gBTC", balance: 0 } });
  });

  it("names the recipient of a transfer to oneself", async () => {
    const { pubkey } = freshKey();
    const body = { sender_pubkey: pubkey, recipient_pubkey: `03${pubkey}`, asset_id: "gBTC", amount: 1000 };
    const answer = await api.call("POST", TRANSFER, { body });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: "recipient_pubkey" }] } });
  });
});

describe("paths and methods", () => {
  it("answers a wrong method of a known path with what is allowed", async () => {
    const answer = await api.call("DELETE", "/jobs");
    expect(answer).toMatchObject({ status: 405, body: { code: "method_not_allowed" } });
    expect(answer.headers.get("allow")).toBe("GET, HEAD");
  });

  it("answers an unknown path like a missing thing", async () => {
    expect(await api.call("GET", "/nothing/here")).toMatchObject({ status: 404, body: { code: "not_found" } });
  });

  it("takes literal paths for what they are, not for ids", async () => {
    expect((await api.call("GET", "/sessions/stats")).body).toMatchObject({ code: "admin_key_required" });
    expect((await api.call("GET", "/assets/transfer")).status).toBe(405);
  });

  it("ignores an unknown query parameter, except where something is deleted or cancelled", async () => {
    expect((await api.call("GET", "/jobs?colour=red")).status).toBe(200);
    for (const path of ["/jobs/any/cancel", "/signing/ceremony/any/cancel", "/sessions/any/fail"]) {
      const answer = await api.call("POST", `${path}?colour=red`, { body: {} });
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: "colour", code: "unknown_key" }] } });
    }
    expect((await api.call("DELETE", "/admin/api-keys/any?force=1", { admin: true })).status).toBe(400);
  });

  it.each([
    ["GET", "/jobs/caf%C3%A9"],
    ["GET", "/sessions/caf%C3%A9/events"],
    ["GET", "/challenges/%F0%9F%98%80"],
    ["POST", "/signing/ceremony/start"],
    ["GET", "/jobs?type=%C3%A9"],
    ["GET", "/heartbeats?service=%C3%A9"],
    ["GET", "/admin/audit?actor=%C3%A9"],
  ])("takes %s %s with an id that cannot be one of ours for a broken request", async (method, path) => {
    const body = method === "POST" ? { session_id: "caf\u00e9" } : undefined;
    const answer = await api.call(method, path, { admin: path.startsWith("/admin"), body });
    expect(answer).toMatchObject({ status: 400, body: { code: "invalid_request" } });
  });

  it("refuses a path that is no UTF-8", async () => {
    expect(await api.call("GET", "/jobs/%E0%A4%A")).toMatchObject({ status: 400, body: { code: "invalid_request" } });
  });

  it("answers HEAD without a body", async () => {
    expect(await api.call("HEAD", "/live")).toMatchObject({ status: 200, text: "" });
  });
});

describe("headers", () => {
  it("echoes a request id it can log, and makes one otherwise", async () => {
    const kept = await api.call("GET", "/live", { headers: { "x-request-id": "my.request-1" } });
    const made = await api.call("GET", "/live", { headers: { "x-request-id": "no spaces" } });
    expect(kept.headers.get("x-request-id")).toBe("my.request-1");
    expect(made.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("carries the request id and the trace into the job", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const answer = await api.call("POST", ENQUEUE, { headers: { "x-request-id": "traced", traceparent } });
    const [row] = await api.database.select("SELECT request_id, trace FROM job_logs WHERE job_id = ?", [
      String(answer.body["job_id"]),
    ]);
    expect(row).toEqual({ request_id: "traced", trace: traceparent });
  });

  it("lets nobody store what is about money, and lets lists be kept for seconds with an ETag", async () => {
    expect((await api.call("GET", `/balances/${freshKey().pubkey}`)).headers.get("cache-control")).toBe("no-store");
    const assets = await api.call("GET", "/assets");
    expect(assets.headers.get("cache-control")).toBe("public, max-age=5");
    const again = await api.call("GET", "/assets", {
      headers: { "if-none-match": String(assets.headers.get("etag")) },
    });
    expect(again).toMatchObject({ status: 304, text: "" });
  });

  it("sets the security headers and names no framework", async () => {
    const { headers } = await api.call("GET", "/live");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("x-powered-by")).toBeNull();
  });

  it("opens itself to listed origins only, and never the operator's routes", async () => {
    const origin = (path: string, from: string) => api.call("GET", path, { headers: { origin: from } });
    const allowed = "access-control-allow-origin";
    expect((await origin("/live", "https://wallet.example")).headers.get(allowed)).toBe("https://wallet.example");
    expect((await origin("/live", "https://evil.example")).headers.get(allowed)).toBeNull();
    expect((await origin("/admin/audit", "https://wallet.example")).headers.get(allowed)).toBeNull();
    const preflight = await api.call("OPTIONS", "/jobs", {
      headers: { origin: "https://wallet.example", "access-control-request-method": "GET" },
    });
    expect(preflight.status).toBe(204);
  });
});

describe("failures of ours", () => {
  it("say nothing of their cause", async () => {
    const other = await startTestApi({ SOLVER_AUTH: "open" });
    Object.assign(other.deps.jobs, { findByJobId: () => Promise.reject(new Error("SELECT secret FROM table")) });
    const answer = await other.call("GET", "/jobs/any");
    expect(answer).toMatchObject({ status: 500, body: { code: "internal_error", retryable: true } });
    expect(answer.text).not.toContain("SELECT");
    await other.close();
  });
});
