import { freshKey, startTestApi, type TestApi } from "../testing/test-api";

const apis: TestApi[] = [];

afterAll(async () => {
  for (const api of apis) await api.close();
});

async function startLimited(env: Readonly<Record<string, string>> = {}): Promise<TestApi> {
  const api = await startTestApi({ SOLVER_AUTH: "nip98", RATE_LIMIT_ENABLED: "true", TRUST_PROXY: "1", ...env });
  apis.push(api);
  return api;
}

/** An address of its own for each test, so that no bucket is shared. */
function freshIp(): string {
  return Array.from(Buffer.from(freshKey().pubkey.slice(0, 8), "hex")).join(".");
}

async function callUntil429(call: () => ReturnType<TestApi["call"]>, max = 250) {
  for (let calls = 1; calls <= max; calls++) {
    const answer = await call();
    if (answer.status === 429) return { calls, answer };
  }
  throw new Error(`no 429 within ${String(max)} calls`);
}

describe("rate limits", () => {
  it("stop an address after its burst and say when to come back", async () => {
    const api = await startLimited();
    const headers = { "x-forwarded-for": freshIp() };
    const { calls, answer } = await callUntil429(() => api.call("GET", "/live", { headers }));
    expect(calls).toBeGreaterThan(60);
    expect(answer).toMatchObject({ body: { code: "rate_limited", retryable: true } });
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect(answer.headers.get("ratelimit-policy")).toBe('"default";q=60;w=3');
    expect((await api.call("GET", "/live", { headers: { "x-forwarded-for": freshIp() } })).status).toBe(200);
  });

  it("count one IPv6 customer as one caller", async () => {
    const api = await startLimited({ RATE_LIMIT_IP_PER_SECOND: "0.1" });
    const net = freshKey().pubkey.slice(0, 4);
    let host = 0;
    const { calls } = await callUntil429(() =>
      api.call("GET", "/live", { headers: { "x-forwarded-for": `2001:db8:1:${net}::${(++host).toString(16)}` } }),
    );
    expect(calls).toBe(61);
  });

  it("follow a key with its own rate across addresses", async () => {
    const api = await startLimited();
    const made = await api.call("POST", "/admin/api-keys", {
      admin: true,
      body: { name: "slow", rate_limit_per_minute: 60 },
    });
    const key = String(made.body["key"]);
    const { calls } = await callUntil429(() =>
      api.call("GET", "/jobs", { headers: { "x-api-key": key, "x-forwarded-for": freshIp() } }),
    );
    expect(calls).toBeLessThanOrEqual(7);
  });

  it("slow down whoever guesses credentials, valid ones of the same address included", async () => {
    const api = await startLimited();
    const headers = { "x-forwarded-for": freshIp(), "x-api-key": "ark_guess_1" };
    const { calls } = await callUntil429(() => api.call("GET", "/jobs", { headers }));
    expect(calls).toBeGreaterThan(10);
    const answer = await api.call("GET", "/live", { headers });
    expect([401, 429]).toContain(answer.status);
  });

  it("let a key open thirty sessions a minute, whoever it names", async () => {
    const api = await startLimited();
    const as = freshKey();
    const { calls } = await callUntil429(() =>
      api.call("POST", "/sessions/create", {
        as,
        body: { user_pubkey: as.pubkey, session_type: "atomic_swap" },
        headers: { "x-forwarded-for": freshIp() },
      }),
    );
    expect(calls).toBeGreaterThan(30);
    expect(calls).toBeLessThan(40);
  });
});
