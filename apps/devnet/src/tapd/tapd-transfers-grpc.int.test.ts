import { status } from "@grpc/grpc-js";

import { SortDirection } from "@arkrelay/daemons/proto/taprpc/tapcommon";
import {
  type Addr,
  AddrEventStatus,
  AddrReceivesRequest,
  type AddrReceivesResponse,
  AddrVersion,
  type AssetTransfer,
  type DecodeProofResponse,
  ExportProofRequest,
  NewAddrRequest,
  type ProofFile,
  ProofDeliveryStatus,
  type ReceiveEvent,
  SendAssetRequest,
  type SendAssetResponse,
  type SendEvent,
  SubscribeSendEventsRequest,
  type VerifyProofResponse,
} from "@arkrelay/daemons/proto/taprpc/taprootassets";
import { ProofType, UniverseSyncMode } from "@arkrelay/daemons/proto/universerpc/universe";

import { type RunningTapd, aTapd, call, messagesOf, refusalOf } from "./testing/a-tapd";
import { mintAsset as mintInto } from "./testing/a-tapd-engine";

let tapd: RunningTapd;

beforeEach(async () => {
  tapd = await aTapd();
});
afterEach(() => tapd.close());

function mint(change = {}): string {
  return mintInto({ tapd: tapd.engine, mine: tapd.mine }, change);
}

/** An asset of the outside tapd that ours has synced. */
async function theirAsset(): Promise<string> {
  const assetId = tapd.engine.outside.mint({ name: "theirs", amount: 1_000n, isGrouped: false, decimalDisplay: 0 });
  await sync();
  return assetId;
}

function sync() {
  return call((reply) =>
    tapd.universe.syncUniverse(
      { universeHost: "127.0.0.1:10029", syncMode: UniverseSyncMode.SYNC_ISSUANCE_ONLY, syncTargets: [] },
      reply,
    ),
  );
}

function newAddr(assetId: string, change: Partial<NewAddrRequest> = {}): Promise<Addr> {
  const request = NewAddrRequest.fromPartial({ assetId: Buffer.from(assetId, "hex"), amt: 250n, ...change });
  return call((reply) => tapd.assets.newAddr(request, reply));
}

function send(change: Partial<SendAssetRequest>): Promise<SendAssetResponse> {
  return call((reply) => tapd.assets.sendAsset(SendAssetRequest.fromPartial(change), reply));
}

function transfers(anchorTxid = ""): Promise<{ transfers: AssetTransfer[] }> {
  return call((reply) => tapd.assets.listTransfers({ anchorTxid }, reply));
}

function receives(change: Partial<AddrReceivesRequest> = {}): Promise<AddrReceivesResponse> {
  return call((reply) => tapd.assets.addrReceives(AddrReceivesRequest.fromPartial(change), reply));
}

/** When this is answered, streams opened before on the same connection are open. */
function streamsAreOpen(): Promise<unknown> {
  return call((reply) => tapd.assets.getInfo({}, reply));
}

describe("addresses", () => {
  it("say what they were made for, with the courier they were given", async () => {
    const assetId = mint();
    const proofCourierAddr = "universerpc://courier.example:10029";
    const made = await newAddr(assetId, { proofCourierAddr });
    expect(made).toMatchObject({ amount: 250n, proofCourierAddr, addressVersion: AddrVersion.ADDR_VERSION_V1 });
    expect(made.encoded).toMatch(/^taprt1/);
    expect([made.scriptKey.length, made.internalKey.length, made.taprootOutputKey.length]).toEqual([33, 33, 32]);
    expect(await call((reply) => tapd.assets.decodeAddr({ addr: made.encoded }, reply))).toEqual(made);
    const query = { createdAfter: 0n, createdBefore: 0n, limit: 0, offset: 0 };
    expect(await call((reply) => tapd.assets.queryAddrs(query, reply))).toEqual({ addrs: [made] });
  });

  it("of a group are V2, may leave the amount open, and use the mailbox courier", async () => {
    const assetId = mint({ isNewGroup: true });
    const groupKey = Buffer.from(tapd.engine.wallet.genesisOf(assetId).groupKey, "hex");
    const made = await newAddr("", { assetId: Buffer.alloc(0), groupKey, amt: 0n });
    expect(made).toMatchObject({ addressVersion: AddrVersion.ADDR_VERSION_V2, amount: 0n, groupKey });
    expect(made.proofCourierAddr).toMatch(/^authmailbox\+universerpc:/);
    expect((await refusalOf(send({ tapAddrs: [made.encoded] })))[1]).toMatch(/has no amount defined/);
    await send({ addressesWithAmounts: [{ tapAddr: made.encoded, amount: 10n }] });
  });

  it.each([
    ["", "must specify an addr"],
    ["taprt1qqqq", "unable to decode addr: address: invalid bech32m string"],
    ["tapbc1pqqqsyqcyq5rqwzqfpg9scrgwpugpzysn3tklxg", "unable to decode addr: address:"],
  ])("DecodeAddr answers %j with INVALID_ARGUMENT", async (addr, text) => {
    const [code, details] = await refusalOf(call((reply) => tapd.assets.decodeAddr({ addr }, reply)));
    expect([code, details.startsWith(text)]).toEqual([status.INVALID_ARGUMENT, true]);
  });

  it("are refused for unknown assets, without an amount, and while the courier is down", async () => {
    const assetId = mint();
    expect((await refusalOf(newAddr("ab".repeat(32))))[1]).toMatch(/^unable to find asset or group/);
    expect((await refusalOf(newAddr("")))[1]).toBe(
      "unable to parse asset specifier: either asset ID or asset group key must be specified",
    );
    expect((await refusalOf(newAddr(assetId, { amt: 0n })))[1]).toMatch(
      /^unable to make new addr: address: zero amount/,
    );
    tapd.faults.add({ target: "tapd", method: "*", kind: "courier_down", times: 1, probability: 1 });
    expect((await refusalOf(newAddr(assetId)))[1]).toMatch(/^connection check failed for universe server RPC/);
    await newAddr(assetId, { skipProofCourierConnCheck: true });
  });
});

describe("SendAsset", () => {
  it("returns at broadcast, is found by its label, and is done after a block", async () => {
    const assetId = mint();
    const { encoded } = tapd.engine.outside.newAddress(assetId, 300n);
    const { transfer } = await send({ tapAddrs: [encoded], label: "request-1" });
    expect(transfer).toMatchObject({ label: "request-1", anchorTxBlockHeight: 0 });
    tapd.mine(1);
    const found = (await transfers()).transfers.filter(({ label }) => label === "request-1");
    expect(found).toMatchObject([
      {
        anchorTxBlockHeight: tapd.lnd.height,
        outputs: [
          { scriptKeyIsLocal: true, amount: 700n },
          { amount: 300n, proofDeliveryStatus: ProofDeliveryStatus.PROOF_DELIVERY_STATUS_COMPLETE, tapAddr: encoded },
        ],
      },
    ]);
    // The hash is in wire order, the outpoints are not.
    const shown = Buffer.from(found[0]?.anchorTxHash.toReversed() ?? []).toString("hex");
    expect(found[0]?.outputs[0]?.anchor?.outpoint).toBe(`${shown}:0`);
    expect((await transfers(shown)).transfers).toHaveLength(1);
  });

  it.each([
    ["at least one addr is required, either in the tap_addrs or addresses_with_amounts", {}],
    [
      "cannot specify both tap_addrs and addresses_with_amounts",
      { tapAddrs: ["x"], addressesWithAmounts: [{ tapAddr: "x", amount: 1n }] },
    ],
    ["error parsing addresses: address: invalid bech32m string", { tapAddrs: ["nonsense"] }],
  ])("refuses: %s", async (text, change) => {
    const [code, details] = await refusalOf(send(change));
    expect([code, details.startsWith(text)]).toEqual([status.UNKNOWN, true]);
  });

  it("refuses more units than there are, two assets at once, and a fee below the floor", async () => {
    const [gold, silver] = [mint(), mint({ name: "silver" })];
    const [first, second] = [gold, silver].map((id) => tapd.engine.outside.newAddress(id, 2_000n).encoded);
    const tapAddrs = [first ?? ""];
    expect((await refusalOf(send({ tapAddrs })))[1]).toMatch(
      /^failed to find coin\(s\) that satisfy given constraints/,
    );
    expect((await refusalOf(send({ tapAddrs: [...tapAddrs, second ?? ""] })))[1]).toMatch(/same asset specifier/);
    expect((await refusalOf(send({ tapAddrs, feeRate: 1 })))[1]).toMatch(/^manual fee rate below floor/);
  });

  it("has its proof pending while the courier is down", async () => {
    const assetId = mint();
    const { encoded } = tapd.engine.outside.newAddress(assetId, 300n);
    await send({ tapAddrs: [encoded] });
    const { id } = tapd.faults.add({ target: "tapd", method: "*", kind: "courier_down", times: 1, probability: 1 });
    tapd.mine(1);
    const delivery = async () => (await transfers()).transfers[0]?.outputs[1]?.proofDeliveryStatus;
    expect(await delivery()).toBe(ProofDeliveryStatus.PROOF_DELIVERY_STATUS_PENDING);
    tapd.faults.remove(id);
    expect(await delivery()).toBe(ProofDeliveryStatus.PROOF_DELIVERY_STATUS_COMPLETE);
  });
});

describe("SubscribeSendEvents", () => {
  it("replays completed transfers from a start time, then tells live states by their Go names", async () => {
    const assetId = mint();
    await send({ tapAddrs: [tapd.engine.outside.newAddress(assetId, 1n).encoded], label: "old" });
    tapd.mine(1);
    const told = messagesOf<SendEvent>(
      tapd.assets.subscribeSendEvents(SubscribeSendEventsRequest.fromPartial({ startTimestamp: 1n })),
      8,
    );
    await streamsAreOpen();
    await send({ tapAddrs: [tapd.engine.outside.newAddress(assetId, 2n).encoded], label: "new" });
    const events = await told;
    expect(events[0]).toMatchObject({ transferLabel: "old", sendState: "SendStateComplete" });
    expect(events.slice(1).map(({ sendState }) => sendState)).toEqual([
      "SendStateStartHandleAddrParcel",
      "SendStateVirtualCommitmentSelect",
      "SendStateVirtualSign",
      "SendStateAnchorSign",
      "SendStateVerifyPreBroadcast",
      "SendStateStorePreBroadcast",
      "SendStateBroadcast",
    ]);
    expect(events.at(-1)).toMatchObject({ transferLabel: "new", nextSendState: "SendStateWaitTxConf" });
  });

  it("tells one label only when asked, and refuses a start in the future", async () => {
    const assetId = mint();
    const told = messagesOf<SendEvent>(
      tapd.assets.subscribeSendEvents(SubscribeSendEventsRequest.fromPartial({ filterLabel: "mine" })),
      1,
    );
    await streamsAreOpen();
    await send({ tapAddrs: [tapd.engine.outside.newAddress(assetId, 1n).encoded], label: "other" });
    tapd.mine(1);
    await send({ tapAddrs: [tapd.engine.outside.newAddress(assetId, 1n).encoded], label: "mine" });
    expect(await told).toMatchObject([{ transferLabel: "mine" }]);
    const future = SubscribeSendEventsRequest.fromPartial({ startTimestamp: 1n << 60n });
    expect(await refusalOf(messagesOf(tapd.assets.subscribeSendEvents(future), 1))).toEqual([
      status.UNKNOWN,
      "start_timestamp cannot be in the future",
    ]);
  });
});

describe("receiving", () => {
  it("tells each status live, replays none of them, and keeps them in AddrReceives", async () => {
    const assetId = await theirAsset();
    const { encoded } = await newAddr(assetId);
    tapd.engine.outside.pay(encoded, 0n);
    // Registered with a start time of long ago: tapd ignores it.
    const told = messagesOf<ReceiveEvent>(
      tapd.assets.subscribeReceiveEvents({ filterAddr: encoded, startTimestamp: 1n }),
      3,
    );
    await streamsAreOpen();
    expect(await receives()).toMatchObject({
      events: [{ status: AddrEventStatus.ADDR_EVENT_STATUS_TRANSACTION_DETECTED, hasProof: false }],
    });
    tapd.mine(1);
    expect((await told).map((event) => event.status)).toEqual([
      AddrEventStatus.ADDR_EVENT_STATUS_TRANSACTION_CONFIRMED,
      AddrEventStatus.ADDR_EVENT_STATUS_PROOF_RECEIVED,
      AddrEventStatus.ADDR_EVENT_STATUS_COMPLETED,
    ]);
    expect(await receives({ filterAddr: encoded })).toMatchObject({
      events: [
        { status: AddrEventStatus.ADDR_EVENT_STATUS_COMPLETED, hasProof: true, confirmationHeight: tapd.lnd.height },
      ],
    });
  });

  it("AddrReceives filters by status and time, newest first, by pages", async () => {
    const assetId = await theirAsset();
    const made = [];
    for (const amt of [10n, 20n]) {
      const { encoded } = await newAddr(assetId, { amt });
      tapd.engine.outside.pay(encoded, 0n);
      tapd.mine(1);
      made.push(encoded);
    }
    const of = async (change: Partial<AddrReceivesRequest>) =>
      (await receives(change)).events.map(({ addr }) => addr?.encoded);
    expect(await of({})).toEqual(made.toReversed());
    expect(await of({ direction: SortDirection.SORT_DIRECTION_ASC, limit: 1 })).toEqual(made.slice(0, 1));
    expect(await of({ filterStatus: AddrEventStatus.ADDR_EVENT_STATUS_TRANSACTION_DETECTED })).toEqual([]);
    expect(await of({ startTimestamp: BigInt(Math.floor(tapd.engine.nowMs() / 1_000)) + 1n })).toEqual([]);
    expect(await refusalOf(receives({ offset: -1 }))).toEqual([status.UNKNOWN, "offset must be non-negative"]);
    expect((await refusalOf(receives({ filterAddr: "x" })))[1]).toMatch(/^unable to decode addr/);
  });
});

describe("proofs", () => {
  function exportProof(change: Partial<ExportProofRequest>): Promise<ProofFile> {
    return call((reply) => tapd.assets.exportProof(ExportProofRequest.fromPartial(change), reply));
  }

  function exportFirst(assetId: string): Promise<ProofFile> {
    const [piece] = tapd.engine.wallet.listPieces({ assetId });
    const scriptKey = Buffer.from(piece?.scriptKey ?? "", "hex");
    return exportProof({ assetId: Buffer.from(assetId, "hex"), scriptKey });
  }

  function verify(rawProofFile: Buffer): Promise<VerifyProofResponse> {
    return call((reply) => tapd.assets.verifyProof({ rawProofFile, genesisPoint: "" }, reply));
  }

  function decode(rawProof: Buffer, proofAtDepth = 0): Promise<DecodeProofResponse> {
    const request = { rawProof, proofAtDepth, withPrevWitnesses: false, withMetaReveal: true };
    return call((reply) => tapd.assets.decodeProof(request, reply));
  }

  it("are exported, verified, decoded and taken apart", async () => {
    const assetId = mint();
    await send({ tapAddrs: [tapd.engine.outside.newAddress(assetId, 300n).encoded] });
    tapd.mine(1);
    const { rawProofFile } = await exportFirst(assetId);
    expect(await verify(rawProofFile)).toMatchObject({
      valid: true,
      decodedProof: { numberOfProofs: 2, proofAtDepth: 0 },
    });
    expect(await decode(rawProofFile, 1)).toMatchObject({
      decodedProof: { asset: { amount: 1_000n }, genesisReveal: { genesisBaseReveal: { name: "gold" } } },
    });
    const { rawProofs } = await call<{ rawProofs: Buffer[] }>((reply) =>
      tapd.assets.unpackProofFile({ rawProofFile }, reply),
    );
    expect(rawProofs).toHaveLength(2);
    expect(await decode(rawProofs[0] ?? Buffer.alloc(0))).toMatchObject({ decodedProof: { numberOfProofs: 1 } });
  });

  it("that were tampered with are invalid without an error; what is no file is an error", async () => {
    const { rawProofFile } = await exportFirst(mint());
    const forged = Buffer.from(rawProofFile);
    const at = forged.indexOf('"amount":"1');
    forged.write("9", at + '"amount":"'.length);
    expect(await verify(forged)).toEqual({ valid: false, decodedProof: undefined });
    expect(await refusalOf(verify(Buffer.from("garbage")))).toEqual([
      status.UNKNOWN,
      "invalid raw proof, expect file, not single encoded mint or transition proof",
    ]);
    expect(await refusalOf(decode(Buffer.from("garbage")))).toEqual([
      status.INVALID_ARGUMENT,
      "invalid raw proof, could not identify decoding format",
    ]);
    expect((await refusalOf(decode(rawProofFile, 1)))[0]).toBe(status.INVALID_ARGUMENT);
  });

  it("ExportProof refuses bad arguments as such and a missing proof as unknown", async () => {
    const scriptKey = Buffer.from("02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5", "hex");
    const assetId = Buffer.alloc(32, 1);
    expect(await refusalOf(exportProof({ assetId }))).toEqual([
      status.INVALID_ARGUMENT,
      "a valid script key must be specified",
    ]);
    expect((await refusalOf(exportProof({ scriptKey })))[0]).toBe(status.INVALID_ARGUMENT);
    const outpoint = { txid: Buffer.alloc(3), outputIndex: 0 };
    expect((await refusalOf(exportProof({ assetId, scriptKey, outpoint })))[0]).toBe(status.INVALID_ARGUMENT);
    expect(await refusalOf(exportProof({ assetId, scriptKey }))).toEqual([status.UNKNOWN, "unable to find proof"]);
  });

  it("come in through the universe and RegisterTransfer, in the order of their file", async () => {
    const assetId = tapd.engine.outside.mint({ name: "theirs", amount: 1_000n, isGrouped: false, decimalDisplay: 0 });
    const key = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";
    const { outputs } = tapd.engine.outside.payScriptKey(assetId, 400n, key);
    tapd.mine(1);
    const outpointText = outputs.find(({ scriptKey }) => scriptKey === key)?.outpoint ?? "";
    const piece = tapd.engine.outside.findPiece(outpointText, key);
    if (piece === undefined) throw new Error("nothing was sent");
    const file = tapd.engine.proofs.fileOf(piece);
    const [txid = "", vout = "0"] = outpointText.split(":");
    const outpoint = { txid: Buffer.from(Buffer.from(txid, "hex").toReversed()), outputIndex: Number(vout) };
    const scriptKey = Buffer.from(key, "hex");
    const request = { assetId: Buffer.from(assetId, "hex"), groupKey: Buffer.alloc(0), scriptKey, outpoint };
    const register = () => call((reply) => tapd.assets.registerTransfer(request, reply));

    expect((await refusalOf(register()))[1]).toMatch(/^error fetching script key/);
    const declared = { pubKey: scriptKey, keyDesc: undefined, tapTweak: Buffer.alloc(0), type: 2 };
    await call((reply) => tapd.wallet.declareScriptKey({ scriptKey: declared }, reply));
    expect((await refusalOf(register()))[1]).toMatch(/^error fetching full proof/);
    for (const proof of tapd.engine.proofs.unpack(file)) {
      const { asset } = (await decode(proof)).decodedProof ?? {};
      const leafKey = {
        outpoint: { $case: "opStr", value: asset?.chainAnchor?.anchorOutpoint ?? "" } as const,
        scriptKey: { $case: "scriptKeyBytes", value: asset?.scriptKey ?? Buffer.alloc(0) } as const,
      };
      const id = {
        id: { $case: "assetId", value: request.assetId } as const,
        proofType: ProofType.PROOF_TYPE_UNSPECIFIED,
      };
      const leaf = { key: { id, leafKey }, assetLeaf: { asset: undefined, proof } };
      await call((reply) => tapd.universe.insertProof(leaf, reply));
      expect(await call((reply) => tapd.universe.queryProof({ id, leafKey }, reply))).toMatchObject({
        assetLeaf: { proof },
      });
    }
    expect(await register()).toMatchObject({ registeredAsset: { amount: 400n, scriptKeyIsLocal: true } });
    expect((await refusalOf(register()))[1]).toBe("proof already exists for this transfer");
    const short = { ...request, scriptKey: scriptKey.subarray(1) };
    expect((await refusalOf(call((reply) => tapd.assets.registerTransfer(short, reply))))[1]).toBe(
      "script key must be 33 bytes, was 32",
    );
  });

  it("QueryProof and SyncUniverse say what is not there", async () => {
    const id = {
      id: { $case: "assetIdStr", value: "ab".repeat(32) } as const,
      proofType: ProofType.PROOF_TYPE_ISSUANCE,
    };
    const leafKey = {
      outpoint: { $case: "op", value: { hashStr: "cd".repeat(32), index: 0 } } as const,
      scriptKey: { $case: "scriptKeyStr", value: "02".repeat(33) } as const,
    };
    expect((await refusalOf(call((reply) => tapd.universe.queryProof({ id, leafKey }, reply))))[1]).toMatch(
      /no universe proof found/,
    );
    await theirAsset();
    expect(await sync()).toEqual({ syncedUniverses: [] });
    tapd.faults.add({ target: "tapd", method: "*", kind: "courier_down", times: 1, probability: 1 });
    expect((await refusalOf(sync()))[1]).toMatch(/^sync from 127\.0\.0\.1:10029/);
  });
});
