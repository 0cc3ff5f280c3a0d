import { testKey } from "@arkrelay/core/testing/ark-transfer";
import { readText } from "@arkrelay/db/row";
import { DrizzleServiceStateStore } from "@arkrelay/db/stores/service-state-store";
import { createGatewayIdentity } from "@arkrelay/nostr/gateway-identity";

import { startTestApi, type TestApi } from "../../testing/test-api";

const GATEWAY_SECRET = "11".repeat(32);
const peer = testKey("a peer");
let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ SOLVER_AUTH: "nip98", NOSTR_PRIVATE_KEY: GATEWAY_SECRET });
});

afterAll(() => api.close());

/** As the services process writes it while it leads. */
async function reportNostr(running: boolean): Promise<void> {
  const at = new Date().toISOString();
  const base = { at, instance: "i", running, restartSeen: 0, failures: 0, lastError: null };
  await new DrizzleServiceStateStore(api.database).setActual("nostr", {
    ...base,
    detail: {
      gatewayPubkey: testKey("anyone").pubkey,
      eventsReceived: 0,
      eventsPublished: 0,
      errors: 0,
      connections: 1,
      subscriptions: 1,
      handlers: {},
      relays: [],
    },
  });
}

async function outboxRows(eventId: string) {
  return api.database.select("SELECT relay, raw, status FROM nostr_outbox WHERE event_id = ?", [eventId]);
}

describe("POST /nostr/send-dm", () => {
  const send = (body: unknown, options: object = { admin: true }) =>
    api.call("POST", "/nostr/send-dm", { body, ...options });

  it("is refused while nobody sends", async () => {
    await reportNostr(false);
    const answer = await send({ recipient_pubkey: peer.pubkey, message: "hello" });
    expect(answer).toMatchObject({ status: 503, body: { code: "service_stopped" } });
  });

  it("puts a gift wrap into the outbox of every relay", async () => {
    await reportNostr(true);
    const answer = await send({ recipient_pubkey: peer.pubkey, message: "hello" });
    expect(answer).toMatchObject({ status: 202, body: { recipient: peer.pubkey, scheme: "nip44" } });
    const [row] = await outboxRows(String(answer.body["event_id"]));
    expect(readText(row ?? {}, "raw")).toContain('"kind":1059');
    expect(readText(row ?? {}, "raw")).not.toContain("hello");
  });

  it("writes NIP-04 to a peer who wrote so last, and to whom the caller says so", async () => {
    await reportNostr(true);
    await api.deps.transactions.run((tx) => api.deps.session.peers.remember(tx, peer.pubkey, "nip04"));
    const answer = await send({ recipient_pubkey: peer.pubkey, message: "hello" });
    expect(answer.body).toMatchObject({ scheme: "nip04" });
    const [row] = await outboxRows(String(answer.body["event_id"]));
    const event = JSON.parse(readText(row ?? {}, "raw")) as { pubkey: string; content: string };
    const wallet = createGatewayIdentity(peer.secretKey);
    expect(wallet.decrypt(event.pubkey, event.content)).toEqual({ plainText: "hello", scheme: "nip04" });
    const other = await send({ recipient_pubkey: testKey("another").pubkey, message: "x", scheme: "nip04" });
    expect(other.body).toMatchObject({ scheme: "nip04" });
  });

  it("sends once for one Idempotency-Key", async () => {
    await reportNostr(true);
    const headers = { "idempotency-key": "one-message" };
    const body = { recipient_pubkey: peer.pubkey, message: "once" };
    const first = await send(body, { admin: true, headers });
    expect((await send(body, { admin: true, headers })).body).toEqual(first.body);
    expect(await outboxRows(String(first.body["event_id"]))).toHaveLength(1);
  });

  it.each([
    ["recipient_pubkey", { recipient_pubkey: "zz", message: "hello" }],
    ["message", { recipient_pubkey: peer.pubkey, message: "é".repeat(4097) }],
    ["scheme", { recipient_pubkey: peer.pubkey, message: "hello", scheme: "nip99" }],
  ])("names %s when it breaks a rule", async (path, body) => {
    expect(await send(body)).toMatchObject({ status: 400, body: { errors: [{ path }] } });
  });

  it("is refused without credentials", async () => {
    expect((await send({ recipient_pubkey: peer.pubkey, message: "hello" }, {})).status).toBe(401);
  });
});

describe("POST /nostr/publish-test", () => {
  it("queues a note of kind 1 with the test tag, and no other kind", async () => {
    await reportNostr(true);
    const answer = await api.call("POST", "/nostr/publish-test", {
      admin: true,
      body: { message: "is anybody there" },
    });
    expect(answer).toMatchObject({ status: 202, body: { kind: 1 } });
    const [row] = await outboxRows(String(answer.body["event_id"]));
    const event: unknown = JSON.parse(readText(row ?? {}, "raw"));
    expect(event).toMatchObject({ kind: 1, content: "is anybody there", tags: [["t", "arkrelay-test"]] });
    const other = await api.call("POST", "/nostr/publish-test", { admin: true, body: { kind: 31340 } });
    expect(other).toMatchObject({ status: 400, body: { errors: [{ path: "kind" }] } });
    expect((await api.call("POST", "/nostr/publish-test", { as: peer, body: {} })).status).toBe(401);
  });
});

describe("POST /nostr/test-encryption", () => {
  it.each(["nip44", "nip04"])("opens in memory what it sealed with %s, and shows no text", async (scheme) => {
    const body = { recipient_pubkey: peer.pubkey, message: "a secret text", scheme };
    const answer = await api.call("POST", "/nostr/test-encryption", { admin: true, body });
    expect(answer).toMatchObject({ status: 200, body: { success: true, message_length: 13, scheme } });
    expect(answer.text).not.toContain("a secret text");
  });

  it("writes to the gateway itself by default", async () => {
    const answer = await api.call("POST", "/nostr/test-encryption", { admin: true, body: {} });
    expect(answer.body).toMatchObject({ success: true });
  });
});
