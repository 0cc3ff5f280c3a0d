import { syncAllState } from "@arkrelay/sdk/account";
import { GatewayClientError, PaymentFailedError } from "@arkrelay/sdk/errors";
import { executeLandFlow, executeLiftFlow } from "@arkrelay/sdk/lightning-operations";
import type { PaymentFlowOptions } from "@arkrelay/sdk/payment-flow";
import { monitorStatus, type SessionStatus } from "@arkrelay/sdk/session-requests";

import {
  cancelOutside,
  devnetState,
  fund,
  outsideInvoice,
  outsidePayment,
  payFromOutside,
  settleOutside,
} from "./control-api";
import { eventually } from "./eventually";
import { type RunningStack, START_TIMEOUT_MS, runScript, startStack } from "./running-stack";
import { type WalletUser, aUser } from "./wallet-user";

jest.setTimeout(60_000);

const LIFT_SATS = 25_000;
const LAND_SATS = 12_000;
const LAND_FEE_SATS = 12;

let stack: RunningStack;
let users: WalletUser[] = [];

beforeAll(async () => {
  stack = await startStack();
}, START_TIMEOUT_MS);
afterAll(() => stack?.stop());
beforeEach(() => {
  users = [];
});
afterEach(async () => {
  for (const user of users) user.close();
  expect((await devnetState(stack.info)).drift).toBe(0);
});

async function newUser(fundedSats = 0): Promise<WalletUser> {
  const user = await aUser(stack.info);
  users.push(user);
  if (fundedSats > 0) await fund(stack.info, user.pubkey, fundedSats);
  return user;
}

/** Without a relay the flows take the HTTP way. */
function overHttp({ flowOptions }: WalletUser): PaymentFlowOptions {
  const { nostr: _nostr, ...options } = flowOptions;
  return options;
}

async function expectSats(user: WalletUser, sats: number): Promise<void> {
  await eventually(async () => expect(await user.liveSatsAtArkd()).toBe(BigInt(sats)));
  await eventually(async () => expect(await user.balance()).toEqual({ balance: sats, reserved: 0 }));
}

async function statusesOf(watch: AsyncIterable<SessionStatus>): Promise<string[]> {
  const statuses: string[] = [];
  for await (const { status } of watch) statuses.push(status);
  return statuses;
}

describe("a lift", () => {
  it.each(["http", "nostr"] as const)("over %s turns a Lightning payment into a VTXO of the user", async (way) => {
    const alice = await newUser();
    const options = { signer: alice.signer, ...(way === "http" ? { client: alice.client } : { nostr: alice.nostr }) };
    const lift = await executeLiftFlow(options, {
      amountSats: LIFT_SATS,
      onInvoice: async ({ bolt11 }) => {
        const { status } = await payFromOutside(stack.info, bolt11);
        // The gateway keeps the payment until the VTXO is final.
        expect(status).toBe("in_flight");
      },
    });
    await expectSats(alice, LIFT_SATS);
    await eventually(async () =>
      expect(await outsidePayment(stack.info, lift.paymentHash)).toMatchObject({ status: "succeeded" }),
    );
    const invoice = await alice.client.getInvoice(lift.paymentHash, { as: "owner" });
    expect(invoice).toMatchObject({ status: "paid", invoice_type: "lift", lnd_settled: true, txid: lift.txid });
  });

  it("can be followed over Nostr from its invoice to its end", async () => {
    const alice = await newUser();
    const followed: Promise<string[]>[] = [];
    await executeLiftFlow(
      { signer: alice.signer, nostr: alice.nostr },
      {
        amountSats: LIFT_SATS,
        onInvoice: async ({ bolt11, sessionId }) => {
          const watch = monitorStatus(alice.nostr, sessionId, { timeoutSeconds: 60 });
          expect((await watch.next()).value).toMatchObject({ sessionId, status: "initiated" });
          followed.push(statusesOf(watch));
          await payFromOutside(stack.info, bolt11);
        },
      },
    );
    const [statuses] = await Promise.all(followed);
    expect([...new Set(statuses)]).toEqual(["signing", "completed"]);
    const { user_vtxos, user_balances, stale } = await syncAllState(alice.nostr);
    expect(user_vtxos).toMatchObject([{ amount_sats: LIFT_SATS, asset_id: "gBTC" }]);
    expect({ user_balances, stale }).toEqual({
      user_balances: [{ asset_id: "gBTC", balance: LIFT_SATS, reserved: 0 }],
      stale: undefined,
    });
  });

  it("that nobody pays can be cancelled, and its invoice is dead from then on", async () => {
    const alice = await newUser();
    const lift = await alice.client.lightningLift(alice.pubkey, "gBTC", LIFT_SATS, { as: "owner" });
    const bolt11 = await eventually(async () => {
      const { bolt11_invoice } = await alice.client.getInvoice(lift.payment_hash);
      if (!bolt11_invoice) throw new Error("no invoice yet");
      return bolt11_invoice;
    });
    await alice.client.failSession(lift.session_id, "changed my mind", { as: "owner" });
    await eventually(async () =>
      expect(await alice.client.getInvoice(lift.payment_hash)).toMatchObject({ status: "cancelled" }),
    );
    expect(await payFromOutside(stack.info, bolt11)).toMatchObject({ status: "failed" });
    await expectSats(alice, 0);
  });

  it("is refused below the minimum, naming it", async () => {
    const alice = await newUser();
    const refused = await alice.client
      .lightningLift(alice.pubkey, "gBTC", 10, { as: "owner" })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(GatewayClientError);
    expect(refused).toMatchObject({ status: 422, code: "amount_below_minimum" });
  });
});

describe("a land", () => {
  it.each(["http", "nostr"] as const)(
    "over %s pays an invoice with a VTXO and proves it by the preimage",
    async (way) => {
      const alice = await newUser(50_000);
      const invoice = await outsideInvoice(stack.info, LAND_SATS);
      const options = way === "http" ? overHttp(alice) : alice.flowOptions;
      const land = await executeLandFlow(options, { amountSats: LAND_SATS, invoice: invoice.bolt11 });
      expect(land.preimage).toMatch(/^[0-9a-f]{64}$/);
      await expectSats(alice, 50_000 - LAND_SATS - LAND_FEE_SATS);
      const read = await alice.client.getInvoice(invoice.paymentHash, { as: "owner" });
      expect(read).toMatchObject({ status: "paid", invoice_type: "land", preimage: land.preimage });
    },
  );

  it("whose payment fails gives the whole VTXO back", async () => {
    const alice = await newUser(50_000);
    const invoice = await outsideInvoice(stack.info, LAND_SATS, { hold: true });
    await cancelOutside(stack.info, invoice.paymentHash);
    const request = { amountSats: LAND_SATS, invoice: invoice.bolt11 };
    const failed = await executeLandFlow(overHttp(alice), request).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(PaymentFailedError);
    expect(failed).toMatchObject({ code: "payment_failed" });
    await expectSats(alice, 50_000);
  });

  it("in flight stays in flight, is shown so, and ends when the payee decides", async () => {
    const alice = await newUser(50_000);
    const invoice = await outsideInvoice(stack.info, LAND_SATS, { hold: true });
    const landing = executeLandFlow(overHttp(alice), { amountSats: LAND_SATS, invoice: invoice.bolt11 });
    await eventually(async () =>
      expect(await alice.client.getInvoice(invoice.paymentHash)).toMatchObject({ status: "in_flight" }),
    );
    // The gateway says so before it sends, so the payee may not have the payment yet.
    await eventually(() => settleOutside(stack.info, invoice.paymentHash));
    expect((await landing).preimage).toMatch(/^[0-9a-f]{64}$/);
  });

  it("of an invoice that another land has claimed is refused", async () => {
    const [alice, bob] = [await newUser(50_000), await newUser(50_000)];
    const invoice = await outsideInvoice(stack.info, LAND_SATS);
    await executeLandFlow(overHttp(alice), { amountSats: LAND_SATS, invoice: invoice.bolt11 });
    const again = await bob.client
      .lightningLand(bob.pubkey, "gBTC", LAND_SATS, invoice.bolt11, { as: "owner" })
      .catch((error: unknown) => error);
    expect(again).toMatchObject({ status: 409, code: "invoice_used", details: expect.anything() });
    expect(await bob.liveSatsAtArkd()).toBe(50_000n);
  });
});

describe("the operator", () => {
  it("sees the daemons' balances and what is unknown", async () => {
    const headers = { "x-admin-key": stack.info.admin_key };
    const get = async (path: string): Promise<unknown> =>
      (await fetch(`${stack.info.api_url}${path}`, { headers })).json();
    expect(await get("/grpc/lnd/balances")).toMatchObject({
      connected: true,
      balances: { onchain_total: expect.any(Number) },
    });
    expect(await get("/lightning/channels")).toMatchObject({ count: expect.any(Number) });
    expect(await get("/admin/lightning/unknown")).toMatchObject({ unknown: [] });
    expect(await get("/health")).toMatchObject({ grpc_services: { arkd: true, lnd: true, tapd: true } });
  });
});

it("is shown by npm run demo", async () => {
  const { code, output } = await runScript("scripts/demo.mjs", ["--state-dir", stack.stateDir]);
  expect(output).toMatch(/lift: paid/);
  expect(output).toMatch(/land: paid/);
  expect(code).toBe(0);
});
