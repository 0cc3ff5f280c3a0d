import { signEvent } from "./nostr-utils.js";
import { createSwapIntent, submitBatch } from "./swap-flows.js";
import { alice, bob, gateway } from "./testing/fake-gateway.js";
import { validate31510 } from "./validation.js";

const intents = [alice, bob].map(({ secretKey }) => signEvent(secretKey, 31510, "{}", [], 1_800_000_000));

it("states one side of a swap with its fee, as the schema of a 31510 wants it", () => {
  const intent = createSwapIntent({
    give: [{ assetId: "gUSD", amount: 100 }],
    receive: [{ assetId: "gBTC", minAmount: 20_000 }],
    counterparties: [bob.pubkey],
    solver: gateway.pubkey,
  });
  expect(validate31510(intent)).toBe(true);
  expect(intent).toMatchObject({
    type: "atomic_swap",
    solver_id: gateway.pubkey,
    params: {
      give: [{ asset_id: "gUSD", amount: 100 }],
      receive: [{ asset_id: "gBTC", min_amount: 20_000 }],
      counterparties: [bob.pubkey],
      fee_asset_id: "gBTC",
      fee_amount: 10,
    },
  });
});

it("submits the same batch over Nostr as a request, and reads the members' sessions from the answer", async () => {
  const asked: unknown[] = [];
  const nostr = {
    request: async (action: string, fields: Readonly<Record<string, unknown>>) => {
      asked.push(action, fields);
      const response = {
        request_id: "request-0001",
        action,
        status: "pending",
        timestamp: "2026-09-21T14:13:20.000Z",
        gateway_pubkey: gateway.pubkey,
        batch_id: fields["batch_id"],
        members: [
          { action_id: "swap-0001", session_id: "s1" },
          { action_id: "swap-0002", session_id: "s2" },
        ],
        txid: "01".repeat(32),
        expires_at: "2026-09-21T14:23:20.000Z",
      };
      return { event: intents[0], response } as never;
    },
  };
  const allocations = [{ action_id: "swap-0001", receive: [{ asset_id: "gBTC", amount: 21_000 }] }];
  const batch = { batchId: "batch-0001", intents, allocations, expiresAt: 1_800_000_500 };
  expect(await submitBatch({ nostr }, batch)).toEqual({
    batchId: "batch-0001",
    members: [
      { actionId: "swap-0001", sessionId: "s1" },
      { actionId: "swap-0002", sessionId: "s2" },
    ],
    txid: "01".repeat(32),
    expiresAt: "2026-09-21T14:23:20.000Z",
  });
  expect(asked).toEqual(["submit_batch", { batch_id: "batch-0001", intents, allocations, expires_at: 1_800_000_500 }]);
});
