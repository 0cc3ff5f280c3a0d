import { randomBytes, randomUUID } from "node:crypto";

import { vtxoScriptFor } from "@arkrelay/core/ark/vtxo-script";
import type { ArkVtxo } from "@arkrelay/core/ports/ark-daemon";
import { ALICE, GATEWAY, TEST_ARK_PARAMS, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import type { VtxoKind } from "@arkrelay/core/vtxo/vtxo";

import { openTestDatabase, type TestDatabase } from "../testing/test-database";
import { DrizzleGatewayVtxoBooks } from "./gateway-vtxo-books";
import { DrizzlePayoutStore } from "./payout-store";
import { DrizzleVtxoStore } from "./vtxo-store";

let test: TestDatabase;
let books: DrizzleGatewayVtxoBooks;
let vtxos: DrizzleVtxoStore;
let payouts: DrizzlePayoutStore;

beforeAll(async () => {
  test = await openTestDatabase();
  books = new DrizzleGatewayVtxoBooks(test.database);
  vtxos = new DrizzleVtxoStore(test.database);
  payouts = new DrizzlePayoutStore(test.database);
});
afterAll(() => test.close());
beforeEach(() => test.empty());

const aTxid = () => randomBytes(32).toString("hex");

/** A VTXO of one of ours or of a user, as a reconcile or a transaction of ours puts it into the mirror. */
async function mirror(
  owner: TestKey,
  kind: VtxoKind,
  from: "final" | "reconcile",
  changes: Partial<ArkVtxo> = {},
): Promise<string> {
  const txid = changes.txid ?? aTxid();
  await test.database.transactions.run(async (tx) => {
    const script = await vtxos.ensureScript(tx, {
      ...vtxoScriptFor(owner.pubkey, TEST_ARK_PARAMS, "regtest"),
      ...TEST_ARK_PARAMS,
      kind,
    });
    const vtxo: ArkVtxo = {
      vtxoId: `${txid}:0`,
      txid,
      vout: 0,
      script: script.script,
      amountSats: 1_000n,
      createdAt: new Date(),
      expiresAt: new Date(Date.now() + 86_400_000),
      isPreconfirmed: false,
      isSwept: false,
      isUnrolled: false,
      isSpent: false,
      spentBy: "",
      settledBy: "",
      arkTxid: "",
      commitmentTxids: [],
      assets: [],
      ...changes,
    };
    await vtxos.upsert(tx, [{ vtxo, script }], from);
  });
  return `${txid}:0`;
}

const unbooked = async () => (await books.listUnbooked(10)).map((each) => each.vtxoId);

it("only what others sent to the gateway is unbooked, spent or not, until it is marked, once", async () => {
  await mirror(GATEWAY, "fee", "final");
  await mirror(ALICE, "user", "reconcile");
  const gift = await mirror(GATEWAY, "fee", "reconcile");
  const spent = await mirror(GATEWAY, "fee", "reconcile", { isSpent: true, arkTxid: aTxid() });
  expect(await unbooked()).toEqual([gift, spent]);
  const mark = () => test.database.transactions.run((tx) => books.markBooked(tx, gift));
  expect([await mark(), await mark()]).toEqual([true, false]);
  expect(await unbooked()).toEqual([spent]);
  await test.database.transactions.run((tx) => books.markAllBooked(tx));
  expect(await unbooked()).toEqual([]);
  expect(await books.filterBooked([gift, spent, "unknown:0"])).toEqual(new Set([gift, spent]));
});

it("an output of ours that a reconcile sees first is booked by the transaction's own end, and forgotten by no later reconcile", async () => {
  const txid = aTxid();
  const seen = await mirror(GATEWAY, "used", "reconcile", { txid });
  expect(await books.filterBooked([seen])).toEqual(new Set());
  await mirror(GATEWAY, "used", "final", { txid });
  await mirror(GATEWAY, "used", "reconcile", { txid, isPreconfirmed: true });
  expect(await books.filterBooked([seen])).toEqual(new Set([seen]));
});

it("an attempt of a payout is under way with all its inputs until the payout is final, and its outputs are nobody's gift", async () => {
  const inputVtxoIds = [`${aTxid()}:0`, `${aTxid()}:1`];
  const txid = aTxid();
  const payout = await test.database.transactions.run(async (tx) => {
    const planned = await payouts.insert(tx, {
      kind: "lift",
      businessId: randomUUID(),
      pivotVtxoId: inputVtxoIds[0] ?? "",
      script: "5120",
      ownerPubkey: ALICE.pubkey,
      assetId: "gBTC",
      amount: 1n,
      amountSats: 1n,
    });
    await payouts.insertAttempt(tx, {
      payoutId: planned.id,
      attempt: 1,
      pivotVtxoId: planned.pivotVtxoId,
      txid,
      role: "pay",
      unsignedPsbt: "",
      signedPsbt: undefined,
      checkpoints: [],
      outputs: [],
      inputVtxoIds,
    });
    return planned;
  });
  await mirror(GATEWAY, "stock", "reconcile", { txid });
  expect(await unbooked()).toEqual([]);
  expect(await books.listUnbookedTransfers()).toEqual({ txids: new Set([txid]), inputVtxoIds });
  await test.database.transactions.run(async (tx) => {
    const submitting = await payouts.move(tx, payout, { status: "submitting" });
    const accepted = await payouts.move(tx, submitting, { status: "accepted", txid });
    await payouts.move(tx, accepted, { status: "final" });
  });
  expect(await books.listUnbookedTransfers()).toEqual({ txids: new Set(), inputVtxoIds: [] });
});

it("expired VTXOs of the gateway can still be recovered and are listed", async () => {
  const expired = await mirror(GATEWAY, "used", "reconcile", { isSwept: true });
  await mirror(ALICE, "user", "reconcile", { isSwept: true });
  expect(await books.listExpired(10)).toEqual([expired]);
});
