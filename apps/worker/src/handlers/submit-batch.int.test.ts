import { serviceResponseSchema } from "@arkrelay/core/nostr/service-response";
import { sessionIdOfMember } from "@arkrelay/core/nostr/session-id";
import { ALICE, BOB, testKey } from "@arkrelay/core/testing/ark-transfer";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { openRequests } from "../testing/request-world";
import { openSwapWorld, USD } from "../testing/swap-world";

let test: TestDatabase;
let world: Awaited<ReturnType<typeof openWorld>>;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.empty();
  world = await openWorld();
});

/** Nobody has read anybody's VTXOs from arkd yet. */
async function openWorld() {
  const swaps = await openSwapWorld(test);
  swaps.arkd.fund(ALICE.pubkey, 1_000n, [{ assetId: USD, amount: 100n }]);
  swaps.arkd.fund(BOB.pubkey, 50_000n);
  return openRequests(test, swaps);
}

function aRequest(fields: Record<string, unknown> = {}) {
  const intents = [
    world.sideEvent({ user: ALICE, give: { gUSD: 100 }, receive: { gBTC: 20_000 }, counterparties: [BOB] }),
    world.sideEvent({ user: BOB, give: { gBTC: 20_000 }, receive: { gUSD: 100 } }),
  ];
  const expires_at = Math.floor(world.clock.now().getTime() / 1000) + 500;
  return { request_id: "request-0001", action: "submit_batch", batch_id: "batch-0001", intents, expires_at, ...fields };
}

it("answers with the members' sessions and the planned txid, and asks each member by its own 31511", async () => {
  const request = aRequest();
  const { event } = await world.send(BOB, request);
  const [answer] = await world.answersTo(BOB);
  expect(serviceResponseSchema.safeParse(answer?.content).error).toBeUndefined();
  expect(answer?.content).toMatchObject({
    request_id: "request-0001",
    action: "submit_batch",
    status: "pending",
    batch_id: "batch-0001",
    members: request.intents.map(({ id, content }) => ({
      action_id: (JSON.parse(content) as { action_id: string }).action_id,
      session_id: sessionIdOfMember(id, event.id),
    })),
    txid: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
  });
  for (const [index, user] of [ALICE, BOB].entries()) {
    const [challenge, ...more] = await world.readOutbox(user, 31511);
    expect(more).toEqual([]);
    expect(challenge?.event.tags).toContainEqual(["e", request.intents[index]?.id]);
  }
});

it("sends the same answer to a copy of the request, and opens nothing twice", async () => {
  const request = aRequest();
  await world.send(BOB, request);
  await world.send(BOB, request);
  const [count] = await test.database.select("SELECT COUNT(*) AS n FROM signing_sessions");
  expect(count?.["n"]).toBe(2);
  // Under another request_id it is still the same batch.
  const again = await world.ask(BOB, { ...request, request_id: "request-0002" });
  expect(again).toMatchObject({ request_id: "request-0002", status: "pending", batch_id: "batch-0001" });
  const other = await world.ask(BOB, { ...request, request_id: "request-0003", expires_at: request.expires_at - 1 });
  expect(other).toMatchObject({ status: "error", error_code: 1004, details: { code: "duplicate_action" } });
});

it.each<[string, (request: ReturnType<typeof aRequest>) => Record<string, unknown>, number, Record<string, unknown>]>([
  ["a field is missing", ({ batch_id: _batchId, ...rest }) => rest, 1002, { code: "invalid_request" }],
  [
    "only one side is there",
    (request) => ({ ...request, intents: request.intents.slice(1) }),
    1002,
    { code: "invalid_request" },
  ],
  [
    "a member's signature is wrong",
    (request) => ({ ...request, intents: request.intents.map((each) => ({ ...each, created_at: 1 })) }),
    3001,
    { code: "batch_invalid", reason: "signature_invalid", reason_code: 1001 },
  ],
  ["it has expired", (request) => ({ ...request, expires_at: 1 }), 3001, { code: "batch_invalid", reason: "expired" }],
])("refuses a batch when %s", async (_case, change, error_code, details) => {
  const answer = await world.ask(BOB, change(aRequest()));
  expect(answer).toMatchObject({ status: "error", action: "submit_batch", error_code, details });
});

it("tells a stranger to both sides that they do not name it (3001)", async () => {
  const answer = await world.ask(testKey("stranger"), aRequest());
  expect(answer).toMatchObject({ status: "error", error_code: 3001, details: { reason: "submitter_not_named" } });
});
