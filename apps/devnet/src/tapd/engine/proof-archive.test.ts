import { type TapdWorld, aTapdEngine, balanceOf, mintAsset, sendTo } from "../testing/a-tapd-engine";

function fileOfFirst(world: TapdWorld, assetId: string): Buffer {
  const [piece] = world.tapd.wallet.listPieces({ assetId });
  return world.tapd.proofs.exportFile(assetId, piece?.scriptKey.slice(2) ?? "", undefined);
}

describe("proofs", () => {
  it("grow by one with every hop, the newest at depth 0", () => {
    const world = aTapdEngine();
    const assetId = mintAsset(world);
    sendTo(world, world.tapd.outside.newAddress(assetId, 300n).encoded);
    world.mine(1);
    const file = fileOfFirst(world, assetId);
    expect(world.tapd.proofs.decode(file, 0)).toMatchObject({ count: 2, proof: { body: { amount: "700" } } });
    expect(world.tapd.proofs.decode(file, 1)).toMatchObject({ proof: { body: { amount: "1000", previous: "" } } });
    expect(() => world.tapd.proofs.decode(file, 2)).toThrow("invalid depth 2 is greater than latest proof index of 1");
  });

  it("are valid as exported, and not once a byte of them was changed", () => {
    const world = aTapdEngine();
    const file = fileOfFirst(world, mintAsset(world));
    expect(world.tapd.proofs.verifyFile(file)).toMatchObject({ count: 1 });
    const forged = Buffer.from(file.toString("latin1").replace('"amount":"1000"', '"amount":"9000"'), "latin1");
    expect(world.tapd.proofs.verifyFile(forged)).toBeUndefined();
    const [single] = world.tapd.proofs.unpack(file);
    expect(() => world.tapd.proofs.verifyFile(single ?? Buffer.alloc(0))).toThrow("invalid raw proof, expect file");
  });

  it("are not valid with a proof left out of the middle", () => {
    const world = aTapdEngine();
    const assetId = mintAsset(world);
    sendTo(world, world.tapd.outside.newAddress(assetId, 300n).encoded);
    world.mine(1);
    const file = fileOfFirst(world, assetId);
    const [first] = world.tapd.proofs.unpack(file);
    const cut = Buffer.concat([file.subarray(0, 30), file.subarray(30 + 4 + (first?.length ?? 0))]);
    expect(world.tapd.proofs.verifyFile(cut)).toBeUndefined();
  });

  it("ask for the outpoint when a key has several", () => {
    const world = aTapdEngine();
    const assetId = mintAsset(world);
    const { encoded, scriptKey } = world.tapd.addresses.create(
      {
        assetId,
        groupKey: "",
        amount: 10n,
        courierAddr: "",
        assetVersion: 0,
        addressVersion: undefined,
        isCourierCheckSkipped: false,
      },
      "local",
    );
    for (let round = 0; round < 2; round += 1) {
      sendTo(world, encoded);
      world.mine(1);
    }
    const [outpoint] = [...world.tapd.state.receives.values()].map((receive) => receive.outpoint);
    expect(() => world.tapd.proofs.exportFile(assetId, scriptKey.slice(2), undefined)).toThrow("multiple proofs found");
    expect(world.tapd.proofs.exportFile(assetId, scriptKey.slice(2), outpoint).length).toBeGreaterThan(0);
    expect(() => world.tapd.proofs.exportFile(assetId, "00".repeat(32), undefined)).toThrow("unable to find proof");
  });

  it("bring an interactive transfer in: universe first, then the transfer, once", () => {
    const world = aTapdEngine();
    const { tapd } = world;
    const assetId = tapd.outside.mint({ name: "theirs", amount: 1_000n, isGrouped: false, decimalDisplay: 0 });
    const scriptKey = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";
    const transfer = tapd.outside.payScriptKey(assetId, 400n, scriptKey);
    world.mine(1);
    const outpoint = transfer.outputs.find((output) => output.scriptKey === scriptKey)?.outpoint ?? "";
    const register = () => tapd.proofs.registerTransfer(assetId, scriptKey, outpoint);
    expect(register).toThrow("error fetching script key");
    tapd.proofs.declareScriptKey(scriptKey);
    expect(register).toThrow("error fetching full proof");
    const piece = tapd.outside.findPiece(outpoint, scriptKey);
    if (piece === undefined) throw new Error("no piece");
    for (const raw of tapd.proofs.unpack(tapd.proofs.fileOf(piece))) {
      const { body } = tapd.proofs.decode(raw, 0).proof;
      tapd.proofs.insertLeaf(raw, { assetId, outpoint: body.outpoint, scriptKey: body.script_key });
    }
    expect(balanceOf(world, assetId)).toBe(0n);
    register();
    expect(balanceOf(world, assetId)).toBe(400n);
    expect(register).toThrow("proof already exists for this transfer");
  });

  it("of another key or with a broken signature are not taken into the universe", () => {
    const world = aTapdEngine();
    const { tapd } = world;
    const [raw = Buffer.alloc(0)] = tapd.proofs.unpack(fileOfFirst(world, mintAsset(world)));
    const { body } = tapd.proofs.decode(raw, 0).proof;
    const key = { assetId: body.asset_id, outpoint: body.outpoint, scriptKey: body.script_key };
    expect(() => tapd.proofs.insertLeaf(raw, { ...key, outpoint: `${"00".repeat(32)}:0` })).toThrow("does not match");
    const forged = Buffer.from(raw.toString("latin1").replace('"amount":"1000"', '"amount":"9000"'), "latin1");
    expect(() => tapd.proofs.insertLeaf(forged, key)).toThrow("unable to verify proof");
  });
});
