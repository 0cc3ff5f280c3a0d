import { type TapdWorld, aNewAsset, aTapdEngine, balanceOf, mintAsset, sendTo } from "../testing/a-tapd-engine";

function outsideAddress(world: TapdWorld, assetId: string, amount: bigint): string {
  return world.tapd.outside.newAddress(assetId, amount).encoded;
}

function ourAddress(world: TapdWorld, assetId: string, amount: bigint): string {
  return world.tapd.addresses.create(
    {
      assetId,
      groupKey: "",
      amount,
      courierAddr: "",
      assetVersion: 0,
      addressVersion: undefined,
      isCourierCheckSkipped: false,
    },
    "local",
  ).encoded;
}

describe("sending", () => {
  it("takes the whole of the selected pieces out of the balance until the change is confirmed", () => {
    const world = aTapdEngine();
    const assetId = mintAsset(world);
    sendTo(world, outsideAddress(world, assetId, 300n));
    expect([balanceOf(world, assetId), world.tapd.wallet.unconfirmedTransfers()]).toMatchObject([0n, [{}]]);
    world.mine(1);
    expect([balanceOf(world, assetId), world.tapd.wallet.unconfirmedTransfers()]).toEqual([700n, []]);
  });

  it("cannot spend unconfirmed change", () => {
    const world = aTapdEngine();
    const assetId = mintAsset(world);
    sendTo(world, outsideAddress(world, assetId, 300n));
    expect(() => sendTo(world, outsideAddress(world, assetId, 1n))).toThrow(
      "failed to find coin(s) that satisfy given constraints",
    );
  });

  it("pays the same address twice when asked twice, and keeps the labels apart", () => {
    const world = aTapdEngine();
    const assetId = mintAsset(world);
    const address = outsideAddress(world, assetId, 300n);
    for (const label of ["first", "second"]) {
      sendTo(world, address, label);
      world.mine(1);
    }
    expect(world.tapd.porter.list().map(({ label }) => label)).toEqual(["first", "second"]);
    expect(balanceOf(world, assetId)).toBe(400n);
  });

  it("tells the states by their Go names, the last ones after the block", () => {
    const world = aTapdEngine();
    const assetId = mintAsset(world);
    const told: string[] = [];
    world.tapd.events.listen((event) => event.kind === "send" && told.push(event.executed));
    sendTo(world, outsideAddress(world, assetId, 300n));
    expect([told.at(0), told.at(-1)]).toEqual(["SendStateStartHandleAddrParcel", "SendStateBroadcast"]);
    world.mine(1);
    expect(told.slice(-4)).toEqual([
      "SendStateWaitTxConf",
      "SendStateStorePostAnchorTxConf",
      "SendStateTransferProofs",
      "SendStateComplete",
    ]);
  });

  it("moves other assets of a spent anchor along", () => {
    const world = aTapdEngine();
    world.tapd.minter.queue(aNewAsset({ name: "gold" }));
    world.tapd.minter.queue(aNewAsset({ name: "silver" }));
    world.tapd.minter.finalize(0);
    world.mine(1);
    const [gold, silver] = world.tapd.wallet.listPieces({});
    sendTo(world, outsideAddress(world, gold?.assetId ?? "", 300n));
    expect(balanceOf(world, silver?.assetId ?? "")).toBe(0n);
    world.mine(1);
    expect(balanceOf(world, silver?.assetId ?? "")).toBe(1_000n);
    expect(new Set(world.tapd.wallet.listPieces({}).map(({ outpoint }) => outpoint)).size).toBe(1);
  });

  it("sends several tranches of a group to one group address", () => {
    const world = aTapdEngine();
    const first = mintAsset(world, { isNewGroup: true });
    const { groupKey } = world.tapd.wallet.genesisOf(first);
    mintAsset(world, { name: "gold 2", isGrouped: true, groupKey });
    const { encoded } = world.tapd.addresses.create(
      {
        assetId: "",
        groupKey,
        amount: 0n,
        courierAddr: "",
        assetVersion: 0,
        addressVersion: undefined,
        isCourierCheckSkipped: false,
      },
      "local",
    );
    const transfer = sendTo(world, encoded, "", 1_500n);
    expect(transfer.outputs.filter(({ tapAddr }) => tapAddr !== "").map(({ amount }) => amount)).toEqual([
      1_000n,
      500n,
    ]);
    world.mine(1);
    expect(world.tapd.wallet.balancesByGroup({ groupKey }).get(groupKey)).toBe(2_000n);
    expect([...world.tapd.state.receives.values()]).toMatchObject([{ status: "completed" }]);
  });

  it("leaves the proof pending while the courier is down, and delivers it when it is back", () => {
    const world = aTapdEngine();
    const assetId = mintAsset(world);
    const { txid } = sendTo(world, outsideAddress(world, assetId, 300n));
    world.faults.isCourierBroken = true;
    world.mine(1);
    const delivery = (): string[] =>
      (world.tapd.state.transfers.get(txid)?.outputs ?? []).map(({ proofDelivery }) => proofDelivery);
    expect(delivery()).toEqual(["not_applicable", "pending"]);
    expect(balanceOf(world, assetId)).toBe(700n);
    world.faults.isCourierBroken = false;
    world.tapd.catchUp();
    expect(delivery()).toEqual(["not_applicable", "complete"]);
  });

  it("pings the courier first unless told not to", () => {
    const world = aTapdEngine();
    const assetId = mintAsset(world);
    const encoded = outsideAddress(world, assetId, 300n);
    world.faults.isCourierBroken = true;
    expect(() => sendTo(world, encoded)).toThrow("failed to ping proof courier(s) (error_count=1)");
    world.tapd.sendAsset({ recipients: [{ encoded, amount: 0n }], feeRateSatPerKw: 0, label: "", isPingSkipped: true });
  });

  it("destroys units only with the confirmation text", () => {
    const world = aTapdEngine();
    const assetId = mintAsset(world);
    const burn = (text: string) => world.tapd.burn({ assetId, groupKey: "" }, 100n, text, "note");
    expect(() => burn("yes")).toThrow("invalid confirmation text");
    burn("assets will be destroyed");
    world.mine(1);
    expect(balanceOf(world, assetId)).toBe(900n);
    expect(world.tapd.wallet.listPieces({ scriptKeyType: "burn", includeSpent: true })).toMatchObject([
      { amount: 100n },
    ]);
  });

  it("takes a transfer back into the mempool in a reorg, and confirms it again", () => {
    const world = aTapdEngine();
    const assetId = mintAsset(world);
    sendTo(world, outsideAddress(world, assetId, 300n));
    world.mine(1);
    world.lnd.reorg(1);
    expect([balanceOf(world, assetId), world.tapd.wallet.unconfirmedTransfers()]).toMatchObject([0n, [{ height: 0 }]]);
    world.mine(1);
    expect(balanceOf(world, assetId)).toBe(700n);
  });
});

describe("receiving", () => {
  it("passes detected, confirmed, proof received and completed, and credits only then", () => {
    const world = aTapdEngine();
    const assetId = world.tapd.outside.mint({ name: "theirs", amount: 1_000n, isGrouped: false, decimalDisplay: 0 });
    world.tapd.proofs.syncUniverse(false, []);
    const told: string[] = [];
    world.tapd.events.listen((event) => event.kind === "receive" && told.push(event.receive.status));
    world.tapd.outside.pay(ourAddress(world, assetId, 250n), 0n);
    expect([told, balanceOf(world, assetId)]).toEqual([["detected"], 0n]);
    world.mine(1);
    expect(told).toEqual(["detected", "confirmed", "proof_received", "completed"]);
    expect(balanceOf(world, assetId)).toBe(250n);
  });

  it("waits for a paused courier after the confirmation", () => {
    const world = aTapdEngine();
    const assetId = world.tapd.outside.mint({ name: "theirs", amount: 1_000n, isGrouped: false, decimalDisplay: 0 });
    world.tapd.proofs.syncUniverse(false, []);
    world.tapd.outside.pay(ourAddress(world, assetId, 250n), 0n);
    world.faults.isCourierBroken = true;
    world.mine(1);
    expect([...world.tapd.state.receives.values()]).toMatchObject([{ status: "confirmed" }]);
    expect(balanceOf(world, assetId)).toBe(0n);
    world.faults.isCourierBroken = false;
    world.tapd.catchUp();
    expect(balanceOf(world, assetId)).toBe(250n);
  });

  it("makes no address for an asset it has never heard of", () => {
    const world = aTapdEngine();
    const assetId = world.tapd.outside.mint({ name: "theirs", amount: 1_000n, isGrouped: false, decimalDisplay: 0 });
    expect(() => ourAddress(world, assetId, 1n)).toThrow("unable to find asset or group");
  });

  it("can spend on what it received", () => {
    const world = aTapdEngine();
    const assetId = world.tapd.outside.mint({ name: "theirs", amount: 1_000n, isGrouped: false, decimalDisplay: 0 });
    world.tapd.proofs.syncUniverse(false, []);
    world.tapd.outside.pay(ourAddress(world, assetId, 250n), 0n);
    world.mine(1);
    sendTo(world, outsideAddress(world, assetId, 100n));
    world.mine(1);
    expect(balanceOf(world, assetId)).toBe(150n);
    expect(world.lnd.conservation().driftMsat).toBe(0n);
  });
});
