import { ALICE, BOB, testKey } from "@arkrelay/core/testing/ark-transfer";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { openLiftWorld, type LiftWorld } from "../testing/lift-world";

let test: TestDatabase;
let world: LiftWorld;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.empty();
  world = await openLiftWorld(test);
});

describe("starting a lift", () => {
  it.each([
    ["another asset", { assetId: "gUSD" }, "asset_unknown"],
    ["less than the minimum", { amount: 999n }, "amount_below_minimum"],
    ["more than the maximum", { amount: 1_000_001n }, "amount_above_maximum"],
    ["more than is in stock", { amount: 100_001n }, "inventory_exhausted"],
  ] as const)("is refused for %s", async (_name, input, code) => {
    await world.stock(100_000n);
    await expect(world.start(ALICE.pubkey, input)).rejects.toMatchObject({ code });
    expect(await test.database.select("SELECT 1 FROM lightning_invoices")).toEqual([]);
    expect(await test.database.select("SELECT 1 FROM signing_sessions")).toEqual([]);
  });

  it("is refused for a key of the gateway", async () => {
    await world.stock(100_000n);
    const { pubkey } = world.deps.wallet.keys.treasury;
    await expect(world.start(pubkey)).rejects.toMatchObject({ code: "invalid_request" });
  });

  it("holds a user, a caller and all together to their limits, however many start at once", async () => {
    await world.stock(100_000n);
    const ofUser = await Promise.allSettled([1, 2, 3, 4, 5].map(() => world.start(ALICE.pubkey, { amount: 1_000n })));
    expect(ofUser.filter((each) => each.status === "fulfilled")).toHaveLength(3);
    await expect(world.start(ALICE.pubkey, { amount: 1_000n })).rejects.toMatchObject({ code: "rate_limited" });

    const solver = { createdBy: "key:solver", countedAs: "key:solver", ownerProven: false, amount: 1_000n } as const;
    const users = Array.from({ length: 12 }, (_each, index) => testKey(`lifter ${index}`).pubkey);
    const ofCaller = await Promise.allSettled(users.map((pubkey) => world.start(pubkey, solver)));
    expect(ofCaller.filter((each) => each.status === "fulfilled")).toHaveLength(10);

    // 13 000 sats are promised already; three times the stock is the most that may be.
    const rest = await Promise.allSettled([
      world.start(BOB.pubkey, { amount: 100_000n }),
      world.start(BOB.pubkey, { amount: 100_000n }),
    ]);
    expect(rest.filter((each) => each.status === "fulfilled")).toHaveLength(2);
    await expect(world.start(BOB.pubkey, { amount: 90_000n })).rejects.toMatchObject({ code: "inventory_exhausted" });
  });

  it("does not count against the user's sessions", async () => {
    await world.stock(100_000n);
    for (let index = 0; index < 3; index++) await world.start(ALICE.pubkey, { amount: 1_000n });
    const counted = await test.database.transactions.run((tx) => world.deps.sessions.countOpenOfUser(tx, ALICE.pubkey));
    expect(counted).toEqual({ funded: 0, protocolOps: 0 });
  });
});
