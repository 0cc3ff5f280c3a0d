import { ServiceRequestError } from "./errors.js";
import { monitorStatus, requestChallenge } from "./session-requests.js";
import { FakeNostrGateway, type ReceivedRequest } from "./testing/fake-nostr-gateway.js";

let gateway: FakeNostrGateway;

beforeEach(async () => {
  // Two relays: everything comes twice.
  gateway = await FakeNostrGateway.start(2);
});
afterEach(() => gateway.stop());

const progress = (status: string) => ({
  status: "success",
  session_id: "5e55",
  session_status: status,
  ceremony_state: "intent_received",
  current_step: 1,
  total_steps: 6,
  progress_percent: 5,
  started_at: "2026-09-21T14:13:20.000Z",
});

function update({ fields }: ReceivedRequest, seq: number, status: string, over: object = {}): void {
  gateway.notify({
    notification_id: `5e55:${seq}`,
    type: "status_update",
    request_id: String(fields["request_id"]),
    session_id: "5e55",
    step: 4,
    total_steps: 6,
    progress_percent: 25,
    message: status,
    ...over,
  });
}

async function statusesOf(watch: AsyncIterable<{ readonly status: string }>): Promise<string[]> {
  const statuses: string[] = [];
  for await (const { status } of watch) statuses.push(status);
  return statuses;
}

describe("monitorStatus", () => {
  it("tells where the session stands and then every change once, in order, to its end", async () => {
    gateway.onRequest = (request) => {
      gateway.answer(request, progress("initiated"));
      update(request, 3, "challenge_sent");
      update(request, 4, "signing");
      update(request, 9, "failed", { error_code: 3004 });
    };
    const seen = [];
    for await (const status of monitorStatus(gateway.client, "5e55")) seen.push(status);
    expect(seen).toMatchObject([
      { status: "initiated", step: 1, ceremonyState: "intent_received", startedAt: "2026-09-21T14:13:20.000Z" },
      { status: "challenge_sent", step: 4, totalSteps: 6, progressPercent: 25 },
      { status: "signing" },
      { status: "failed", errorCode: 3004 },
    ]);
    expect(gateway.requests).toMatchObject([
      { fields: { action: "monitor_status", session_id: "5e55", timeout: 300 } },
    ]);
  });

  it("takes nothing from another watch of the same session, nor a late update for a new one", async () => {
    gateway.onRequest = (request) => {
      gateway.answer(request, progress("initiated"));
      update({ ...request, fields: { request_id: "monitor-older" } }, 2, "completed");
      update(request, 5, "signing");
      update(request, 4, "challenge_sent");
      update(request, 6, "completed");
    };
    expect(await statusesOf(monitorStatus(gateway.client, "5e55"))).toEqual(["initiated", "signing", "completed"]);
  });

  it("of a session that has ended ends at once", async () => {
    gateway.onRequest = (request) => gateway.answer(request, progress("expired"));
    expect(await statusesOf(monitorStatus(gateway.client, "5e55"))).toEqual(["expired"]);
  });

  it("without any time tells only where it stands", async () => {
    gateway.onRequest = (request) => gateway.answer(request, progress("signing"));
    const watch = monitorStatus(gateway.client, "5e55", { timeoutSeconds: 0 });
    expect(await statusesOf(watch)).toEqual(["signing"]);
  });

  it("of a session that is not the wallet's throws what the gateway said", async () => {
    gateway.onRequest = (request) => gateway.refuse(request, 1000, "not_found");
    await expect(statusesOf(monitorStatus(gateway.client, "5e55"))).rejects.toBeInstanceOf(ServiceRequestError);
  });

  it("ends with the caller's reason when it is called off", async () => {
    gateway.onRequest = (request) => gateway.answer(request, progress("signing"));
    const caller = new AbortController();
    const watch = monitorStatus(gateway.client, "5e55", { signal: caller.signal });
    expect((await watch.next()).value).toMatchObject({ status: "signing" });
    const next = watch.next();
    caller.abort(new Error("enough"));
    await expect(next).rejects.toThrow("enough");
  });
});

describe("requestChallenge", () => {
  it("tells which challenge comes", async () => {
    gateway.onRequest = (request) =>
      gateway.answer(request, {
        status: "pending",
        session_id: "5e55",
        challenge_id: "c1",
        expires_at: "2026-09-21T14:13:20.000Z",
      });
    expect(await requestChallenge(gateway.client, "5e55")).toEqual({
      sessionId: "5e55",
      challengeId: "c1",
      expiresAt: "2026-09-21T14:13:20.000Z",
    });
  });

  it("tells of no challenge when it has to wait", async () => {
    gateway.onRequest = (request) => gateway.answer(request, { status: "pending", session_id: "5e55" });
    expect(await requestChallenge(gateway.client, "5e55")).toEqual({ sessionId: "5e55" });
  });
});
