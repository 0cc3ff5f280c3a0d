import { GatewayClient } from "@arkrelay/sdk/gateway-client";

import { devnetState } from "./control-api";
import { eventually } from "./eventually";
import { type RunningStack, START_TIMEOUT_MS, startStack } from "./running-stack";
import { type WalletUser, aUser } from "./wallet-user";

jest.setTimeout(60_000);

/** More than the faucet gives at the start, so that some have to be made. */
const FEE_VTXOS = 150;

let stack: RunningStack;
let operator: GatewayClient;
let user: WalletUser | undefined;

beforeAll(async () => {
  stack = await startStack([], { INVENTORY_FEE_VTXOS: String(FEE_VTXOS) });
  operator = new GatewayClient(stack.info.api_url, { adminKey: stack.info.admin_key });
}, START_TIMEOUT_MS);
afterAll(async () => {
  user?.close();
  await stack?.stop();
});

async function read(path: string): Promise<unknown> {
  const headers = { "x-admin-key": stack.info.admin_key };
  return (await fetch(stack.info.api_url + path, { headers })).json();
}

it("makes co-inputs out of its treasury by itself when few are left", async () => {
  await eventually(async () => {
    const { jobs } = (await read("/jobs?type=vtxo_replenishment")) as { jobs: unknown[] };
    expect(jobs).toMatchObject([{ status: "completed" }]);
  }, 40_000);
  await eventually(async () => {
    const metrics = await (await fetch(`${stack.info.api_url}/metrics`)).text();
    const [, count] = /^arkrelay_inventory_vtxos\{asset_id="gBTC",kind="fee"\} (\d+)$/m.exec(metrics) ?? [];
    expect(Number(count)).toBeGreaterThanOrEqual(FEE_VTXOS);
  });
  expect(await read("/vtxos/monitor/status")).toMatchObject({ monitoring_status: { inventory_monitoring: true } });
});

it("gives a user some of its stock, which the operator can follow from the first call to the booking", async () => {
  user = await aUser(stack.info);
  const given = await operator.vtxoAssign(user.pubkey, "gBTC", 12_345, { as: "admin", waitSeconds: 10 });
  await eventually(async () => expect(await user?.balance()).toEqual({ balance: 12_345, reserved: 0 }));
  expect(await user?.liveSatsAtArkd()).toBe(12_345n);
  await eventually(async () => {
    const timeline = await read(`/admin/timeline?id=${given.job_id}`);
    expect(timeline).not.toHaveProperty("stuck_reason");
    expect(timeline).toMatchObject({
      timeline: expect.arrayContaining([
        expect.objectContaining({ source: "http", what: "job inserted: vtxo_assign" }),
        expect.objectContaining({ source: "ledger", what: "booked: vtxo_assigned" }),
      ]) as unknown,
    });
  });
  expect((await devnetState(stack.info)).drift).toBe(0);
});
