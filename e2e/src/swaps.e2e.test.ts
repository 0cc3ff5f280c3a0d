import { GatewayClient } from "@arkrelay/sdk/gateway-client";
import type { NostrEvent } from "@arkrelay/sdk/nostr-event";
import type { IntentContent } from "@arkrelay/sdk/payloads";
import { PaymentFlow } from "@arkrelay/sdk/payment-flow";
import { pinAssets } from "@arkrelay/sdk/pin-assets";
import { createSwapIntent, submitBatch } from "@arkrelay/sdk/swap-flows";

import { devnetState, fund } from "./control-api";
import { eventually } from "./eventually";
import { type RunningStack, START_TIMEOUT_MS, startStack } from "./running-stack";
import { type WalletUser, aUser } from "./wallet-user";

jest.setTimeout(120_000);

let stack: RunningStack;
let maker: WalletUser;
let taker: WalletUser;

beforeAll(async () => {
  stack = await startStack();
  const operator = new GatewayClient(stack.info.api_url, { adminKey: stack.info.admin_key });
  [maker, taker] = [await aUser(stack.info), await aUser(stack.info)];
  await operator.createAsset("gUSD", "Gateway Dollar", "gUSD", 1_000_000);
  await operator.mintAsset("gUSD", maker.pubkey, 500, { waitSeconds: 10 });
  await fund(stack.info, taker.pubkey, 100_000);
}, START_TIMEOUT_MS);

afterAll(async () => {
  maker?.close();
  taker?.close();
  await stack?.stop();
});

interface Side {
  readonly user: WalletUser;
  readonly content: IntentContent;
  readonly event: NostrEvent;
  readonly wallet: PaymentFlow;
}

/** Either signs its side; the maker sells 100 gUSD for 20 000 sats of the taker. */
async function signSides(): Promise<readonly [Side, Side]> {
  const [usd, sats] = [
    { assetId: "gUSD", amount: 100 },
    { assetId: "gBTC", amount: 20_000 },
  ];
  const sign = async (user: WalletUser, content: IntentContent): Promise<Side> => {
    const { action_id, type, params, expires_at } = content;
    const { event } = await user.nostr.signIntent(action_id, type, params, Number(expires_at));
    const pins = await pinAssets(user.flowOptions.pins, user.client, ["gUSD"]);
    return { user, content, event, wallet: new PaymentFlow({ ...user.flowOptions, pins, allowPresign: true }) };
  };
  return [
    await sign(maker, createSwapIntent({ give: [usd], receive: [sats], counterparties: [taker.pubkey] })),
    await sign(taker, createSwapIntent({ give: [sats], receive: [usd], counterparties: [maker.pubkey] })),
  ];
}

const expiresAt = (): number => Math.floor(Date.now() / 1000) + 300;

async function unitsOf(user: WalletUser): Promise<number> {
  return (await user.client.getAssetBalance(user.pubkey, "gUSD", { as: "owner" })).balance;
}

it("two wallets that never met swap in one transaction over Nostr, each checking its own side", async () => {
  const sides = await signSides();
  const [ofMaker, ofTaker] = sides;
  const before = { maker: await maker.liveSatsAtArkd(), taker: await taker.liveSatsAtArkd() };
  const following = Promise.all(sides.map(({ wallet, event }) => wallet.resumeOverNostr(event, { timeoutMs: 90_000 })));
  const intents = [ofMaker.event, ofTaker.event];
  const batch = await submitBatch({ nostr: taker.nostr }, { intents, expiresAt: expiresAt() });
  expect(batch.members.map(({ actionId }) => actionId)).toEqual(sides.map(({ content }) => content.action_id));

  const [made, taken] = await following;
  expect(made?.txid).toBe(taken?.txid);
  expect(await maker.liveSatsAtArkd()).toBe(before.maker + 20_000n - 10n);
  expect(await taker.liveSatsAtArkd()).toBe(before.taker - 20_000n - 10n);
  await eventually(async () => expect([await unitsOf(maker), await unitsOf(taker)]).toEqual([400, 100]));
  expect((await devnetState(stack.info)).drift).toBe(0);
});

it("they swap again over HTTP, where the taker submits and each answers in its own session", async () => {
  const sides = await signSides();
  const units = { maker: await unitsOf(maker), taker: await unitsOf(taker) };
  const intents = sides.map(({ event }) => event);
  const { members } = await submitBatch(
    { client: taker.client, submitter: taker.pubkey },
    { intents, expiresAt: expiresAt() },
  );
  const results = await Promise.all(
    sides.map(({ wallet, content }, index) =>
      wallet.followOverHttp({ content, sessionId: members[index]?.sessionId ?? "" }, { timeoutMs: 90_000 }),
    ),
  );
  expect(new Set(results.map(({ txid }) => txid)).size).toBe(1);
  await eventually(async () =>
    expect([await unitsOf(maker), await unitsOf(taker)]).toEqual([units.maker - 100, units.taker + 100]),
  );
  expect((await devnetState(stack.info)).drift).toBe(0);
});
