import { Relay, useWebSocketImplementation } from "nostr-tools/relay";
import { WebSocket } from "ws";

import { GatewayClient } from "@arkrelay/sdk/gateway-client";
import { verifySettlementProof } from "@arkrelay/sdk/settlement-proof";
import { validate31342 } from "@arkrelay/sdk/validation";

import { changeArkdSettings, devnetState, fund, mine } from "./control-api";
import { eventually } from "./eventually";
import { type RunningStack, START_TIMEOUT_MS, startStack } from "./running-stack";
import { aUser } from "./wallet-user";

useWebSocketImplementation(WebSocket);
jest.setTimeout(180_000);

let stack: RunningStack;
let operator: GatewayClient;

beforeAll(async () => {
  stack = await startStack();
  operator = new GatewayClient(stack.info.api_url, { adminKey: stack.info.admin_key });
}, START_TIMEOUT_MS);

afterAll(async () => {
  await stack?.stop();
});

async function commitmentsOnRelay(): Promise<readonly { readonly content: string; readonly tags: string[][] }[]> {
  const relay = await Relay.connect(stack.info.relay_urls[0] ?? "");
  const found: { readonly content: string; readonly tags: string[][] }[] = [];
  await new Promise<void>((resolve) => {
    relay.subscribe([{ kinds: [31342], authors: [stack.info.gateway_pubkey] }], {
      onevent: (event) => void found.push(event),
      oneose: resolve,
    });
  });
  relay.close();
  return found;
}

it("a settlement renews the co-input of a payment in a batch and publishes a claim that anybody can check", async () => {
  await changeArkdSettings(stack.info, { session_duration_seconds: 3, intent_input_fee_sats: 5 });
  const [alice, bob] = [await aUser(stack.info), await aUser(stack.info)];
  try {
    await fund(stack.info, alice.pubkey, 50_000);
    const { txid } = await alice.wallet.payOverNostr({ recipient: bob.pubkey, amountSats: 20_000 });
    await eventually(async () => {
      const { settlement_status } = await operator.vtxoSettlementStatus();
      expect(settlement_status.pending_settlement).toBeGreaterThanOrEqual(3);
    });
    const { job_id: jobId } = await operator.vtxoSettlementProcess();
    await eventually(async () => {
      await mine(stack.info, 1);
      const { recent_settlements } = await operator.vtxoSettlementStatus();
      expect(recent_settlements).toMatchObject([{ status: "confirmed", fee_sats: 5 }]);
    }, 150_000);

    const job = await operator.getJob(jobId);
    const [settled] = (await operator.vtxoSettlementStatus()).recent_settlements;
    expect(job).toMatchObject({ status: "completed", result_data: { l1_txid: settled?.txid } });
    const proof = await operator.vtxoSettlementProof(`${txid}:0`);
    expect(proof).toMatchObject({ merkle_root: settled?.merkle_root, l1_txid: settled?.txid, amount_sats: 20_000 });
    expect(verifySettlementProof(proof)).toBe(true);
    expect(verifySettlementProof({ ...proof, amount_sats: 20_001 })).toBe(false);

    await eventually(async () => expect(await commitmentsOnRelay()).toHaveLength(1));
    const [event] = await commitmentsOnRelay();
    const content: unknown = JSON.parse(event?.content ?? "{}");
    expect(validate31342(content)).toBe(true);
    expect(content).toMatchObject({ l1_txid: settled?.txid, merkle_root: settled?.merkle_root });
    expect(event?.tags).toContainEqual(["d", settled?.txid]);
    expect((await alice.client.getTransaction(txid, { as: "owner" }))["commitment_txid"]).toBe(settled?.txid);
    expect((await devnetState(stack.info)).drift).toBe(0);
  } finally {
    alice.close();
    bob.close();
  }
});
