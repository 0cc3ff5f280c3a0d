import { GatewayClient } from "@arkrelay/sdk/gateway-client";
import { createRenewIntent, executeRenewFlow, renew } from "@arkrelay/sdk/renewal";

import { advanceClock, changeArkdSettings, devnetState, fund, mine, setVtxoLife } from "./control-api";
import { eventually } from "./eventually";
import { type RunningStack, START_TIMEOUT_MS, startStack } from "./running-stack";
import { type WalletUser, aUser } from "./wallet-user";

jest.setTimeout(120_000);

const DAY_SECONDS = 86_400;
const LIFE_SECONDS = 7 * DAY_SECONDS;

let stack: RunningStack;
let users: WalletUser[] = [];

beforeAll(async () => {
  stack = await startStack();
}, START_TIMEOUT_MS);

afterAll(async () => {
  for (const user of users) user.close();
  users = [];
  await stack?.stop();
});

/** A user whose VTXOs have three days to live, where the gateway's stock has a week. */
async function anOldUser(...amountsSats: number[]): Promise<{ readonly user: WalletUser; readonly ids: string[] }> {
  const user = await aUser(stack.info);
  users.push(user);
  const ids: string[] = [];
  await setVtxoLife(stack.info, 3 * DAY_SECONDS);
  for (const sats of amountsSats) ids.push(...(await fund(stack.info, user.pubkey, sats)));
  await setVtxoLife(stack.info, LIFE_SECONDS);
  return { user, ids };
}

/** What the wallet sees at arkd: sats and whole days left of each live VTXO. */
async function live(user: WalletUser): Promise<readonly (readonly [sats: number, days: number])[]> {
  const now = Date.now() / 1000;
  return [...(await user.flowOptions.vtxoView()).values()]
    .filter((vtxo) => !vtxo.isSpent)
    .map((vtxo) => [Number(vtxo.amountSats), Math.round((vtxo.expiresAt - now) / DAY_SECONDS)] as const)
    .toSorted(([a], [b]) => a - b);
}

it("VTXOs are renewed over Nostr: the wallet asks, signs what the gateway says, and has the same sats for a week", async () => {
  const { user, ids } = await anOldUser(20_000, 35_000);
  await eventually(async () =>
    expect(await live(user)).toEqual([
      [20_000, 3],
      [35_000, 3],
    ]),
  );
  const { renewals, intentTemplate } = await renew(user.nostr, ids);
  expect(renewals.map(({ vtxo_id, way }) => [vtxo_id, way])).toEqual(ids.map((id) => [id, "transfer"]));
  const result = await user.wallet.followOverNostr(intentTemplate);
  expect(await live(user)).toEqual([
    [20_000, 7],
    [35_000, 7],
  ]);
  const session = await user.client.getSession(result.sessionId, { as: "owner" });
  expect(session).toMatchObject({ status: "completed", session_type: "p2p_transfer" });
  expect(session["result_data"]).toMatchObject({ txid: result.txid, inputs: ids, fee_paid: 0 });
  expect((await devnetState(stack.info)).drift).toBe(0);
});

it("VTXOs are renewed over HTTP, in a session and by the route that prepares it", async () => {
  const { user, ids } = await anOldUser(12_000, 15_000);
  const [first = "", second = ""] = ids;
  const { nostr: _nostr, ...overHttp } = user.flowOptions;
  await executeRenewFlow(overHttp, { vtxoIds: [first] });
  expect(await live(user)).toEqual([
    [12_000, 7],
    [15_000, 3],
  ]);

  const opened = await user.client.vtxoRenew(user.pubkey, [second], { as: "owner" });
  expect(opened).toMatchObject({ way: "transfer", outputs: [{ amount_sats: 15_000, assets: [] }] });
  const content = createRenewIntent({ vtxoIds: [second] });
  await user.wallet.followOverHttp({ content, sessionId: opened.session_id }, { until: "session" });
  expect(await live(user)).toEqual([
    [12_000, 7],
    [15_000, 7],
  ]);
  expect((await devnetState(stack.info)).drift).toBe(0);
});

it("VTXOs that arkd has swept come back from the next batch for one proof that the wallet signs", async () => {
  const operator = new GatewayClient(stack.info.api_url, { adminKey: stack.info.admin_key });
  await changeArkdSettings(stack.info, { session_duration_seconds: 3 });
  const user = await aUser(stack.info);
  users.push(user);
  await setVtxoLife(stack.info, 60);
  const ids = await fund(stack.info, user.pubkey, 21_000, 2);
  await setVtxoLife(stack.info, LIFE_SECONDS);
  const { nostr: _nostr, ...overHttp } = user.flowOptions;
  await advanceClock(stack.info, 61);
  await eventually(async () => {
    await devnetState(stack.info);
    const view = await user.flowOptions.vtxoView();
    expect(ids.map((id) => view.get(id)?.isSwept)).toEqual([true, true]);
  });
  // The gateway has never heard of them: it takes them for live ones, looks, and knows them from then on.
  await expect(executeRenewFlow(overHttp, { vtxoIds: ids })).rejects.toMatchObject({ code: "vtxo_expired" });

  let hasEnded = false;
  const renewal = executeRenewFlow(overHttp, { vtxoIds: ids, timeoutMs: 90_000 }).finally(() => (hasEnded = true));
  await Promise.all([
    renewal,
    eventually(async () => {
      await mine(stack.info, 1);
      if (!hasEnded) await operator.vtxoSettlementProcess();
      expect(hasEnded).toBe(true);
    }, 60_000),
  ]);
  const { txid, sessionId } = await renewal;
  expect(await live(user)).toEqual([
    [21_000, 7],
    [21_000, 7],
  ]);
  const session = await user.client.getSession(sessionId, { as: "owner" });
  expect(session["result_data"]).toMatchObject({ txid, commitment_txid: txid, inputs: ids, fee_paid: 0 });
  expect((await devnetState(stack.info)).drift).toBe(0);
});
