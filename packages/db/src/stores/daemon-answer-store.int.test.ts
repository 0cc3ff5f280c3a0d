import { openTestDatabase, type TestDatabase } from "../testing/test-database";
import { type DaemonAnswer, DrizzleDaemonAnswerStore } from "./daemon-answer-store";
import { DrizzleServerInfoStore } from "./server-info-store";

let test: TestDatabase;
let answers: DrizzleDaemonAnswerStore;
beforeAll(async () => {
  test = await openTestDatabase();
  answers = new DrizzleDaemonAnswerStore(test.database);
});
afterAll(() => test.close());
beforeEach(() => test.empty());

const pending = {
  channelPoint: `${"cd".repeat(32)}:1`,
  remotePubkey: "02",
  capacitySats: 1_000_000n,
  localSats: 600_000n,
  commitFeeSats: 10n,
  memo: "",
};
const closing = { ...pending, limboSats: 7n, closingTxid: "ef".repeat(32) };
const balances: DaemonAnswer<"lnd:balances"> = {
  lightning: {
    localMsat: 2n ** 60n + 1n,
    remoteMsat: 2n,
    unsettledLocalMsat: 3n,
    unsettledRemoteMsat: 4n,
    pendingOpenLocalMsat: 5n,
    pendingOpenRemoteMsat: 6n,
  },
  onchain: { totalSats: 1n, confirmedSats: -2n, unconfirmedSats: 3n, lockedSats: 4n, reservedAnchorSats: 5n },
};
const SAVED: { readonly [Name in Parameters<typeof answers.find>[0]]: DaemonAnswer<Name> } = {
  "lnd:balances": balances,
  "lnd:channels": [
    {
      ...pending,
      chanId: 123_456_789_012_345_678n,
      isActive: true,
      isPrivate: false,
      isInitiator: true,
      remoteSats: 1n,
      unsettledSats: 2n,
      localReserveSats: 3n,
      pendingHtlcs: [{ isIncoming: true, amountSats: 4n, paymentHash: "aa", expirationHeight: 5, isForwarded: false }],
    },
  ],
  "lnd:pending": {
    limboSats: 7n,
    opening: [pending],
    waitingClose: [{ ...closing, way: "cooperative" }],
    forceClosing: [{ ...closing, blocksTilMaturity: -3 }],
  },
  "tapd:balances": [
    { assetId: "01", balanceUnits: 1n, utxoCount: 2, channelUnits: 3n, unconfirmedUnits: 4n, leasedUnits: 5n },
  ],
};

it.each(Object.keys(SAVED) as (keyof typeof SAVED)[])(
  "%s comes back as it was answered, with its time",
  async (name) => {
    expect(await answers.find(name)).toBeUndefined();
    await answers.save(name, SAVED[name]);
    expect(await answers.find(name)).toEqual({ value: SAVED[name], seenAt: expect.any(Date) as Date });
  },
);

it("an answer replaces the one before it, and no other", async () => {
  await answers.save("lnd:balances", balances);
  await answers.save("lnd:channels", SAVED["lnd:channels"]);
  await answers.save("lnd:channels", []);
  expect(await answers.find("lnd:channels")).toMatchObject({ value: [] });
  expect(await answers.find("lnd:balances")).toMatchObject({ value: balances });
});

it("what another release has saved in another shape is not known", async () => {
  await new DrizzleServerInfoStore(test.database).save("lnd:balances", "", { onchain: {} }, {});
  expect(await answers.find("lnd:balances")).toBeUndefined();
});
