import { aNewAsset, aTapdEngine, balanceOf, mintAsset } from "../testing/a-tapd-engine";

describe("minting", () => {
  it("collects seedlings in one pending batch, whose asset ids exist only once it is broadcast", () => {
    const { tapd } = aTapdEngine();
    const first = tapd.minter.queue(aNewAsset({ name: "gold" }));
    const second = tapd.minter.queue(aNewAsset({ name: "silver" }));
    expect(second.batchKey).toBe(first.batchKey);
    expect([second.state, tapd.state.genesis.size]).toEqual(["pending", 0]);
    const batch = tapd.minter.finalize(0);
    expect([batch.state, tapd.state.genesis.size]).toEqual(["broadcast", 2]);
  });

  it("passes every state in order and is final with the first block", () => {
    const world = aTapdEngine();
    const states: string[] = [];
    world.tapd.events.listen((event) => event.kind === "mint" && states.push(event.batch.state));
    mintAsset(world);
    expect(states).toEqual(["pending", "frozen", "committed", "broadcast", "confirmed", "finalized"]);
  });

  it("hides a mint until it is confirmed, unless asked", () => {
    const { tapd, mine } = aTapdEngine();
    tapd.minter.queue(aNewAsset());
    tapd.minter.finalize(0);
    expect(tapd.wallet.listPieces({})).toHaveLength(0);
    expect(tapd.wallet.listPieces({ includeUnconfirmedMints: true })).toHaveLength(1);
    mine(1);
    expect(tapd.wallet.listPieces({})).toHaveLength(1);
  });

  it("mints more into a group as a new asset", () => {
    const world = aTapdEngine();
    const first = mintAsset(world, { isNewGroup: true });
    const { groupKey } = world.tapd.wallet.genesisOf(first);
    const second = mintAsset(world, { name: "gold 2", isGrouped: true, groupKey, amount: 500n });
    expect(second).not.toBe(first);
    expect(world.tapd.wallet.balancesByGroup({ groupKey }).get(groupKey)).toBe(1_500n);
  });

  it("joins a group that another seedling of the batch founds", () => {
    const { tapd } = aTapdEngine();
    tapd.minter.queue(aNewAsset({ isNewGroup: true }));
    tapd.minter.queue(aNewAsset({ name: "child", isGrouped: true, groupAnchor: "gold" }));
    tapd.minter.finalize(0);
    expect(new Set([...tapd.state.genesis.values()].map(({ groupKey }) => groupKey)).size).toBe(1);
  });

  it.each([
    ["invalid asset name: asset name cannot be empty", { name: "" }],
    ["invalid asset name: asset name cannot exceed 64 bytes", { name: "x".repeat(65) }],
    ["unable to mint asset: asset amt cannot be zero", { amount: 0n }],
    ["cannot set both new grouped asset and grouped asset", { isNewGroup: true, isGrouped: true }],
    ["must set grouped asset to mint into a specific group", { groupKey: "02aa" }],
    ["decimal display is not supported for collectibles", { assetType: "collectible", amount: 1n, decimalDisplay: 2 }],
    ["unable to mint asset: batch empty, group anchor none invalid", { isGrouped: true, groupAnchor: "none" }],
  ] as const)("refuses: %s", (text, change) => {
    expect(() => aTapdEngine().tapd.minter.queue(aNewAsset(change))).toThrow(text);
  });

  it("refuses a decimal display that the JSON meta contradicts", () => {
    const data = Buffer.from('{"decimal_display":3}').toString("hex");
    expect(() => aTapdEngine().tapd.minter.queue(aNewAsset({ meta: { data, type: 1 }, decimalDisplay: 2 }))).toThrow(
      "decimal display in JSON asset meta does not match the one in the request",
    );
  });

  it("refuses a second asset of the same name in a batch", () => {
    const { tapd } = aTapdEngine();
    tapd.minter.queue(aNewAsset());
    expect(() => tapd.minter.queue(aNewAsset())).toThrow("asset with name gold already in batch");
  });

  it("leaves a batch frozen when its funding fails, and has no pending one then", () => {
    const { tapd, faults } = aTapdEngine();
    faults.frozenBatches = 1;
    tapd.minter.queue(aNewAsset());
    expect(() => tapd.minter.finalize(0)).toThrow("unable to finalize batch: unable to fund minting PSBT");
    expect(tapd.minter.list().map(({ state }) => state)).toEqual(["frozen"]);
    expect(() => tapd.minter.finalize(0)).toThrow("no pending batch");
  });

  it("fixes the asset id by funding, seals only what is funded, and cancels what is pending", () => {
    const world = aTapdEngine();
    const { tapd } = world;
    expect(() => tapd.minter.seal()).toThrow("no pending batch");
    tapd.minter.queue(aNewAsset());
    expect(() => tapd.minter.seal()).toThrow("batch is not funded");
    const funded = tapd.minter.fund();
    expect(() => tapd.minter.fund()).toThrow("batch already funded");
    tapd.minter.seal();
    const batch = tapd.minter.finalize(0);
    expect(batch.genesisPoint).toBe(funded.genesisPoint);
    tapd.minter.queue(aNewAsset());
    tapd.minter.cancel();
    expect(() => tapd.minter.cancel()).toThrow("unable to cancel batch: no pending batch");
  });

  it("pays the anchor and the fee from lnd's wallet", () => {
    const world = aTapdEngine();
    const before = world.lnd.spendableSats();
    const assetId = mintAsset(world);
    const { feesPaidMsat, anchoredMsat, driftMsat } = world.lnd.conservation();
    expect(before - world.lnd.spendableSats()).toBe(1_000n + feesPaidMsat / 1_000n);
    expect([anchoredMsat, driftMsat, balanceOf(world, assetId)]).toEqual([1_000_000n, 0n, 1_000n]);
  });
});
