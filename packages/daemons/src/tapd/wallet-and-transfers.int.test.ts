import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { status } from "@grpc/grpc-js";

import { SILENT_OBSERVER } from "../daemon-observer";
import {
  AddrEvent,
  AddrEventStatus,
  AnchorInfo,
  AssetGroup,
  type AddrReceivesRequest,
  Asset,
  AssetTransfer,
  type FetchAssetRequest,
  type ListAssetRequest,
  ProofDeliveryStatus,
  ReceiveEvent,
  ScriptKeyType,
  SendEvent,
} from "../gen/taprpc/taprootassets";
import type { AssetChannel } from "../lnd/asset-channels";
import { failure } from "../testing/fake-arkd";
import { rejectionOf } from "../testing/rejection-of";
import type { ScriptedDaemon } from "../testing/scripted-daemon";
import { startScriptedTapd } from "../testing/scripted-tapd";
import { fromHex } from "../wire-bytes";
import { GrpcTaprootAssets } from "./grpc-taproot-assets";

const folder = mkdtempSync(path.join(tmpdir(), "arkrelay-tapd-"));
const GOLD = "01".repeat(32);
const SILVER = "02".repeat(32);
/** As everybody shows it; on the wire its bytes stand the other way round. */
const TXID = `${"00".repeat(30)}abcd`;
const WIRE_TXID = fromHex(`cdab${"00".repeat(30)}`);

let tapd: ScriptedDaemon;
let assets: GrpcTaprootAssets;
let channels: readonly AssetChannel[];

beforeEach(async () => {
  channels = [];
  tapd = await startScriptedTapd(folder);
  const deps = { observer: SILENT_OBSERVER, requestId: () => undefined };
  assets = new GrpcTaprootAssets(tapd.endpoint, { ...deps, listAssetChannels: () => Promise.resolve(channels) });
});

afterEach(() => {
  assets.close();
  tapd.stop();
});

afterAll(() => rmSync(folder, { recursive: true }));

function piece(assetId: string, vout: number, amount: bigint, change: Partial<Asset> = {}): Asset {
  return Asset.fromPartial({
    amount,
    assetGenesis: { assetId: fromHex(assetId), name: assetId === GOLD ? "gold" : "silver", metaHash: fromHex("aa") },
    scriptKey: fromHex(`02${String(vout).padStart(64, "0")}`),
    scriptKeyType: ScriptKeyType.SCRIPT_KEY_BIP86,
    chainAnchor: { anchorOutpoint: `${TXID}:${vout}`, blockHeight: 100 },
    decimalDisplay: { decimalDisplay: 2 },
    ...change,
  });
}

function refuse(method: string, text: string, code = status.UNKNOWN): void {
  tapd.answer(method, () => {
    throw failure(code, text);
  });
}

describe("the assets", () => {
  test("are added up from their pieces, without units that cannot be spent", async () => {
    tapd.answer("ListAssets", () => ({
      assets: [
        piece(GOLD, 0, 10n),
        piece(SILVER, 1, 5n, { assetGroup: AssetGroup.fromPartial({ tweakedGroupKey: fromHex("03".repeat(33)) }) }),
        piece(GOLD, 2, 9_007_199_254_740_993n),
        piece(GOLD, 3, 7n, { scriptKeyType: ScriptKeyType.SCRIPT_KEY_CHANNEL }),
        piece(GOLD, 4, 7n, { isBurn: true, isSpent: true }),
      ],
    }));
    await expect(assets.listAssets()).resolves.toEqual([
      {
        assetId: GOLD,
        name: "gold",
        type: "normal",
        groupKey: undefined,
        genesisPoint: "",
        amountUnits: 9_007_199_254_741_003n,
        decimalDisplay: 2,
        metaHash: "aa",
      },
      expect.objectContaining({ assetId: SILVER, amountUnits: 5n, groupKey: "03".repeat(33) }),
    ]);
  });

  test("of every kind of key are asked for, in pages from the oldest", async () => {
    const pieces = Array.from({ length: 201 }, (_, vout) => piece(GOLD, vout, 1n));
    tapd.answer<ListAssetRequest>("ListAssets", ({ offset, limit }) => ({
      assets: pieces.slice(offset, offset + limit),
    }));
    await expect(assets.listAssets()).resolves.toMatchObject([{ amountUnits: 201n }]);
    expect(tapd.requestsOf<ListAssetRequest>("ListAssets")).toMatchObject([
      {
        offset: 0,
        limit: 200,
        direction: 1,
        includeLeased: true,
        includeSpent: false,
        scriptKeyType: { type: { $case: "allTypes" } },
      },
      { offset: 200 },
    ]);
  });

  test("come once from a tapd without pages, which sends everything each time", async () => {
    tapd.answer("ListAssets", () => ({ assets: Array.from({ length: 200 }, (_, vout) => piece(GOLD, vout, 1n)) }));
    await expect(assets.listAssets()).resolves.toMatchObject([{ amountUnits: 200n }]);
    expect(tapd.requestsOf("ListAssets")).toHaveLength(2);
  });

  test("are known by one id also when all units are gone, and unknown only to tapd", async () => {
    tapd.answer<FetchAssetRequest>("FetchAsset", ({ includeSpent }) => ({
      assets: includeSpent ? [piece(GOLD, 0, 10n, { isSpent: true })] : [],
    }));
    await expect(assets.getAssetInfo(GOLD)).resolves.toMatchObject({ assetId: GOLD, amountUnits: 0n });
    tapd.answer("FetchAsset", () => ({ assets: [] }));
    await expect(assets.getAssetInfo(GOLD)).resolves.toBeUndefined();
  });

  test("are found by id at a tapd before 0.8, which has no call for it", async () => {
    refuse("FetchAsset", "unknown method FetchAsset for service taprpc.TaprootAssets", status.UNIMPLEMENTED);
    tapd.answer("ListAssets", () => ({ assets: [piece(SILVER, 0, 1n), piece(GOLD, 1, 10n)] }));
    await expect(assets.getAssetInfo(GOLD)).resolves.toMatchObject({ assetId: GOLD, amountUnits: 10n });
  });
});

describe("a balance", () => {
  test("of an unknown asset is zero", async () => {
    tapd.answer("ListAssets", () => ({ assets: [] }));
    await expect(assets.getAssetBalance(GOLD)).resolves.toMatchObject({ balanceUnits: 0n, channelUnits: 0n });
  });

  test("keeps the change of a send that is not confirmed and drops what leaves", async () => {
    const leased = { leaseOwner: fromHex("bb"), leaseExpiry: BigInt(Math.floor(Date.now() / 1000) + 600) };
    tapd.answer("ListAssets", () => ({
      assets: [
        piece(GOLD, 0, 100n, leased),
        piece(GOLD, 1, 40n, leased),
        piece(GOLD, 2, 3n, { ...leased, leaseExpiry: 1n }),
        piece(GOLD, 9, 1_000n, { chainAnchor: AnchorInfo.fromPartial({ anchorOutpoint: `${TXID}:9` }) }),
      ],
      unconfirmedTransfers: 1n,
    }));
    const output = { assetId: fromHex(GOLD), scriptKeyIsLocal: true };
    const inputs = [{ anchorPoint: `${TXID}:0`, scriptKey: fromHex(`02${"0".repeat(64)}`), assetId: fromHex(GOLD) }];
    tapd.answer("ListTransfers", () => ({
      transfers: [
        AssetTransfer.fromPartial({ anchorTxBlockHeight: 99, inputs, outputs: [{ ...output, amount: 500n }] }),
        AssetTransfer.fromPartial({
          inputs,
          outputs: [
            { ...output, amount: 70n },
            { ...output, amount: 30n, scriptKeyIsLocal: false },
          ],
        }),
      ],
    }));
    await expect(assets.getAssetBalance(GOLD)).resolves.toEqual({
      assetId: GOLD,
      balanceUnits: 113n,
      utxoCount: 2,
      channelUnits: 0n,
      unconfirmedUnits: 70n,
      leasedUnits: 40n,
    });
  });

  test("counts our side of channels, with what is on its way out of them", async () => {
    tapd.answer("ListAssets", () => ({ assets: [] }));
    const side = (units: bigint) => new Map([[GOLD, units]]);
    channels = [{ peerPubkey: "02", isActive: false, assetIds: [GOLD], localUnits: side(9n), outgoingUnits: side(4n) }];
    await expect(assets.getAssetBalances()).resolves.toMatchObject([
      { assetId: GOLD, balanceUnits: 0n, channelUnits: 13n },
    ]);
  });
});

describe("sending", () => {
  const transfer = AssetTransfer.fromPartial({
    label: "request 1",
    anchorTxHash: WIRE_TXID,
    anchorTxChainFees: 300n,
    outputs: [
      {
        assetId: fromHex(GOLD),
        amount: 7n,
        proofDeliveryStatus: ProofDeliveryStatus.PROOF_DELIVERY_STATUS_PENDING,
        newProofBlob: fromHex("cc"),
      },
    ],
  });
  const send = () => assets.sendAsset({ address: "taprt1", label: "request 1" });

  test("carries our label and gives the anchor's txid as everybody shows it", async () => {
    tapd.answer("ListTransfers", () => ({ transfers: [] }));
    tapd.answer("SendAsset", () => ({ transfer }));
    await expect(send()).resolves.toEqual({
      label: "request 1",
      anchorTxid: TXID,
      anchorHeight: 0,
      anchorFeeSats: 300n,
      outputs: [{ isLocal: false, assetId: GOLD, amountUnits: 7n, proofDelivery: "pending", proof: fromHex("cc") }],
    });
    expect(tapd.requestsOf("SendAsset")).toMatchObject([{ tapAddrs: ["taprt1"], label: "request 1", feeRate: 0 }]);
  });

  test("a second time finds the transfer by its label and sends none", async () => {
    tapd.answer("ListTransfers", () => ({ transfers: [AssetTransfer.fromPartial({ label: "other" }), transfer] }));
    await expect(send()).resolves.toMatchObject({ anchorTxid: TXID });
    expect(tapd.requestsOf("SendAsset")).toEqual([]);
  });

  test.each([
    ["failed to find coin(s) that satisfy given constraints", "daemon_rejected", "insufficient_units"],
    ["error parsing addresses: unable to decode addr", "daemon_rejected", "address_malformed"],
    [
      "unable to fund psbt: insufficient funds available to construct transaction",
      "daemon_rejected",
      "insufficient_funds",
    ],
    ["unable to broadcast", "outcome_unknown", undefined],
  ])("reads tapd's text %s", async (text, code, name) => {
    tapd.answer("ListTransfers", () => ({ transfers: [] }));
    refuse("SendAsset", text);
    const error = await rejectionOf(send());
    expect([error.code, error.details?.["daemon_name"]]).toEqual([code, name]);
    expect(tapd.requestsOf("SendAsset")).toHaveLength(1);
  });
});

describe("receives", () => {
  const event = (index: number, at: number, state: AddrEventStatus) =>
    AddrEvent.fromPartial({
      creationTimeUnixSeconds: BigInt(at),
      addr: { encoded: `taprt${index}`, assetId: fromHex(GOLD), amount: 7n },
      status: state,
      outpoint: `${TXID}:${index}`,
    });

  test("come from the oldest on, whatever order tapd has, and from a time in seconds", async () => {
    tapd.answer("AddrReceives", () => ({
      events: [
        event(2, 200, AddrEventStatus.ADDR_EVENT_STATUS_COMPLETED),
        event(1, 100, AddrEventStatus.ADDR_EVENT_STATUS_TRANSACTION_DETECTED),
        event(3, 150, AddrEventStatus.ADDR_EVENT_STATUS_UNKNOWN),
      ],
    }));
    await expect(assets.listReceives(new Date(90_500))).resolves.toEqual([
      {
        address: "taprt1",
        assetId: GOLD,
        amountUnits: 7n,
        outpoint: `${TXID}:1`,
        status: "detected",
        at: new Date(100_000),
      },
      expect.objectContaining({ address: "taprt2", status: "completed" }),
    ]);
    expect(tapd.requestsOf<AddrReceivesRequest>("AddrReceives")).toMatchObject([{ startTimestamp: 90n, limit: 200 }]);
  });

  test("as they happen have microseconds, and errors are none", async () => {
    tapd.answer("SubscribeReceiveEvents", async function* () {
      const address = { encoded: "taprt1", assetId: fromHex(GOLD), amount: 7n };
      yield ReceiveEvent.fromPartial({ address, error: "proof courier down" });
      yield ReceiveEvent.fromPartial({
        address,
        timestamp: 1_700_000_000_123_456n,
        status: AddrEventStatus.ADDR_EVENT_STATUS_PROOF_RECEIVED,
        outpoint: `${TXID}:1`,
      });
    });
    const received: unknown[] = [];
    for await (const receive of assets.subscribeReceives(new AbortController().signal)) received.push(receive);
    expect(received).toMatchObject([{ status: "proof_received", at: new Date(1_700_000_000_123) }]);
  });
});

test("events of sends carry our label", async () => {
  tapd.answer("SubscribeSendEvents", async function* () {
    yield SendEvent.fromPartial({ timestamp: 1_000_000n, sendState: "SendStateBroadcast", transferLabel: "request 1" });
  });
  const events: unknown[] = [];
  for await (const event of assets.subscribeSends(new AbortController().signal)) events.push(event);
  expect(events).toEqual([{ label: "request 1", state: "SendStateBroadcast", error: "", at: new Date(1_000) }]);
});

test("an address always names its courier", async () => {
  tapd.answer("NewAddr", () => ({
    encoded: "taprt1",
    assetId: fromHex(GOLD),
    amount: 7n,
    proofCourierAddr: "universerpc://u",
  }));
  const request = { assetId: GOLD, amountUnits: 7n, courierAddr: "universerpc://u" };
  await expect(assets.newAddress(request)).resolves.toEqual({
    encoded: "taprt1",
    assetId: GOLD,
    amountUnits: 7n,
    groupKey: undefined,
    courierAddr: "universerpc://u",
  });
  expect(tapd.requestsOf("NewAddr")).toMatchObject([{ amt: 7n, proofCourierAddr: "universerpc://u" }]);
});

test("a tapd of another chain is not used", async () => {
  tapd.answer("GetInfo", () => ({ network: "mainnet" }));
  expect((await rejectionOf(assets.listAssets())).details).toMatchObject({ service: "tapd", reason: "wrong_network" });
  expect(tapd.requestsOf("ListAssets")).toEqual([]);
});
