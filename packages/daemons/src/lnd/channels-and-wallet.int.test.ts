import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { status } from "@grpc/grpc-js";

import { SILENT_OBSERVER } from "../daemon-observer";
import {
  Channel,
  ChannelCloseSummary,
  ChannelCloseSummary_ClosureType,
  type CloseChannelRequest,
  type GetTransactionsRequest,
  ForwardingHistoryResponse,
  HTLC,
  Initiator,
  type OpenChannelRequest,
  PendingChannelsResponse,
  PendingChannelsResponse_PendingChannel,
  type SendCoinsRequest,
  Transaction,
} from "../gen/lnrpc/lightning";
import { WalletState } from "../gen/lnrpc/stateservice";
import { failure } from "../testing/fake-arkd";
import { rejectionOf } from "../testing/rejection-of";
import type { ScriptedDaemon } from "../testing/scripted-daemon";
import { startScriptedLnd } from "../testing/scripted-lnd";
import { fromHex } from "../wire-bytes";
import { GrpcLightningNode } from "./grpc-lightning-node";

const folder = mkdtempSync(path.join(tmpdir(), "arkrelay-lnd-"));
/** As everybody shows it; on the wire its bytes stand the other way round. */
const TXID = `${"00".repeat(30)}abcd`;
const WIRE_TXID = fromHex(`cdab${"00".repeat(30)}`);
const POINT = `${TXID}:1`;
const PEER = "03".padEnd(66, "b");
const OPEN = { nodePubkey: PEER, amountSats: 100_000n, isPrivate: true, satPerVbyte: 3n, memo: "request 1" };

let lnd: ScriptedDaemon;
let node: GrpcLightningNode;

beforeEach(async () => {
  lnd = await startScriptedLnd(folder);
  node = new GrpcLightningNode(lnd.endpoint, { observer: SILENT_OBSERVER, requestId: () => undefined });
  for (const method of ["PendingChannels", "ListChannels", "ClosedChannels", "GetTransactions"]) {
    lnd.answer(method, () => ({}));
  }
});

afterEach(() => {
  node.close();
  lnd.stop();
});

afterAll(() => rmSync(folder, { recursive: true }));

function refuse(method: string, text: string, code = status.UNKNOWN): void {
  lnd.answer(method, () => {
    throw failure(code, text);
  });
}

const pendingChannel = PendingChannelsResponse_PendingChannel.fromPartial({
  channelPoint: POINT,
  remoteNodePub: PEER,
  capacity: 100_000n,
  localBalance: 90_000n,
  initiator: Initiator.INITIATOR_LOCAL,
  memo: "request 1",
});

describe("opening a channel", () => {
  test("gives its point with the txid as everybody shows it", async () => {
    lnd.answer("OpenChannelSync", () => ({
      fundingTxid: { $case: "fundingTxidBytes", value: WIRE_TXID },
      outputIndex: 1,
    }));
    await expect(node.openChannel(OPEN)).resolves.toEqual({ channelPoint: POINT });
    expect(lnd.requestsOf<OpenChannelRequest>("OpenChannelSync")).toMatchObject([
      { localFundingAmount: 100_000n, private: true, satPerVbyte: 3n, memo: "request 1", pushSat: 0n },
    ]);
  });

  test.each(["pending", "open"])("a second time finds the %s channel by its memo and opens none", async (where) => {
    if (where === "open")
      lnd.answer("ListChannels", () => ({
        channels: [Channel.fromPartial({ channelPoint: POINT, memo: "request 1" })],
      }));
    else {
      lnd.answer("PendingChannels", () =>
        PendingChannelsResponse.fromPartial({ pendingOpenChannels: [{ channel: pendingChannel }] }),
      );
    }
    await expect(node.openChannel(OPEN)).resolves.toEqual({ channelPoint: POINT });
    expect(lnd.requestsOf("OpenChannelSync")).toEqual([]);
  });

  test("is not tried when lnd cannot say whether it is there already", async () => {
    refuse("ListChannels", "gone", status.UNAVAILABLE);
    expect((await rejectionOf(node.openChannel(OPEN))).code).toBe("daemon_unavailable");
    expect(lnd.requestsOf("OpenChannelSync")).toEqual([]);
  });

  test.each([
    [`peer ${PEER} is not online`, "daemon_rejected", "peer_offline"],
    ["channel is too small, the minimum channel size is: 20000 SAT", "daemon_rejected", "channel_too_small"],
    ["not enough witness outputs to create funding transaction, need 1 BTC", "daemon_rejected", "insufficient_funds"],
    ["reserved wallet balance invalidated: transaction would leave", "daemon_rejected", "reserve_needed"],
    ["something happened on the way", "outcome_unknown", undefined],
  ])("reads lnd's text %s", async (text, code, name) => {
    refuse("OpenChannelSync", text);
    const error = await rejectionOf(node.openChannel(OPEN));
    expect([error.code, error.details?.["daemon_name"]]).toEqual([code, name]);
  });

  test.each([
    "channels cannot be created before the wallet is fully synced",
    "server is still in the process of starting",
  ])("waits while %s", async (text) => {
    refuse("OpenChannelSync", text);
    expect((await rejectionOf(node.openChannel(OPEN))).code).toBe("daemon_unavailable");
  });
});

describe("closing a channel", () => {
  const close = (force = false) => node.closeChannel({ channelPoint: POINT, force, satPerVbyte: 5n });
  const streams = (...messages: readonly unknown[]): void =>
    lnd.answer("CloseChannel", async function* () {
      yield* messages;
    });
  const closePending = {
    update: { $case: "closePending", value: { txid: WIRE_TXID, outputIndex: 0, feePerVbyte: 0n, localCloseTx: false } },
  };

  test("returns once the closing transaction is known, with its txid as everybody shows it", async () => {
    streams({ update: { $case: "closeInstant", value: { numPendingHtlcs: 0 } } }, closePending);
    await expect(close()).resolves.toEqual({ closingTxid: TXID });
    expect(lnd.requestsOf<CloseChannelRequest>("CloseChannel")).toMatchObject([
      {
        channelPoint: { fundingTxid: { $case: "fundingTxidStr", value: TXID }, outputIndex: 1 },
        force: false,
        satPerVbyte: 5n,
      },
    ]);
  });

  test("by force names no fee, which lnd would refuse", async () => {
    streams(closePending);
    await close(true);
    expect(lnd.requestsOf("CloseChannel")).toMatchObject([{ force: true, satPerVbyte: 0n, targetConf: 0 }]);
  });

  test("a second time finds the close that is under way", async () => {
    lnd.answer("PendingChannels", () =>
      PendingChannelsResponse.fromPartial({ waitingCloseChannels: [{ channel: pendingChannel, closingTxid: TXID }] }),
    );
    await expect(close()).resolves.toEqual({ closingTxid: TXID });
    expect(lnd.requestsOf("CloseChannel")).toEqual([]);
  });

  test("that the peer has begun and lnd has not seen yet is not begun again", async () => {
    lnd.answer("PendingChannels", () =>
      PendingChannelsResponse.fromPartial({ waitingCloseChannels: [{ channel: pendingChannel }] }),
    );
    expect((await rejectionOf(close())).code).toBe("outcome_unknown");
    expect(lnd.requestsOf("CloseChannel")).toEqual([]);
  });

  describe("by force, of a channel that is closing already", () => {
    const waiting = (chanStatusFlags: string, closingTxid = TXID): void =>
      lnd.answer("PendingChannels", () =>
        PendingChannelsResponse.fromPartial({
          waitingCloseChannels: [{ channel: { ...pendingChannel, chanStatusFlags }, closingTxid }],
        }),
      );
    const closed = (closeType: ChannelCloseSummary_ClosureType): void =>
      lnd.answer("ClosedChannels", () => ({
        channels: [ChannelCloseSummary.fromPartial({ channelPoint: POINT, closingTxHash: TXID, closeType })],
      }));

    test.each([
      "ChanStatusCommitBroadcasted",
      "ChanStatusBorked|ChanStatusCommitBroadcasted|ChanStatusLocalCloseInitiator",
    ])("finds the commitment transaction that waits (%s)", async (flags) => {
      waiting(flags);
      await expect(close(true)).resolves.toEqual({ closingTxid: TXID });
    });

    test.each([
      ChannelCloseSummary_ClosureType.LOCAL_FORCE_CLOSE,
      ChannelCloseSummary_ClosureType.REMOTE_FORCE_CLOSE,
      ChannelCloseSummary_ClosureType.BREACH_CLOSE,
    ])("finds the commitment transaction that closed it, whoever sent it (%i)", async (closeType) => {
      closed(closeType);
      await expect(close(true)).resolves.toEqual({ closingTxid: TXID });
    });

    test("is refused with the evidence when both have signed its end, which may wait for ever", async () => {
      waiting("ChanStatusCoopBroadcasted|ChanStatusLocalCloseInitiator");
      const evidence = { daemon_name: "closing_otherwise", close_type: "cooperative_close", closing_txid: TXID };
      expect(await rejectionOf(close(true))).toMatchObject({ code: "daemon_rejected", details: evidence });
      lnd.answer("PendingChannels", () => ({}));
      closed(ChannelCloseSummary_ClosureType.COOPERATIVE_CLOSE);
      expect(await rejectionOf(close(true))).toMatchObject({ code: "daemon_rejected", details: evidence });
      await expect(close()).resolves.toEqual({ closingTxid: TXID });
    });

    test("stays unknown when lnd does not tell how it is closing", async () => {
      waiting("ChanStatusLocalDataLoss");
      expect((await rejectionOf(close(true))).code).toBe("outcome_unknown");
    });

    afterEach(() => expect(lnd.requestsOf("CloseChannel")).toEqual([]));
  });

  test("never becomes a close by force", async () => {
    refuse("CloseChannel", "unable to gracefully close channel while peer is offline (try force closing it instead)");
    expect((await rejectionOf(close())).details).toMatchObject({ daemon_name: "peer_offline" });
    expect(lnd.requestsOf("CloseChannel")).toHaveLength(1);
  });

  test("stays unknown when the stream ends before it says anything", async () => {
    streams();
    expect((await rejectionOf(close())).code).toBe("outcome_unknown");
  });
});

test("channels show their HTLCs by payment hash and pending ones the fee that is ours", async () => {
  const hashLock = Buffer.from(TXID, "hex");
  lnd.answer("ListChannels", () => ({
    channels: [
      Channel.fromPartial({
        channelPoint: POINT,
        chanId: 18_446_744_073_709_551_615n,
        pendingHtlcs: [
          HTLC.fromPartial({ hashLock, amount: 5n }),
          HTLC.fromPartial({ hashLock, amount: 6n, incoming: true, forwardingChannel: 9n }),
        ],
      }),
    ],
  }));
  await expect(node.listChannels({ activeOnly: true })).resolves.toMatchObject([
    {
      chanId: 18_446_744_073_709_551_615n,
      localReserveSats: 0n,
      pendingHtlcs: [
        { paymentHash: TXID, isIncoming: false, isForwarded: false },
        { paymentHash: TXID, isIncoming: true, isForwarded: true },
      ],
    },
  ]);
  lnd.answer("PendingChannels", () =>
    PendingChannelsResponse.fromPartial({
      totalLimboBalance: 90_000n,
      pendingOpenChannels: [
        { channel: pendingChannel, commitFee: 10n },
        { channel: { ...pendingChannel, initiator: Initiator.INITIATOR_REMOTE }, commitFee: 10n },
      ],
      waitingCloseChannels: [{ channel: pendingChannel, commitments: { localCommitFeeSat: 11n }, closingTxid: TXID }],
    }),
  );
  await expect(node.listPendingChannels()).resolves.toMatchObject({
    limboSats: 90_000n,
    opening: [{ commitFeeSats: 10n }, { commitFeeSats: 0n }],
    waitingClose: [{ commitFeeSats: 11n, closingTxid: TXID }],
    forceClosing: [],
  });
});

test("forwards are read from a time on, in pages, because lnd without one tells the last day only", async () => {
  const timestampNs = 1_700_000_000_123_456_789n;
  const forward = {
    chanIdIn: 18_446_744_073_709_551_615n,
    chanIdOut: 2n,
    feeMsat: 9_007_199_254_740_993n,
    timestampNs,
  };
  lnd.answer("ForwardingHistory", () =>
    ForwardingHistoryResponse.fromPartial({ forwardingEvents: [forward], lastOffsetIndex: 401 }),
  );
  const page = { since: new Date(1_700_000_000_999), offset: 400, limit: 200 };
  await expect(node.listForwards(page)).resolves.toEqual([
    { settledAtNs: timestampNs, inChanId: forward.chanIdIn, outChanId: 2n, feeMsat: forward.feeMsat },
  ]);
  await node.listForwards({ ...page, since: new Date(0) });
  expect(lnd.requestsOf("ForwardingHistory")).toMatchObject([
    { startTime: 1_700_000_000n, endTime: 0n, indexOffset: 400, numMaxEvents: 200 },
    { startTime: 1n },
  ]);
});

test("a peer that is connected already is connected", async () => {
  refuse("ConnectPeer", `already connected to peer: ${PEER}@127.0.0.1:9735`);
  await expect(node.connectPeer({ nodePubkey: PEER, host: "127.0.0.1:9735" })).resolves.toBeUndefined();
});

describe("paying on-chain", () => {
  const send = () =>
    node.sendOnchain({ address: "bcrt1q", amountSats: 5_000n, satPerVbyte: undefined, label: "request 1" });
  const transaction = (txHash: string, label = "", blockHeight = 0) =>
    Transaction.fromPartial({ txHash, label, blockHeight });

  test("carries our label", async () => {
    lnd.answer("SendCoins", () => ({ txid: TXID }));
    await expect(send()).resolves.toEqual({ txid: TXID });
    expect(lnd.requestsOf<SendCoinsRequest>("SendCoins")).toMatchObject([
      { addr: "bcrt1q", amount: 5_000n, label: "request 1", satPerVbyte: 0n, sendAll: false },
    ]);
  });

  test("a second time finds the payment by its label, unconfirmed ones too", async () => {
    lnd.answer("GetTransactions", () => ({ transactions: [transaction("ff"), transaction(TXID, "request 1")] }));
    await expect(send()).resolves.toEqual({ txid: TXID });
    expect(lnd.requestsOf("SendCoins")).toEqual([]);
    expect(lnd.requestsOf("GetTransactions")).toMatchObject([{ startHeight: 0, endHeight: -1 }]);
  });

  test("looks two weeks of blocks back, which is longer than any label is tried again", async () => {
    lnd.answer("GetInfo", () => ({ blockHeight: 902_016, chains: [{ chain: "bitcoin", network: "regtest" }] }));
    lnd.answer("SendCoins", () => ({ txid: TXID }));
    await send();
    expect(lnd.requestsOf("GetTransactions")).toMatchObject([{ startHeight: 900_000, endHeight: -1 }]);
  });

  test("looks through all pages, and again at what confirmed meanwhile", async () => {
    const all = Array.from({ length: 201 }, (_, index) => transaction(`tx ${index}`, "", index));
    lnd.answer<GetTransactionsRequest>("GetTransactions", ({ indexOffset, maxTransactions, startHeight }) => {
      // The payment confirms after the first page was read, so it stands on that page from then on.
      if (startHeight > 0) return { transactions: [transaction(TXID, "request 1", 200)], lastIndex: 0n };
      const transactions = all.slice(indexOffset, indexOffset + maxTransactions);
      return { transactions, lastIndex: BigInt(indexOffset + transactions.length - 1) };
    });
    await expect(send()).resolves.toEqual({ txid: TXID });
    const ranges = lnd.requestsOf<GetTransactionsRequest>("GetTransactions");
    expect(ranges.map(({ startHeight, indexOffset }) => [startHeight, indexOffset])).toEqual([
      [0, 0],
      [0, 200],
      [200, 0],
    ]);
  });

  test("stops after one page at an lnd that knows no pages", async () => {
    const all = Array.from({ length: 200 }, (_, index) => transaction(`tx ${index}`));
    lnd.answer("GetTransactions", () => ({ transactions: all }));
    await expect(node.listOnchainTransactions(0)).resolves.toHaveLength(200);
  });

  test("may have happened when no answer came", async () => {
    refuse("SendCoins", "gone", status.UNAVAILABLE);
    expect((await rejectionOf(send())).code).toBe("outcome_unknown");
    expect(lnd.requestsOf("SendCoins")).toHaveLength(1);
  });

  test("tells a lack of coins from everything else", async () => {
    refuse("SendCoins", "insufficient funds available to construct transaction");
    expect((await rejectionOf(send())).details).toMatchObject({ daemon_name: "insufficient_funds" });
  });
});

test("addresses are the unused ones, so asking twice costs none", async () => {
  lnd.answer("NewAddress", () => ({ address: "bcrt1p" }));
  await node.newAddress("p2tr");
  await node.newAddress("p2wkh");
  await node.newAddress("np2wkh");
  expect(lnd.requestsOf("NewAddress")).toMatchObject([{ type: 5 }, { type: 2 }, { type: 3 }]);
});

test("a fee is estimated for one address", async () => {
  lnd.answer("EstimateFee", () => ({ feeSat: 200n, satPerVbyte: 2n }));
  const estimate = node.estimateOnchainFee({ address: "bcrt1q", amountSats: 5_000n, targetConf: 6 });
  await expect(estimate).resolves.toEqual({ feeSats: 200n, satPerVbyte: 2n });
  expect(lnd.requestsOf("EstimateFee")).toMatchObject([{ AddrToAmount: { bcrt1q: 5_000n }, targetConf: 6 }]);
});

test("balances are msat off-chain and sat on-chain, and what is absent is zero", async () => {
  lnd.answer("ChannelBalance", () => ({
    localBalance: { sat: 1n, msat: 1_999n },
    unsettledLocalBalance: { sat: 0n, msat: 7n },
  }));
  lnd.answer("WalletBalance", () => ({
    totalBalance: 9n,
    confirmedBalance: 5n,
    lockedBalance: 2n,
    reservedBalanceAnchorChan: 1n,
  }));
  await expect(node.getTotalBalance()).resolves.toMatchObject({
    lightning: { localMsat: 1_999n, remoteMsat: 0n, unsettledLocalMsat: 7n, pendingOpenLocalMsat: 0n },
    onchain: { totalSats: 9n, confirmedSats: 5n, unconfirmedSats: 0n, lockedSats: 2n, reservedAnchorSats: 1n },
  });
});

describe("the node", () => {
  test("names its version by its numbers alone", async () => {
    await expect(node.getInfo()).resolves.toMatchObject({ version: "0.21.2", network: "regtest", syncedToChain: true });
  });

  test("of another chain is not used, and its wallet state is told all the same", async () => {
    lnd.answer("GetInfo", () => ({ chains: [{ chain: "bitcoin", network: "testnet" }] }));
    lnd.answer("GetState", () => ({ state: WalletState.SERVER_ACTIVE }));
    expect((await rejectionOf(node.listPeers())).details).toMatchObject({ reason: "wrong_network" });
    await expect(node.getWalletState()).resolves.toBe("server_active");
    expect(lnd.requestsOf("ListPeers")).toEqual([]);
  });

  test.each([
    [WalletState.WAITING_TO_START, "waiting_to_start"],
    [WalletState.NON_EXISTING, "non_existing"],
    [WalletState.LOCKED, "locked"],
    [WalletState.UNLOCKED, "unlocked"],
    [WalletState.RPC_ACTIVE, "rpc_active"],
  ])("tells wallet state %s", async (state, name) => {
    lnd.answer("GetState", () => ({ state }));
    await expect(node.getWalletState()).resolves.toBe(name);
  });

  test("is asked for its chain once for many calls", async () => {
    lnd.answer("ListPeers", () => ({ peers: [] }));
    await Promise.all([node.listPeers(), node.listPeers()]);
    await node.listPeers();
    expect(lnd.requestsOf("GetInfo")).toHaveLength(1);
  });
});
