import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { SILENT_OBSERVER } from "../daemon-observer";
import { AssetTransfer, type ListTransfersRequest, ProofDeliveryStatus } from "../gen/taprpc/taprootassets";
import type { ScriptedDaemon } from "../testing/scripted-daemon";
import { startScriptedTapd } from "../testing/scripted-tapd";
import { fromHex } from "../wire-bytes";
import { GrpcTaprootAssets } from "./grpc-taproot-assets";

const folder = mkdtempSync(path.join(tmpdir(), "arkrelay-transfers-"));
const { PROOF_DELIVERY_STATUS_COMPLETE: COMPLETE, PROOF_DELIVERY_STATUS_PENDING: PENDING } = ProofDeliveryStatus;

let tapd: ScriptedDaemon;
let assets: GrpcTaprootAssets;
/** What lnd's wallet lists: confirmations by txid. */
let wallet: Map<string, number>;
/** tapd's whole history, by anchor. */
let history: Map<string, AssetTransfer>;

/** A txid that reads the same from both ends, so that the wire's byte order is none of this test's business. */
const txidOf = (letter: string) => letter.repeat(64);

function anchor(letter: string, sent: { label?: string; height: number; delivery?: ProofDeliveryStatus }): string {
  const txid = txidOf(letter);
  const { label = letter, height, delivery = COMPLETE } = sent;
  history.set(
    txid,
    AssetTransfer.fromPartial({
      label,
      anchorTxHash: fromHex(txid),
      anchorTxBlockHeight: height,
      outputs: [{ amount: 1n, proofDeliveryStatus: delivery }],
    }),
  );
  return txid;
}

const asked = () => tapd.requestsOf<ListTransfersRequest>("ListTransfers").map(({ anchorTxid }) => anchorTxid);
const openLabels = async () => (await assets.listOpenTransfers()).map(({ label }) => label);

beforeEach(async () => {
  wallet = new Map();
  history = new Map();
  tapd = await startScriptedTapd(folder);
  tapd.answer<ListTransfersRequest>("ListTransfers", ({ anchorTxid }) => ({
    transfers: [...history].flatMap(([txid, transfer]) => (anchorTxid === "" || anchorTxid === txid ? [transfer] : [])),
  }));
  tapd.answer("ListAssets", () => ({
    assets: [],
    unconfirmedTransfers: BigInt([...history.values()].filter((each) => each.anchorTxBlockHeight === 0).length),
  }));
  assets = new GrpcTaprootAssets(tapd.endpoint, {
    observer: SILENT_OBSERVER,
    requestId: () => undefined,
    listAssetChannels: () => Promise.resolve([]),
    listWalletTransactions: () =>
      Promise.resolve([...wallet].map(([txid, confirmations]) => ({ txid, confirmations }))),
  });
});

afterEach(() => {
  assets.close();
  tapd.stop();
});

afterAll(() => rmSync(folder, { recursive: true }));

test("sends that are not through are found by the wallet's transactions, never by the whole history", async () => {
  anchor("1", { height: 10 });
  wallet.set(anchor("a", { height: 0 }), 0);
  wallet.set(anchor("b", { height: 100, delivery: PENDING }), 9);
  wallet.set(anchor("c", { height: 100 }), 9);
  wallet.set(txidOf("d"), 9);
  expect(await openLabels()).toEqual(["a", "b"]);
  expect(asked()).not.toContain("");
  expect(asked()).not.toContain(txidOf("1"));
});

test("what is through for good, and what is no send at all, is read once", async () => {
  wallet.set(anchor("a", { height: 100 }), 6);
  wallet.set(txidOf("b"), 6);
  wallet.set(anchor("c", { height: 105 }), 5);
  await openLabels();
  tapd.calls.length = 0;
  await openLabels();
  expect(asked()).toEqual([txidOf("c")]);
});

test("a send whose proof is late is told until it has arrived, also when its transaction is no recent one any more", async () => {
  const txid = anchor("a", { height: 100, delivery: PENDING });
  wallet.set(txid, 9);
  expect(await openLabels()).toEqual(["a"]);
  wallet.clear();
  expect(await openLabels()).toEqual(["a"]);
  anchor("a", { height: 100 });
  expect(await openLabels()).toEqual([]);
});

test("a label is found among the open and the ended, and an unknown one costs no look at the history", async () => {
  wallet.set(anchor("a", { label: "open", height: 0 }), 0);
  wallet.set(anchor("b", { label: "ended", height: 100 }), 9);
  for (const label of ["open", "ended", "ended"]) {
    await expect(assets.findTransfer(label)).resolves.toMatchObject({ label });
  }
  await expect(assets.findTransfer("unknown")).resolves.toBeUndefined();
  expect(asked()).not.toContain("");
});

test("a send that tapd has written down and lnd does not list, yet or any more, is not sent a second time", async () => {
  const txid = anchor("a", { label: "request 1", height: 0 });
  await expect(assets.sendAsset({ address: "taprt1", label: "request 1" })).resolves.toMatchObject({
    anchorTxid: txid,
  });
  expect(tapd.requestsOf("SendAsset")).toEqual([]);
});
