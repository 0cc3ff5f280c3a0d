import { queryBalances } from "@arkrelay/sdk/account";
import { GatewayClient } from "@arkrelay/sdk/gateway-client";

import { devnetState } from "./control-api";
import { eventually } from "./eventually";
import { type RunningStack, START_TIMEOUT_MS, startStack } from "./running-stack";
import { type WalletUser, aUser } from "./wallet-user";

jest.setTimeout(60_000);

const CAP = 1_000_000;

let stack: RunningStack;
let operator: GatewayClient;
let users: WalletUser[] = [];

beforeAll(async () => {
  stack = await startStack();
  operator = new GatewayClient(stack.info.api_url, { adminKey: stack.info.admin_key });
}, START_TIMEOUT_MS);

afterAll(async () => {
  for (const user of users) user.close();
  users = [];
  await stack?.stop();
});

async function newUser(): Promise<WalletUser> {
  const user = await aUser(stack.info);
  users.push(user);
  return user;
}

/** Units of an asset by its name, as HTTP and as Nostr tell them. */
async function balances(user: WalletUser, assetId: string) {
  const http = await user.client.getAssetBalance(user.pubkey, assetId, { as: "owner" });
  const nostr = await queryBalances(user.nostr);
  return { http: http.balance, nostr: nostr.balances.find((each) => each.asset_id === assetId)?.balance };
}

it("an asset is registered, issued by its first mint, and what is minted stands in balances over HTTP and Nostr", async () => {
  const [alice, bob] = [await newUser(), await newUser()];
  await operator.createAsset("gUSD", "Gateway Dollar", "gUSD", CAP, { fields: { decimal_places: 2 } });
  expect(await operator.getAssetInfo("gUSD")).toMatchObject({ status: "registered", total_circulating: 0 });

  const first = await operator.mintAsset("gUSD", alice.pubkey, 2_500, { waitSeconds: 10 });
  expect(first.result).toMatchObject({ status: "completed", new_balance: 2_500, amount_minted: 2_500 });
  const [second, third] = await Promise.all(
    [alice, bob].map((user) => operator.mintAsset("gUSD", user.pubkey, 100, { waitSeconds: 10 })),
  );
  expect([second?.result.new_balance, third?.result.new_balance]).toEqual([2_600, 100]);

  await eventually(async () => expect(await balances(alice, "gUSD")).toEqual({ http: 2_600, nostr: 2_600 }));
  expect(await balances(bob, "gUSD")).toEqual({ http: 100, nostr: 100 });
  expect(await operator.getAssetInfo("gUSD")).toMatchObject({
    status: "active",
    total_circulating: 2_700,
    available_supply: CAP - 2_700,
  });
  expect(await operator.getAssetReserve("gUSD")).toMatchObject({ current_reserve: CAP, reserve_health: "good" });
  expect((await devnetState(stack.info)).drift).toBe(0);
});

it("a mint above the cap is refused", async () => {
  const carol = await newUser();
  await operator.createAsset("gEUR", "Gateway Euro", "gEUR", 10);
  await expect(operator.mintAsset("gEUR", carol.pubkey, 11)).rejects.toMatchObject({ code: "supply_exceeded" });
});
