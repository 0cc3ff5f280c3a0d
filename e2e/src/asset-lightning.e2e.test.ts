import { GatewayClient } from "@arkrelay/sdk/gateway-client";
import { executeLandFlow, executeLiftFlow } from "@arkrelay/sdk/lightning-operations";
import type { PaymentFlowOptions } from "@arkrelay/sdk/payment-flow";

import { devnetState, fund, openAssetChannel, outsideInvoice, outsidePayment, payFromOutside } from "./control-api";
import { eventually } from "./eventually";
import { type RunningStack, START_TIMEOUT_MS, startStack } from "./running-stack";
import { type WalletUser, aUser } from "./wallet-user";

jest.setTimeout(60_000);

const GUSD = "gUSD";
const CARRIER_UNITS = 2;

let stack: RunningStack;
let operator: GatewayClient;
const users: WalletUser[] = [];

/** 8000 units at tapd, all in a channel, as the backing of as many of ours. tapd's peers price a unit at 1000 sats. */
beforeAll(async () => {
  stack = await startStack();
  operator = new GatewayClient(stack.info.api_url, { adminKey: stack.info.admin_key });
  const taproot_asset_id = await openAssetChannel(stack.info, GUSD, 8_000);
  const caps = { min_lift_units: 1, max_lift_units: 1_000, min_land_units: 1, max_land_units: 1_000 };
  const fields = { decimal_places: 0, backing: "taproot", taproot_asset_id, carrier_units: CARRIER_UNITS, ...caps };
  await operator.createAsset(GUSD, "Gateway Dollar", GUSD, 5_000, { fields });
}, START_TIMEOUT_MS);
afterAll(() => stack?.stop());
afterEach(async () => {
  for (const user of users.splice(0)) user.close();
  expect((await devnetState(stack.info)).drift).toBe(0);
});

async function newUser(): Promise<WalletUser> {
  const user = await aUser(stack.info);
  users.push(user);
  return user;
}

/** Who holds `units` of gUSD and some sats, and has pinned what gUSD is at arkd. */
async function aHolder(units: number): Promise<{ readonly user: WalletUser; readonly options: PaymentFlowOptions }> {
  const user = await newUser();
  await operator.mintAsset(GUSD, user.pubkey, units, { waitSeconds: 10 });
  await fund(stack.info, user.pubkey, 20_000);
  await expectUnits(user, units);
  const { ark_asset_id: arkAssetId } = await operator.getAssetInfo(GUSD);
  if (!arkAssetId) throw new Error("gUSD was not issued");
  const pins = { ...user.flowOptions.pins, assets: { [GUSD]: arkAssetId } };
  return { user, options: { ...user.flowOptions, pins } };
}

async function expectUnits(user: WalletUser, units: number): Promise<void> {
  await eventually(async () => {
    const { balance } = await user.client.getAssetBalance(user.pubkey, GUSD, { as: "owner" });
    expect(balance).toBe(units);
  });
}

/** Out of the treasury, where the issuance has put all units. */
async function makeStock(count: number, units: number): Promise<void> {
  const { job_id: jobId } = await operator.vtxoBatchCreate(GUSD, count, undefined, { assetAmount: units });
  await eventually(async () => {
    expect(await operator.getJob(jobId, { as: "admin" })).toMatchObject({ status: "completed" });
  });
}

it.each(["http", "nostr"] as const)(
  "a land over %s pays an invoice with units, and proves it by the preimage",
  async (way) => {
    const { user, options } = await aHolder(100);
    const invoice = await outsideInvoice(stack.info, 20_000);
    const { nostr: _nostr, ...overHttp } = options;
    const land = await executeLandFlow(way === "http" ? overHttp : options, {
      assetId: GUSD,
      amount: 25,
      invoice: invoice.bolt11,
    });
    expect(land).toMatchObject({ fee: 1, feeSats: 0, preimage: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    await expectUnits(user, 74);
    const read = await user.client.getInvoice(invoice.paymentHash, { as: "owner" });
    expect(read).toMatchObject({ status: "paid", invoice_type: "land", asset_id: GUSD, preimage: land.preimage });
  },
);

it("a land that costs more units than are given is refused before anything is signed", async () => {
  const { user, options } = await aHolder(50);
  const invoice = await outsideInvoice(stack.info, 20_000);
  const { nostr: _nostr, ...overHttp } = options;
  const land = executeLandFlow(overHttp, { assetId: GUSD, amount: 19, invoice: invoice.bolt11 });
  await expect(land).rejects.toMatchObject({ code: "invoice_amount_mismatch" });
  await expectUnits(user, 50);
});

it("a lift turns units that come over Lightning into units of the user, from the gateway's stock", async () => {
  const { options } = await aHolder(400);
  await makeStock(4, 50);
  // Units on the far side of the channel, that a payer can send.
  const spent = await outsideInvoice(stack.info, 35_000);
  await executeLandFlow(options, { assetId: GUSD, amount: 40, invoice: spent.bolt11 });

  const bob = await newUser();
  const estimate = await operator.estimateFee(40, { direction: "lift", asset_id: GUSD });
  expect(estimate).toMatchObject({ carrier_units: CARRIER_UNITS, total_amount: 42 });
  const lift = await eventually(() =>
    executeLiftFlow(
      { signer: bob.signer, client: bob.client },
      {
        assetId: GUSD,
        amount: 40,
        onInvoice: async ({ bolt11 }) => {
          // The gateway keeps the units until the VTXO is final.
          expect(await payFromOutside(stack.info, bolt11)).toMatchObject({ status: "in_flight" });
        },
      },
    ),
  );
  await expectUnits(bob, 40);
  await eventually(async () =>
    expect(await outsidePayment(stack.info, lift.paymentHash)).toMatchObject({ status: "succeeded" }),
  );
  expect(await bob.balance()).toEqual({ balance: 1_000, reserved: 0 });
});
