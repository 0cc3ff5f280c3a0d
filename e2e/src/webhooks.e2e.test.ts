import { GatewayClient } from "@arkrelay/sdk/gateway-client";
import { secretKeySigner } from "@arkrelay/sdk/secret-key-signer";
import { generateKey } from "@arkrelay/sdk/wallet-utils";

import { fund } from "./control-api";
import { eventually } from "./eventually";
import { flushRedis } from "./flush-redis";
import { startKilling } from "./process-killer";
import { type RunningStack, START_TIMEOUT_MS, startStack } from "./running-stack";
import { seededRandom } from "./seeded-random";
import { aUser, type WalletUser } from "./wallet-user";
import { openReceiver, type Receiver } from "./webhook-receiver";

jest.setTimeout(180_000);

let stack: RunningStack;
let receivers: Receiver[] = [];
let users: WalletUser[] = [];

beforeAll(async () => {
  stack = await startStack();
}, START_TIMEOUT_MS);
afterAll(() => stack?.stop());
afterEach(async () => {
  for (const receiver of receivers) {
    expect(receiver.forged).toEqual([]);
    await receiver.close();
  }
  receivers = [];
  for (const user of users) user.close();
  users = [];
});

/** A receiver that the gateway calls for whoever the client is. */
async function listen(client: GatewayClient, more: { readonly ordered?: boolean } = {}) {
  const receiver = await openReceiver();
  receivers.push(receiver);
  const { webhook, secret } = await client.webhooks.create({ url: receiver.url, events: ["*"], ...more });
  receiver.verifyWith(secret);
  return { receiver, webhookId: webhook.id };
}

const typesOf = (receiver: Receiver) => receiver.handled().map(({ type }) => type);

it("a payment calls its sender's and its recipient's receivers, signed, in order and with what each may see", async () => {
  const [sender, recipient] = [await aUser(stack.info), await aUser(stack.info)];
  users = [sender, recipient];
  await fund(stack.info, sender.pubkey, 20_000);
  const { receiver: ofSender } = await listen(sender.client, { ordered: true });
  const { receiver: ofRecipient } = await listen(recipient.client);
  const { txid } = await sender.wallet.payOverHttp({ recipient: recipient.pubkey, amountSats: 6_000 });
  await eventually(async () => {
    // Beside them the job that read the sender's VTXOs, if there was one.
    expect(typesOf(ofSender).filter((type) => !type.startsWith("job."))).toEqual([
      "session.created",
      "session.challenge_sent",
      "session.challenge_sent",
      "session.completed",
      "transaction.finalized",
    ]);
    expect(typesOf(ofRecipient)).toEqual(["transaction.finalized"]);
  });
  const [final] = ofRecipient.handled();
  expect(final?.data).toMatchObject({ txid, status: "confirmed", amount_sats: 6_000 });
  expect(final?.data["outputs"]).toEqual(
    expect.arrayContaining([expect.objectContaining({ owner: "you", amount_sats: 6_000 })]),
  );
});

it("a test event, a new secret and a replay reach the receiver", async () => {
  const client = new GatewayClient(stack.info.api_url, { signer: secretKeySigner(generateKey().secretKey) });
  const { receiver, webhookId } = await listen(client);
  receiver.refuseWhen(() => true);
  const { delivery_id: deliveryId } = await client.webhooks.test(webhookId);
  await eventually(async () => {
    expect(await client.webhooks.delivery(webhookId, deliveryId)).toMatchObject({
      status: "pending",
      response_status: 503,
    });
  });
  receiver.refuseWhen(() => false);
  // The first retry comes after five seconds.
  await eventually(async () => {
    expect(await client.webhooks.delivery(webhookId, deliveryId)).toMatchObject({ status: "delivered" });
  });
  const { secret } = await client.webhooks.rotateSecret(webhookId);
  receiver.verifyWith(secret);
  const { replayed } = await client.webhooks.replay(webhookId, { status: "all" });
  expect(replayed).toBe(1);
  await eventually(async () => expect(receiver.events.length).toBeGreaterThanOrEqual(3));
  expect(new Set(receiver.events.map(({ id }) => id)).size).toBe(1);
});

it("no event is lost while workers are killed, Redis is emptied and the receiver refuses every second call", async () => {
  const client = new GatewayClient(stack.info.api_url, {
    signer: secretKeySigner(generateKey().secretKey),
    timeoutMs: 60_000,
    retry: { maxAttempts: 100, backoffBaseMs: 200, backoffFactor: 1, jitterMs: 50 },
  });
  const { receiver } = await listen(client);
  let calls = 0;
  receiver.refuseWhen(() => ++calls % 2 === 0);
  const killer = startKilling(stack, seededRandom(7), 4, ["worker"]);
  const jobIds: string[] = [];
  for (let n = 0; n < 60; n++) {
    jobIds.push((await client.enqueueUserProcess({ user_id: `u${n}`, data: { n } })).job_id);
    if (n === 30) await flushRedis(stack.info.redis_url);
  }
  await eventually(async () => {
    const told = receiver.handled().filter(({ type }) => type === "job.completed");
    expect(new Set(told.map(({ data }) => data["job_id"]))).toEqual(new Set(jobIds));
    // Announced once each, however often they were sent.
    expect(told).toHaveLength(jobIds.length);
  }, 120_000);
  await killer.stop();
});
