import { status } from "@grpc/grpc-js";

import {
  BatchState,
  FinalizeBatchRequest,
  FundBatchRequest,
  ListBatchRequest,
  MintAsset,
} from "@arkrelay/daemons/proto/mintrpc/mint";
import type {
  FinalizeBatchResponse,
  FundBatchResponse,
  ListBatchResponse,
  MintAssetResponse,
  MintEvent,
} from "@arkrelay/daemons/proto/mintrpc/mint";
import { SortDirection } from "@arkrelay/daemons/proto/taprpc/tapcommon";
import {
  type Asset,
  type ListAssetResponse,
  type ListBalancesResponse,
  AssetMetaType,
  AssetType,
  BurnAssetRequest,
  type FetchAssetMetaRequest,
  FetchAssetRequest,
  ListAssetRequest,
  ListBalancesRequest,
  ListUtxosRequest,
  ScriptKeyType,
} from "@arkrelay/daemons/proto/taprpc/taprootassets";

import { type RunningTapd, aTapd, call, messagesOf, refusalOf } from "./testing/a-tapd";

let tapd: RunningTapd;

beforeEach(async () => {
  tapd = await aTapd();
});
afterEach(() => tapd.close());

function queue(change: Partial<MintAsset> = {}): Promise<MintAssetResponse> {
  const asset = MintAsset.fromPartial({ name: "gold", amount: 1_000n, ...change });
  return call((reply) => tapd.mint.mintAsset({ asset, shortResponse: false }, reply));
}

function finalize(change: Partial<FinalizeBatchRequest> = {}): Promise<FinalizeBatchResponse> {
  return call((reply) => tapd.mint.finalizeBatch(FinalizeBatchRequest.fromPartial(change), reply));
}

function batches(verbose = false): Promise<ListBatchResponse> {
  return call((reply) => tapd.mint.listBatches(ListBatchRequest.fromPartial({ verbose }), reply));
}

function list(change: Partial<ListAssetRequest> = {}): Promise<ListAssetResponse> {
  return call((reply) => tapd.assets.listAssets(ListAssetRequest.fromPartial(change), reply));
}

function balances(change: Partial<ListBalancesRequest>): Promise<ListBalancesResponse> {
  return call((reply) => tapd.assets.listBalances(ListBalancesRequest.fromPartial(change), reply));
}

/** Mints and confirms; the first piece of what came of it. */
async function mint(change: Partial<MintAsset> = {}): Promise<Asset> {
  await queue(change);
  await finalize();
  tapd.mine(1);
  const { assets } = await list();
  const asset = assets.find(({ assetGenesis }) => assetGenesis?.name === (change.name ?? "gold"));
  if (asset === undefined) throw new Error("nothing was minted");
  return asset;
}

describe("TaprootAssets: what tapd holds", () => {
  it("GetInfo names versions, network and lnd", async () => {
    expect(await call((reply) => tapd.assets.getInfo({}, reply))).toMatchObject({
      version: expect.stringMatching(/^0\.8\./) as string,
      network: "regtest",
      lndIdentityPubkey: tapd.lnd.nodePubkey,
      blockHeight: tapd.lnd.height,
      syncToChain: true,
    });
  });

  it("ListAssets hides unconfirmed mints, counts them, and shows them when asked", async () => {
    await queue();
    await finalize();
    expect(await list()).toMatchObject({ assets: [], unconfirmedMints: 1n });
    const { assets } = await list({ includeUnconfirmedMints: true });
    expect(assets).toMatchObject([{ amount: 1_000n, chainAnchor: { blockHeight: 0 } }]);
  });

  it("ListAssets gives the newest first unless asked otherwise, by pages", async () => {
    for (const name of ["one", "two", "three"]) await mint({ name });
    const namesOf = ({ assets }: ListAssetResponse): unknown[] => assets.map(({ assetGenesis }) => assetGenesis?.name);
    expect(namesOf(await list())).toEqual(["three", "two", "one"]);
    expect(namesOf(await list({ direction: SortDirection.SORT_DIRECTION_ASC, offset: 1, limit: 1 }))).toEqual(["two"]);
  });

  it.each([
    ["cannot specify both include_spent and include_leased", { includeSpent: true, includeLeased: true }],
    ["offset must be non-negative", { offset: -1 }],
    ["limit must be non-negative", { limit: -1 }],
    ["limit must be less than 16384", { limit: 16_385 }],
  ])("ListAssets refuses: %s", async (text, change) => {
    expect(await refusalOf(list(change))).toEqual([status.UNKNOWN, text]);
  });

  it("ListBalances groups by asset or by group, and knows nothing of unknown assets", async () => {
    const { assetGenesis, assetGroup } = await mint({ newGroupedAsset: true });
    const id = assetGenesis?.assetId.toString("hex") ?? "";
    const key = assetGroup?.tweakedGroupKey.toString("hex") ?? "";
    const byAsset = await balances({ groupBy: { $case: "assetId", value: true } });
    expect(byAsset.assetBalances[id]).toMatchObject({ balance: 1_000n });
    const byGroup = await balances({ groupBy: { $case: "groupKey", value: true } });
    expect(byGroup.assetGroupBalances[key]).toMatchObject({ balance: 1_000n });
    const unknown = { groupBy: { $case: "assetId", value: true } as const, assetFilter: Buffer.alloc(32) };
    expect(await balances(unknown)).toMatchObject({ assetBalances: {} });
    expect(await refusalOf(balances({}))).toEqual([status.UNKNOWN, "invalid group_by"]);
    expect(await refusalOf(balances({ ...unknown, assetFilter: Buffer.alloc(31) }))).toEqual([
      status.UNKNOWN,
      "invalid asset filter",
    ]);
  });

  it("FetchAsset finds by id and by group, and does not exist in 0.7", async () => {
    const asset = await mint({ newGroupedAsset: true });
    const fetch = (id: NonNullable<FetchAssetRequest["assetSpecifier"]>["id"]) =>
      call<{ assets: Asset[] }>((reply) =>
        tapd.assets.fetchAsset(FetchAssetRequest.fromPartial({ assetSpecifier: { id } }), reply),
      );
    const value = asset.assetGenesis?.assetId ?? Buffer.alloc(0);
    expect((await fetch({ $case: "assetId", value })).assets).toMatchObject([{ amount: 1_000n }]);
    const key = asset.assetGroup?.tweakedGroupKey.toString("hex") ?? "";
    expect((await fetch({ $case: "groupKeyStr", value: key })).assets).toHaveLength(1);
    expect(await refusalOf(fetch({ $case: "assetId", value: Buffer.alloc(3) }))).toEqual([
      status.UNKNOWN,
      "asset ID must be 32 bytes",
    ]);
    tapd.engine.changeSettings({ version: "0.7" });
    expect((await refusalOf(fetch({ $case: "assetId", value })))[0]).toBe(status.UNIMPLEMENTED);
  });

  it("FetchAssetMeta finds by asset and by hash", async () => {
    const data = Buffer.from('{"decimal_display":2}');
    const { assetGenesis } = await mint({
      decimalDisplay: 2,
      assetMeta: { data, type: AssetMetaType.META_TYPE_JSON, metaHash: Buffer.alloc(0) },
    });
    const fetch = (asset: FetchAssetMetaRequest["asset"]) =>
      call<{ data: Buffer }>((reply) => tapd.assets.fetchAssetMeta({ asset }, reply));
    const id = assetGenesis?.assetId.toString("hex") ?? "";
    expect(await fetch({ $case: "assetIdStr", value: id })).toMatchObject({ data, decimalDisplay: 2, type: 1 });
    const metaHash = assetGenesis?.metaHash ?? Buffer.alloc(0);
    expect((await fetch({ $case: "metaHash", value: metaHash })).data).toEqual(data);
    expect(await refusalOf(fetch({ $case: "assetId", value: Buffer.alloc(32) }))).toEqual([
      status.UNKNOWN,
      "unable to fetch asset meta: asset meta not found",
    ]);
    expect((await refusalOf(fetch(undefined)))[1]).toBe("either asset ID or meta hash must be set");
  });

  it("ListGroups and ListUtxos show what belongs together", async () => {
    await queue({ newGroupedAsset: true });
    await queue({ name: "silver" });
    await finalize();
    tapd.mine(1);
    const { groups } = await call<{ groups: Record<string, unknown> }>((reply) => tapd.assets.listGroups({}, reply));
    expect(Object.values(groups)).toMatchObject([{ assets: [{ tag: "gold", amount: 1_000n }] }]);
    const { managedUtxos } = await call<{ managedUtxos: Record<string, unknown> }>((reply) =>
      tapd.assets.listUtxos(ListUtxosRequest.fromPartial({}), reply),
    );
    expect(Object.values(managedUtxos)).toMatchObject([{ amtSat: 1_000n, assets: [{}, {}] }]);
  });

  it("BurnAsset asks for the phrase, and shows burnt pieces only by their type", async () => {
    const { assetGenesis } = await mint();
    const burn = (change: Partial<BurnAssetRequest>) =>
      call((reply) =>
        tapd.assets.burnAsset(
          BurnAssetRequest.fromPartial({
            asset: { $case: "assetId", value: assetGenesis?.assetId ?? Buffer.alloc(0) },
            amountToBurn: 100n,
            confirmationText: "assets will be destroyed",
            ...change,
          }),
          reply,
        ),
      );
    expect((await refusalOf(burn({ amountToBurn: 0n })))[1]).toBe("amount to burn must be specified");
    expect((await refusalOf(burn({ confirmationText: "ok" })))[1]).toMatch(/^invalid confirmation text, please read/);
    expect(await burn({})).toMatchObject({ burnProof: { isBurn: true }, burnTransfer: { anchorTxBlockHeight: 0 } });
    tapd.mine(1);
    const scriptKeyType = { type: { $case: "explicitType", value: ScriptKeyType.SCRIPT_KEY_BURN } } as const;
    expect((await list({ scriptKeyType })).assets).toMatchObject([{ amount: 100n, isBurn: true }]);
    expect((await list()).assets).toMatchObject([{ amount: 900n }]);
  });
});

describe("Mint", () => {
  it("queues into one batch, broadcasts it, and is final after a block", async () => {
    const first = await queue();
    const second = await queue({ name: "silver" });
    expect(second.pendingBatch).toMatchObject({
      batchKey: first.pendingBatch?.batchKey,
      state: BatchState.BATCH_STATE_PENDING,
      assets: [{ name: "gold" }, { name: "silver" }],
    });
    const { batch } = await finalize();
    expect(batch).toMatchObject({ state: BatchState.BATCH_STATE_BROADCAST });
    const { assets } = await list({ includeUnconfirmedMints: true });
    expect(new Set(assets.map(({ chainAnchor }) => chainAnchor?.anchorOutpoint.split(":")[0]))).toEqual(
      new Set([batch?.batchTxid]),
    );
    tapd.mine(1);
    expect(await batches()).toMatchObject({ batches: [{ batch: { state: BatchState.BATCH_STATE_FINALIZED } }] });
  });

  it("tells every state of a batch to who listens, and nothing of before", async () => {
    await queue({ name: "before" });
    const told = messagesOf<MintEvent>(tapd.mint.subscribeMintEvents({ shortResponse: false }), 5);
    await batches();
    await finalize();
    tapd.mine(1);
    expect((await told).map(({ batchState }) => batchState)).toEqual([
      BatchState.BATCH_STATE_FROZEN,
      BatchState.BATCH_STATE_COMMITTED,
      BatchState.BATCH_STATE_BROADCAST,
      BatchState.BATCH_STATE_CONFIRMED,
      BatchState.BATCH_STATE_FINALIZED,
    ]);
  });

  it("funds, shows what is unsealed, seals and cancels", async () => {
    await queue({ newGroupedAsset: true });
    const fund = () => call<FundBatchResponse>((reply) => tapd.mint.fundBatch(FundBatchRequest.fromPartial({}), reply));
    expect(await fund()).toMatchObject({ batch: { unsealedAssets: [{ asset: { name: "gold" } }] } });
    expect(await refusalOf(fund())).toEqual([status.UNKNOWN, "unable to fund batch: batch already funded"]);
    await call((reply) =>
      tapd.mint.sealBatch({ shortResponse: true, groupWitnesses: [], signedGroupVirtualPsbts: [] }, reply),
    );
    const { batchKey } = await call<{ batchKey: Buffer }>((reply) => tapd.mint.cancelBatch({}, reply));
    expect(await batches(true)).toMatchObject({
      batches: [{ batch: { batchKey, state: BatchState.BATCH_STATE_SEEDLING_CANCELLED } }],
    });
  });

  it.each([
    ["invalid asset name: asset name cannot be empty", { name: "" }],
    ["unable to mint asset: asset amt cannot be zero", { amount: 0n }],
    ["decimal display is not supported for collectibles", { assetType: AssetType.COLLECTIBLE, decimalDisplay: 2 }],
    ["cannot set both new grouped asset and grouped asset", { newGroupedAsset: true, groupedAsset: true }],
    ["must set grouped asset to mint into a specific group", { groupAnchor: "x" }],
  ])("refuses: %s", async (text, change) => {
    expect(await refusalOf(queue(change))).toEqual([status.UNKNOWN, text]);
  });

  it("refuses a fee rate below the floor and a batch that is not there", async () => {
    expect(await refusalOf(finalize({ feeRate: 100 }))).toEqual([
      status.UNKNOWN,
      "manual fee rate below floor: (fee_rate=100 sat/kw, floor=253 sat/kw)",
    ]);
    expect(await refusalOf(finalize())).toEqual([status.UNKNOWN, "unable to finalize batch: no pending batch"]);
    expect((await refusalOf(call((reply) => tapd.mint.cancelBatch({}, reply))))[1]).toBe(
      "unable to cancel batch: no pending batch",
    );
  });

  it("leaves the batch frozen when its funding fails by a fault", async () => {
    tapd.faults.add({ target: "tapd", method: "*", kind: "batch_frozen", times: 1, probability: 1 });
    await queue();
    expect((await refusalOf(finalize()))[1]).toMatch(/^unable to finalize batch: unable to fund minting PSBT/);
    expect(await batches()).toMatchObject({ batches: [{ batch: { state: BatchState.BATCH_STATE_FROZEN } }] });
    expect((await refusalOf(finalize()))[1]).toBe("unable to finalize batch: no pending batch");
  });
});
