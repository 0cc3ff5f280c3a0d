import { createHash } from "node:crypto";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";

import {
  AuthError,
  ConflictError,
  NotFoundError,
  OutcomeUnknownError,
  RateLimitedError,
  RetryExceededError,
  SchemaValidationError,
  UnavailableError,
} from "./errors.js";
import { GatewayClient, type GatewayClientOptions } from "./gateway-client.js";
import type { NostrEvent } from "./nostr-event.js";
import { verifyEvent } from "./nostr-utils.js";
import { secretKeySigner } from "./secret-key-signer.js";
import { alice } from "./testing/fake-gateway.js";
import { eventSchema, portOf } from "./testing/test-server.js";

interface Call {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}
type Answer = (call: Call, res: ServerResponse) => void;

let server: Server;
let calls: Call[];
let answers: Answer[];

beforeEach(async () => {
  calls = [];
  answers = [];
  server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on("data", (chunk: Buffer) => chunks.push(chunk));
    req.on("end", () => {
      const call = {
        method: req.method ?? "",
        url: req.url ?? "",
        headers: req.headers,
        body: Buffer.concat(chunks).toString(),
      };
      calls.push(call);
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      answer?.(call, res);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function aClient(options: GatewayClientOptions = {}): GatewayClient {
  return new GatewayClient(baseUrl(), options);
}
const baseUrl = (): string => `http://127.0.0.1:${portOf(server)}`;

function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (_, res) =>
    res.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}
const problem = (status: number, code: string, retryable = false, headers: Record<string, string> = {}): Answer =>
  json(status, { code, detail: "because", retryable, request_id: "r1", errors: [] }, headers);
const aJob = { job_id: "j", job_status: "pending" };
const RETRY = { backoffBaseMs: 1, jitterMs: 0 };

function nip98Of(call: Call | undefined): NostrEvent {
  const [scheme, token] = (call?.headers.authorization ?? "").split(" ");
  expect(scheme).toBe("Nostr");
  return eventSchema.parse(JSON.parse(Buffer.from(token ?? "", "base64").toString()));
}

describe("a signed call", () => {
  it("carries a NIP-98 event over the exact URL, method and bytes", async () => {
    answers = [json(202, aJob)];
    await aClient({ signer: secretKeySigner(alice.secretKey) }).enqueueUserProcess({ data: { name: "ö" } });
    const event = nip98Of(calls[0]);
    expect(verifyEvent(event).ok).toBe(true);
    expect(event).toMatchObject({ kind: 27235, pubkey: alice.pubkey });
    expect(Object.fromEntries(event.tags)).toMatchObject({
      u: `${baseUrl()}/enqueue-user-process`,
      method: "POST",
      payload: createHash("sha256")
        .update(calls[0]?.body ?? "")
        .digest("hex"),
    });
  });

  it("is signed anew for every retry, with the same Idempotency-Key", async () => {
    answers = [problem(503, "not_ready", true), problem(429, "rate_limited", true), json(202, aJob)];
    await aClient({ signer: secretKeySigner(alice.secretKey), retry: RETRY }).enqueueUserProcess();
    expect(calls).toHaveLength(3);
    expect(new Set(calls.map((call) => nip98Of(call).id)).size).toBe(3);
    expect(new Set(calls.map((call) => call.headers["idempotency-key"])).size).toBe(1);
  });

  it("uses the API key for solver calls and the signer for owner calls", async () => {
    answers = [json(202, aJob), json(200, { txid: "t", acknowledged_at: "now" })];
    const client = aClient({ apiKey: "ark_1_x", signer: secretKeySigner(alice.secretKey) });
    await client.enqueueUserProcess();
    await client.confirmTransaction("ab");
    expect(calls[0]?.headers.authorization).toBe("Bearer ark_1_x");
    expect(nip98Of(calls[1]).pubkey).toBe(alice.pubkey);
  });
});

describe("an operator's calls to the asset registry", () => {
  const asset = { asset_id: "gUSD", total_supply: 500, backing: "ark", status: "registered", is_active: true };
  const operator = () => aClient({ adminKey: "secret", signer: secretKeySigner(alice.secretKey) });
  const sent = () => JSON.parse(calls[0]?.body ?? "") as unknown;

  it("carry the admin key and nothing else", async () => {
    answers = [json(201, { asset })];
    const fields = { decimal_places: 2, total_supply: 1 };
    await expect(operator().createAsset("gUSD", "Dollar", "USD", 500, { fields })).resolves.toEqual(asset);
    expect(calls[0]).toMatchObject({ method: "POST", url: "/assets", headers: { "x-admin-key": "secret" } });
    expect(calls[0]?.headers.authorization).toBeUndefined();
    expect(sent()).toEqual({ asset_id: "gUSD", name: "Dollar", ticker: "USD", total_supply: 500, decimal_places: 2 });
  });

  it("change only what is named", async () => {
    answers = [json(200, { asset })];
    await operator().updateAsset("a b", { status: "inactive" });
    expect(calls[0]).toMatchObject({ method: "PATCH", url: "/assets/a%20b" });
    expect(sent()).toEqual({ status: "inactive" });
  });

  it("tell of a mint whose units are not there yet", async () => {
    const result = { asset_id: "gUSD", amount_minted: 5, new_balance: null, status: "queued" };
    answers = [json(202, { job_id: "j", result })];
    await expect(operator().mintAsset("gUSD", alice.pubkey, 5)).resolves.toMatchObject({ job_id: "j" });
    expect(calls[0]).toMatchObject({ url: "/assets/gUSD/mint" });
    expect(sent()).toEqual({ user_pubkey: alice.pubkey, amount: 5 });
  });

  it("ask for stock of the gateway's", async () => {
    answers = [json(202, { job_id: "j", asset_id: "gUSD", count: 3 })];
    await expect(operator().vtxoBatchCreate("gUSD", 3, 1_000, { assetAmount: 7 })).resolves.toMatchObject({
      job_id: "j",
      count: 3,
    });
    expect(calls[0]).toMatchObject({ url: "/vtxos/batch/create" });
    expect(sent()).toEqual({ asset_id: "gUSD", count: 3, amount_sats: 1_000, asset_amount: 7 });
  });

  it("give a user some of it", async () => {
    const vtxo_id = `${"ab".repeat(32)}:0`;
    const given = { vtxo_id, vtxos: [{ vtxo_id, amount: 7 }], change_amount: 3, amount_sats: 1_000 };
    answers = [json(202, { job_id: "j", user_pubkey: alice.pubkey, asset_id: "gUSD", ...given })];
    await expect(operator().vtxoAssign(alice.pubkey, "gUSD", 7)).resolves.toMatchObject({ job_id: "j", ...given });
    expect(calls[0]).toMatchObject({ url: "/vtxos/assign" });
    expect(sent()).toEqual({ user_pubkey: alice.pubkey, asset_id: "gUSD", amount_needed: 7 });
  });
});

describe("retries", () => {
  it("are off unless asked for", async () => {
    answers = [problem(503, "not_ready", true)];
    await expect(aClient().getJob("j")).rejects.toThrow(UnavailableError);
    expect(calls).toHaveLength(1);
  });

  it("never follow an unknown outcome, nor a refusal that stays one", async () => {
    for (const [status, code, type] of [
      [409, "outcome_unknown", OutcomeUnknownError],
      [409, "wrong_state", ConflictError],
      [404, "not_found", NotFoundError],
      [401, "auth_invalid", AuthError],
    ] as const) {
      calls = [];
      answers = [problem(status, code)];
      await expect(aClient({ retry: RETRY }).enqueueUserProcess()).rejects.toThrow(type);
      expect(calls).toHaveLength(1);
    }
  });

  it("follow a network error before any answer", async () => {
    answers = [(_, res) => res.destroy(), json(202, aJob)];
    await expect(aClient({ retry: RETRY }).enqueueUserProcess()).resolves.toMatchObject(aJob);
    expect(new Set(calls.map((call) => call.headers["idempotency-key"])).size).toBe(1);
  });

  it("end when Retry-After lies beyond the deadline of the call", async () => {
    answers = [problem(429, "rate_limited", true, { "retry-after": "60" })];
    const call = aClient({ retry: RETRY, timeoutMs: 5_000 }).getJob("j");
    await expect(call).rejects.toThrow(RateLimitedError);
    await expect(call).rejects.toMatchObject({ retryAfter: 60, request_id: "r1" });
    expect(calls).toHaveLength(1);
  });

  it("end after maxAttempts with the last refusal inside", async () => {
    answers = [problem(503, "not_ready", true)];
    const call = aClient({ retry: { ...RETRY, maxAttempts: 3 } }).getJob("j");
    await expect(call).rejects.toThrow(RetryExceededError);
    await expect(call).rejects.toMatchObject({ attempts: 3, last: { code: "not_ready" } });
  });
});

describe("amounts", () => {
  it("that are floats or unsafe are refused before anything is sent", async () => {
    for (const amount of [1.5, 2 ** 53]) {
      const call = async () => aClient().transferAsset("a", "b", "gBTC", amount);
      await expect(call()).rejects.toThrow(/safe integer/);
    }
    expect(calls).toHaveLength(0);
  });

  it("that are floats or unsafe in an answer are refused", async () => {
    const balance = { asset_id: "gBTC", reserved_balance: 0, available_balance: 0 };
    answers = [json(200, { balances: [{ ...balance, balance: 1.5 }] })];
    await expect(aClient().getUserBalances("a")).rejects.toThrow(SchemaValidationError);
    answers = [json(200, { balances: [{ ...balance, balance: 2 ** 53 }] })];
    await expect(aClient().getUserBalances("a")).rejects.toThrow(/balances.0.balance/);
  });
});

describe("answers", () => {
  it("of an unhealthy gateway are read, not thrown", async () => {
    answers = [json(503, { status: "unhealthy", database_connected: false, redis_connected: true })];
    await expect(aClient().health()).resolves.toMatchObject({ status: "unhealthy" });
  });

  it("that are no problem document still become a typed error", async () => {
    answers = [(_, res) => res.writeHead(502).end("<html>bad gateway</html>")];
    await expect(aClient().getJob("j")).rejects.toMatchObject({ status: 502, code: "http_502", retryable: false });
  });

  it("that never come end at the deadline", async () => {
    answers = [() => undefined];
    const call = aClient({ timeoutMs: 50, retry: RETRY }).getJob("j");
    await expect(call).rejects.toMatchObject({ status: 0, code: "timeout" });
  });
});

describe("pages", () => {
  it("are followed to the end", async () => {
    answers = [json(200, { jobs: [], next_cursor: "c2" }), json(200, { jobs: [], next_cursor: null })];
    const client = aClient();
    let pages = 0;
    for await (const _page of client.paginate((query) => client.listJobs(query), { status: "failed" })) pages += 1;
    expect(pages).toBe(2);
    expect(calls.map((call) => call.url)).toEqual(["/jobs?status=failed", "/jobs?status=failed&cursor=c2"]);
  });
});

describe("event streams", () => {
  it("resume after a cut connection from the last event id and end after done", async () => {
    answers = [
      (_, res) => {
        res.writeHead(200, { "content-type": "text/event-stream" });
        res.write('id: 1\nevent: snapshot\ndata: {"a":1}\n\n: ping\n\nid: 2\nevent: status\ndata: {"b":2}\n\n');
        setImmediate(() => res.destroy());
      },
      (_, res) => res.writeHead(200, { "content-type": "text/event-stream" }).end("id: 3\nevent: done\ndata: {}\n\n"),
    ];
    const events = [];
    for await (const event of aClient().streamJob("j")) events.push(event.event);
    expect(events).toEqual(["snapshot", "status", "done"]);
    expect(calls[1]?.headers["last-event-id"]).toBe("2");
  });

  it("throw a refusal instead of asking again", async () => {
    answers = [problem(404, "not_found")];
    const read = async () => {
      for await (const _event of aClient().streamJob("j")) expect(_event).toBeUndefined();
    };
    await expect(read()).rejects.toThrow(NotFoundError);
  });
});

describe("the webhook calls", () => {
  const webhook = {
    id: "wh_1",
    url: "https://solver.example/",
    events: ["*"],
    ordered: false,
    status: "active",
    failure_count: 0,
    created_at: "2026-11-25T10:00:00.000Z",
  };
  const delivery = {
    id: "whd_1",
    event_id: "evt_1",
    event_type: "job.failed",
    status: "failed",
    attempts: 9,
    created_at: webhook.created_at,
  };
  const detail = { ...delivery, request_body: "{}", attempt_log: [] };

  it.each([
    ["create", "POST /webhooks", 201, { webhook, secret: "whsec_x" }],
    ["list", "GET /webhooks?limit=2", 200, { webhooks: [webhook], next_cursor: null }],
    ["get", "GET /webhooks/wh%2F1", 200, { webhook }],
    ["update", "PATCH /webhooks/wh%2F1", 200, { webhook }],
    ["remove", "DELETE /webhooks/wh%2F1", 204, undefined],
    ["rotateSecret", "POST /webhooks/wh%2F1/rotate-secret", 200, { secret: "whsec_y", previous_valid_until: "now" }],
    ["test", "POST /webhooks/wh%2F1/test", 202, { delivery_id: "whd_1" }],
    ["deliveries", "GET /webhooks/wh%2F1/deliveries?status=failed", 200, { deliveries: [delivery] }],
    ["delivery", "GET /webhooks/wh%2F1/deliveries/whd_1", 200, { delivery: detail }],
    ["redeliver", "POST /webhooks/wh%2F1/deliveries/whd_1/redeliver", 202, { delivery_id: "whd_2", event_id: "evt_1" }],
    ["replay", "POST /webhooks/wh%2F1/replay", 202, { replayed: 1, delivery_ids: ["whd_3"], next_cursor: null }],
  ] as const)("%s is %s", async (name, target, status, body) => {
    answers = [body === undefined ? (_, res) => void res.writeHead(status).end() : json(status, body)];
    const { webhooks } = aClient({ apiKey: "ark_1_x" });
    const id = "wh/1";
    const run: Readonly<Record<typeof name, () => Promise<unknown>>> = {
      create: () => webhooks.create({ url: webhook.url, events: ["*"], ordered: true }),
      list: () => webhooks.list({ limit: 2 }),
      get: () => webhooks.get(id),
      update: () => webhooks.update(id, { status: "paused" }),
      remove: () => webhooks.remove(id),
      rotateSecret: () => webhooks.rotateSecret(id),
      test: () => webhooks.test(id),
      deliveries: () => webhooks.deliveries(id, { status: "failed" }),
      delivery: () => webhooks.delivery(id, "whd_1"),
      redeliver: () => webhooks.redeliver(id, "whd_1"),
      replay: () => webhooks.replay(id, { status: "all", limit: 10 }),
    };
    await run[name]();
    expect(`${calls[0]?.method ?? ""} ${calls[0]?.url ?? ""}`).toBe(target);
    expect(calls[0]?.headers.authorization).toBe("Bearer ark_1_x");
  });

  it("send what was asked and bring what was answered", async () => {
    answers = [json(201, { webhook, secret: "whsec_x" })];
    const made = await aClient({ apiKey: "k" }).webhooks.create({ url: webhook.url, events: ["*"], description: "d" });
    expect(JSON.parse(calls[0]?.body ?? "")).toEqual({ url: webhook.url, events: ["*"], description: "d" });
    expect(made).toMatchObject({ secret: "whsec_x", webhook: { id: "wh_1" } });
  });
});
