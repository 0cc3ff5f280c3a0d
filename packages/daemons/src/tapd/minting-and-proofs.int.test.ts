import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { status } from "@grpc/grpc-js";

import { SILENT_OBSERVER } from "../daemon-observer";
import { BatchState, type MintAssetRequest, MintingBatch, VerboseBatch } from "../gen/mintrpc/mint";
import {
  Asset,
  AssetType,
  DecodedProof,
  type DecodeProofRequest,
  type ExportProofRequest,
  type RegisterTransferRequest,
} from "../gen/taprpc/taprootassets";
import { type AssetProof, ProofType } from "../gen/universerpc/universe";
import { failure } from "../testing/fake-arkd";
import { rejectionOf } from "../testing/rejection-of";
import type { ScriptedDaemon } from "../testing/scripted-daemon";
import { startScriptedTapd } from "../testing/scripted-tapd";
import { fromHex } from "../wire-bytes";
import { GrpcTaprootAssets } from "./grpc-taproot-assets";

const folder = mkdtempSync(path.join(tmpdir(), "arkrelay-tapd-"));
const GOLD = "01".repeat(32);
const BATCH_KEY = "02".repeat(33);
const GROUP_KEY = "03".repeat(33);
const SCRIPT_KEY = "02".padEnd(66, "4");
const TXID = `${"00".repeat(30)}abcd`;
const WIRE_TXID = `cdab${"00".repeat(30)}`;
const ISSUE = { name: "gold", type: "normal", amountUnits: 1_000n, decimalDisplay: 2, isGrouped: true } as const;

let tapd: ScriptedDaemon;
let assets: GrpcTaprootAssets;
let batches: MintingBatch[];
let queued: string[];

beforeEach(async () => {
  batches = [];
  queued = [];
  tapd = await startScriptedTapd(folder);
  tapd.answer("ListBatches", () => ({ batches: batches.map((batch) => VerboseBatch.fromPartial({ batch })) }));
  tapd.answer("ListAssets", () => ({ assets: [] }));
  const deps = { observer: SILENT_OBSERVER, requestId: () => undefined };
  assets = new GrpcTaprootAssets(tapd.endpoint, { ...deps, listAssetChannels: () => Promise.resolve([]) });
});

afterEach(() => {
  assets.close();
  tapd.stop();
});

afterAll(() => rmSync(folder, { recursive: true }));

function refuse(method: string, text: string, code = status.UNKNOWN): void {
  tapd.answer(method, () => {
    throw failure(code, text);
  });
}

const onQueued = (batchKey: string): Promise<void> => {
  queued.push(batchKey);
  return Promise.resolve();
};
const pendingBatch = (...names: string[]): MintingBatch =>
  MintingBatch.fromPartial({
    batchKey: fromHex(BATCH_KEY),
    state: BatchState.BATCH_STATE_PENDING,
    assets: names.map((name) => ({ name, amount: 1_000n, newGroupedAsset: true })),
  });

/** tapd queues into the pending batch and broadcasts it when it is finalised. */
function serveMint(): void {
  tapd.answer<MintAssetRequest>("MintAsset", ({ asset }) => {
    const batch = MintingBatch.fromPartial({ ...pendingBatch(), assets: [asset ?? {}] });
    batches = [batch];
    return { pendingBatch: batch };
  });
  tapd.answer("FinalizeBatch", () => {
    batches = batches.map((batch) => ({ ...batch, state: BatchState.BATCH_STATE_BROADCAST, batchTxid: TXID }));
    return { batch: batches[0] };
  });
  tapd.answer("ListAssets", () => ({
    assets: [
      Asset.fromPartial({ assetGenesis: { assetId: fromHex(GOLD) }, chainAnchor: { anchorOutpoint: `${TXID}:0` } }),
      Asset.fromPartial({ assetGenesis: { assetId: fromHex(SCRIPT_KEY) }, chainAnchor: { anchorOutpoint: "ff:0" } }),
    ],
  }));
}

describe("issuing", () => {
  test("keeps the batch key before it commits anything, and knows the asset id once it is broadcast", async () => {
    serveMint();
    const states: BatchState[] = [];
    const batch = await assets.issueAsset(ISSUE, async (batchKey) => {
      states.push(...batches.map(({ state }) => state));
      await onQueued(batchKey);
    });
    expect(states).toEqual([BatchState.BATCH_STATE_PENDING]);
    expect(queued).toEqual([BATCH_KEY]);
    expect(batch).toEqual({ batchKey: BATCH_KEY, batchTxid: TXID, state: "broadcast", assetIds: [GOLD] });
    expect(tapd.requestsOf<MintAssetRequest>("MintAsset")).toMatchObject([
      {
        asset: { name: "gold", amount: 1_000n, decimalDisplay: 2, newGroupedAsset: true, groupedAsset: false },
        shortResponse: false,
      },
    ]);
  });

  test("leaves a pending batch of somebody else alone", async () => {
    serveMint();
    batches = [pendingBatch("gold", "somebody else's")];
    const error = await rejectionOf(assets.issueAsset(ISSUE, onQueued));
    expect([error.code, error.details?.["daemon_name"]]).toEqual(["daemon_rejected", "foreign_batch"]);
    expect([queued, tapd.requestsOf("MintAsset"), tapd.requestsOf("FinalizeBatch")]).toEqual([[], [], []]);
  });

  test("goes on with the batch that an earlier attempt has queued and not kept", async () => {
    serveMint();
    batches = [pendingBatch("gold")];
    await expect(assets.issueAsset(ISSUE, onQueued)).resolves.toMatchObject({
      batchKey: BATCH_KEY,
      state: "broadcast",
    });
    expect([queued, tapd.requestsOf("MintAsset")]).toEqual([[BATCH_KEY], []]);
  });

  test("finalises nothing when somebody queued at the same moment", async () => {
    serveMint();
    tapd.answer("MintAsset", () => ({ pendingBatch: pendingBatch("somebody else's", "gold") }));
    expect((await rejectionOf(assets.issueAsset(ISSUE, onQueued))).code).toBe("outcome_unknown");
    expect([queued, tapd.requestsOf("FinalizeBatch")]).toEqual([[], []]);
  });

  test("finalises nothing when the batch key cannot be kept", async () => {
    serveMint();
    await expect(assets.issueAsset(ISSUE, () => Promise.reject(new Error("no database")))).rejects.toThrow(
      "no database",
    );
    expect(tapd.requestsOf("FinalizeBatch")).toEqual([]);
  });

  test.each([
    "unable to finalize batch: unable to fund minting PSBT: insufficient funds available to construct transaction",
    "unable to finalize batch: wallet locked, unlock it to enable full RPC access",
    "unable to finalize batch: no pending batch",
  ])("is an open outcome whatever keeps the batch from being finalised: %s", async (text) => {
    serveMint();
    refuse("FinalizeBatch", text);
    expect((await rejectionOf(assets.issueAsset(ISSUE, onQueued))).code).toBe("outcome_unknown");
    expect(queued).toEqual([BATCH_KEY]);
  });

  test("tells a refused name from a lost answer", async () => {
    refuse("MintAsset", "invalid asset name: asset name cannot be empty");
    expect((await rejectionOf(assets.issueAsset(ISSUE, onQueued))).details).toMatchObject({
      daemon_name: "asset_name_refused",
    });
    refuse("MintAsset", "gone", status.UNAVAILABLE);
    expect((await rejectionOf(assets.issueAsset(ISSUE, onQueued))).code).toBe("outcome_unknown");
  });
});

test("more units repeat the kind and the decimals of their group", async () => {
  serveMint();
  tapd.answer("ListAssets", () => ({
    assets: [
      Asset.fromPartial({
        assetGenesis: { assetId: fromHex(GOLD), assetType: AssetType.NORMAL },
        assetGroup: { tweakedGroupKey: fromHex(GROUP_KEY) },
        decimalDisplay: { decimalDisplay: 6 },
      }),
    ],
  }));
  await assets.mintAsset({ name: "gold 2", amountUnits: 50n, groupKey: GROUP_KEY }, onQueued);
  expect(tapd.requestsOf<MintAssetRequest>("MintAsset")[0]?.asset).toMatchObject({
    amount: 50n,
    groupedAsset: true,
    newGroupedAsset: false,
    groupKey: fromHex(GROUP_KEY),
    decimalDisplay: 6,
  });
});

test("a batch is found by its key, frozen ones too, and an unknown key is none", async () => {
  batches = [MintingBatch.fromPartial({ batchKey: fromHex(BATCH_KEY), state: BatchState.BATCH_STATE_FROZEN })];
  await expect(assets.findBatch(BATCH_KEY)).resolves.toEqual({
    batchKey: BATCH_KEY,
    batchTxid: "",
    state: "frozen",
    assetIds: [],
  });
  await expect(assets.findBatch(GROUP_KEY)).resolves.toBeUndefined();
});

describe("a proof", () => {
  const decoded = (change: Partial<DecodedProof> = {}) =>
    DecodedProof.fromPartial({
      numberOfProofs: 2,
      asset: {
        amount: 5n,
        assetGenesis: { assetId: fromHex(GOLD), name: "gold" },
        scriptKey: fromHex(SCRIPT_KEY),
        chainAnchor: { anchorOutpoint: `${TXID}:1` },
      },
      ...change,
    });
  const request = { assetId: GOLD, scriptKey: SCRIPT_KEY, outpoint: `${TXID}:1` };

  test("is exported by its outpoint in wire order", async () => {
    tapd.answer("ExportProof", () => ({ rawProofFile: fromHex("aabb") }));
    await expect(assets.exportProof(request)).resolves.toEqual(fromHex("aabb"));
    const [{ outpoint } = { outpoint: undefined }] = tapd.requestsOf<ExportProofRequest>("ExportProof");
    expect([outpoint?.txid.toString("hex"), outpoint?.outputIndex]).toEqual([WIRE_TXID, 1]);
  });

  test("says what it proves", async () => {
    tapd.answer("ExportProof", () => ({ rawProofFile: fromHex("aabb") }));
    tapd.answer("DecodeProof", () => ({ decodedProof: decoded() }));
    await expect(assets.getAssetProof(request)).resolves.toEqual({
      assetId: GOLD,
      name: "gold",
      amountUnits: 5n,
      scriptKey: SCRIPT_KEY,
      outpoint: `${TXID}:1`,
      numberOfProofs: 2,
      isBurn: false,
    });
  });

  test("that tapd does not have is refused by name", async () => {
    refuse("ExportProof", "unable to find proof");
    expect((await rejectionOf(assets.exportProof(request))).details).toMatchObject({ daemon_name: "proof_unknown" });
  });

  test("is valid, invalid or no proof at all, and each is an answer", async () => {
    tapd.answer("VerifyProof", () => ({ valid: true, decodedProof: decoded() }));
    await expect(assets.verifyAssetProof(fromHex("aa"))).resolves.toMatchObject({
      isValid: true,
      proof: { assetId: GOLD },
    });
    tapd.answer("VerifyProof", () => ({ valid: false }));
    await expect(assets.verifyAssetProof(fromHex("aa"))).resolves.toEqual({ isValid: false, proof: undefined });
    refuse("VerifyProof", "invalid raw proof, expect file, not single encoded mint or transition proof");
    await expect(assets.verifyAssetProof(fromHex("aa"))).resolves.toEqual({ isValid: false, proof: undefined });
    refuse("VerifyProof", "chain backend gone");
    expect((await rejectionOf(assets.verifyAssetProof(fromHex("aa")))).code).toBe("internal_error");
  });

  describe("file", () => {
    beforeEach(() => {
      tapd.answer("UnpackProofFile", () => ({ rawProofs: [fromHex("01"), fromHex("02")] }));
      tapd.answer<DecodeProofRequest>("DecodeProof", ({ rawProof }) => ({
        decodedProof: decoded({
          asset: Asset.fromPartial({
            assetGenesis: { assetId: fromHex(GOLD) },
            assetGroup: { tweakedGroupKey: fromHex(GROUP_KEY) },
            scriptKey: fromHex(SCRIPT_KEY),
            chainAnchor: { anchorOutpoint: `${TXID}:${rawProof[0]}` },
          }),
        }),
      }));
      tapd.answer("InsertProof", () => ({}));
      tapd.answer("RegisterTransfer", () => ({}));
    });

    test("is imported proof by proof, oldest first, and its last transfer registered", async () => {
      await assets.importProof(fromHex("aabb"));
      const inserted = tapd
        .requestsOf<AssetProof>("InsertProof")
        .map(({ key, assetLeaf }) => [
          assetLeaf?.proof.toString("hex"),
          key?.id?.proofType,
          key?.id?.id?.$case,
          key?.leafKey?.outpoint?.value,
        ]);
      expect(inserted).toEqual([
        ["01", ProofType.PROOF_TYPE_ISSUANCE, "groupKey", `${TXID}:1`],
        ["02", ProofType.PROOF_TYPE_TRANSFER, "groupKey", `${TXID}:2`],
      ]);
      const [registered] = tapd.requestsOf<RegisterTransferRequest>("RegisterTransfer");
      expect(registered?.outpoint).toEqual({ txid: fromHex(WIRE_TXID), outputIndex: 2 });
      expect(registered?.groupKey.toString("hex")).toBe(GROUP_KEY);
    });

    test("may be imported again", async () => {
      refuse("RegisterTransfer", "proof already exists for this transfer");
      await expect(assets.importProof(fromHex("aabb"))).resolves.toBeUndefined();
    });

    test.each([
      ["InsertProof", "proof insert disabled for universe 01", "universe_closed"],
      ["InsertProof", "upsert leaf: unable to verify proof", "proof_invalid"],
      ["RegisterTransfer", "error fetching script key, consider declaring it", "script_key_unknown"],
      ["UnpackProofFile", "unable to decode proof file: EOF", "proof_malformed"],
    ])("is refused by %s: %s", async (method, text, name) => {
      refuse(method, text);
      expect((await rejectionOf(assets.importProof(fromHex("aabb")))).details).toMatchObject({ daemon_name: name });
    });
  });
});
