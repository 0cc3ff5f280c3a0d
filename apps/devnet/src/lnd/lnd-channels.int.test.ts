import { status } from "@grpc/grpc-js";

import {
  type ChannelBalanceResponse,
  ChannelCloseSummary_ClosureType as ClosureType,
  ChannelEventUpdate_UpdateType as UpdateType,
  type ChannelPoint,
  ClosedChannelsRequest,
  type ClosedChannelsResponse,
  CloseChannelRequest,
  type CloseStatusUpdate,
  CommitmentType,
  ListChannelsRequest,
  type ListChannelsResponse,
  OpenChannelRequest,
  type OpenStatusUpdate,
  type PendingChannelsResponse,
} from "@arkrelay/daemons/proto/lnrpc/lightning";

import { RunningLnd, StreamReader, call, refusalOf } from "./testing/an-lnd";

let lnd: RunningLnd;
let peer: Buffer;
beforeEach(async () => {
  lnd = await RunningLnd.start();
  peer = Buffer.from(lnd.engine.peerPubkey, "hex");
});
afterEach(async () => {
  await lnd.stop();
});

function list(request: Partial<ListChannelsRequest> = {}): Promise<ListChannelsResponse> {
  return call((reply) => lnd.lightning.listChannels({ ...ListChannelsRequest.fromPartial({}), ...request }, reply));
}

function pending(): Promise<PendingChannelsResponse> {
  return call((reply) => lnd.lightning.pendingChannels({ includeRawTx: false }, reply));
}

function closed(request: Partial<ClosedChannelsRequest> = {}): Promise<ClosedChannelsResponse> {
  return call((reply) => lnd.lightning.closedChannels({ ...ClosedChannelsRequest.fromPartial({}), ...request }, reply));
}

function balance(): Promise<ChannelBalanceResponse> {
  return call((reply) => lnd.lightning.channelBalance({}, reply));
}

function openRequest(request: Partial<OpenChannelRequest>): OpenChannelRequest {
  return { ...OpenChannelRequest.fromPartial({ nodePubkey: peer, localFundingAmount: 1_000_000n }), ...request };
}

function open(request: Partial<OpenChannelRequest> = {}): StreamReader<OpenStatusUpdate> {
  return new StreamReader(lnd.lightning.openChannel(openRequest(request)));
}

function openSync(request: Partial<OpenChannelRequest>): Promise<ChannelPoint> {
  return call((reply) => lnd.lightning.openChannelSync(openRequest(request), reply));
}

function close(channelPoint: string, request: Partial<CloseChannelRequest> = {}): StreamReader<CloseStatusUpdate> {
  const [txid = "", vout = "0"] = channelPoint.split(":");
  const point: ChannelPoint = { fundingTxid: { $case: "fundingTxidStr", value: txid }, outputIndex: Number(vout) };
  return new StreamReader(
    lnd.lightning.closeChannel({ ...CloseChannelRequest.fromPartial({}), channelPoint: point, ...request }),
  );
}

async function closeRefusal(channelPoint: string, request: Partial<CloseChannelRequest> = {}) {
  return refusalOf(
    close(channelPoint, request)
      .rest()
      .then(({ error }) => Promise.reject(error ?? new Error("the stream ended cleanly"))),
  );
}

function mine(blocks: number): void {
  lnd.engine.syncToHeight(lnd.engine.height + blocks);
}

async function firstChannelPoint(): Promise<string> {
  return (await list()).channels[0]?.channelPoint ?? "";
}

function reversed(txid: string): Buffer {
  return Buffer.from(txid, "hex").reverse();
}

describe("channels of lnd", () => {
  it("add up: local, remote, in flight and the commitment fee are the capacity", async () => {
    const { paymentRequest } = lnd.engine.addOutsideInvoice({ valueMsat: 1_000_500n, isKept: true });
    lnd.engine.sendPayment({ paymentRequest, feeLimitMsat: 10_000n });
    const { channels } = await list();
    expect(channels).toHaveLength(2);
    const [channel] = channels;
    expect(channel).toMatchObject({ active: true, initiator: true, remotePubkey: lnd.engine.peerPubkey });
    expect(channel?.pendingHtlcs).toMatchObject([{ incoming: false, amount: 1_001n, lockedIn: true }]);
    // sat twins are rounded down, each by less than one.
    const known = (channel?.localBalance ?? 0n) + (channel?.remoteBalance ?? 0n) + (channel?.unsettledBalance ?? 0n);
    expect(Number((channel?.capacity ?? 0n) - known - (channel?.commitFee ?? 0n))).toBeLessThan(2);
    const [local, inFlight] = [(await balance()).localBalance, (await balance()).unsettledLocalBalance];
    expect((local?.msat ?? 0n) + (inFlight?.msat ?? 0n) + 3_110_000n).toBe(45_000_000_000n);
    expect(inFlight).toEqual({ sat: 1_001n, msat: 1_001_600n });
  });

  it.each([
    [{ activeOnly: true, inactiveOnly: true }, "either `active_only` or `inactive_only` can be set, but not both"],
    [{ publicOnly: true, privateOnly: true }, "either `public_only` or `private_only` can be set, but not both"],
  ])("cannot be listed by %j", async (request, text) => {
    expect(await refusalOf(list(request))).toEqual([status.UNKNOWN, text]);
  });

  it("are inactive while the peer is away, which SubscribeChannelEvents tells", async () => {
    const events = new StreamReader(lnd.lightning.subscribeChannelEvents({}));
    expect((await list({ activeOnly: true })).channels).toHaveLength(2);
    lnd.engine.changeSettings({ isPeerOnline: false });
    expect((await list({ activeOnly: true })).channels).toHaveLength(0);
    expect((await list({ inactiveOnly: true })).channels).toHaveLength(2);
    expect((await events.next()).type).toBe(UpdateType.INACTIVE_CHANNEL);
    events.stream.cancel();
  });
});

describe("opening a channel", () => {
  it("is pending at once, open after its confirmations, and then the stream ends", async () => {
    const events = new StreamReader(lnd.lightning.subscribeChannelEvents({}));
    await list();
    const reader = open({ memo: "request 7", pushSat: 10_000n, private: true });
    const { update } = await reader.next();
    const [waiting] = (await pending()).pendingOpenChannels;
    expect(waiting).toMatchObject({ confirmationsUntilActive: 3, channel: { memo: "request 7", private: true } });
    const channelPoint = waiting?.channel?.channelPoint ?? "";
    // In internal byte order, the reverse of what the string shows.
    expect(update).toMatchObject({ $case: "chanPending", value: { txid: reversed(channelPoint.slice(0, 64)) } });
    mine(2);
    expect((await pending()).pendingOpenChannels).toMatchObject([{ confirmationsUntilActive: 1 }]);
    mine(1);
    const { messages, error } = await reader.rest();
    expect([messages.map((message) => message.update?.$case), error]).toEqual([["chanOpen"], undefined]);
    const { channels } = await list({ privateOnly: true });
    expect(channels).toMatchObject([
      { channelPoint, memo: "request 7", remoteBalance: 10_000n, pushAmountSat: 10_000n },
    ]);
    expect((channels[0]?.chanId ?? 0n) >> 40n).toBe(BigInt(lnd.engine.height - 2));
    expect([(await events.next()).type, (await events.next()).type, (await events.next()).type]).toEqual([
      UpdateType.PENDING_OPEN_CHANNEL,
      UpdateType.OPEN_CHANNEL,
      UpdateType.ACTIVE_CHANNEL,
    ]);
    events.stream.cancel();
  });

  it("costs the wallet its amount and the fee", async () => {
    const before = lnd.engine.conservation();
    await openSync({ satPerVbyte: 10n });
    const after = lnd.engine.conservation();
    expect(after.driftMsat).toBe(0n);
    expect(after.feesPaidMsat - before.feesPaidMsat).toBe(before.walletMsat - after.walletMsat - 1_000_000_000n);
  });

  it.each([
    ["too little", { localFundingAmount: 19_999n }, "channel is too small, the minimum channel size is: 20000 SAT"],
    [
      "too much",
      { localFundingAmount: 1_000_000_001n },
      "funding amount is too large, the max channel size is: 10 BTC",
    ],
    [
      "a push of everything",
      { pushSat: 1_000_000n },
      "amount pushed to remote peer for initial state must be below the local funding amount",
    ],
    [
      "more than the wallet has",
      { localFundingAmount: 200_000_000n },
      "not enough witness outputs to create funding transaction, need ",
    ],
    ["all but the reserve", { localFundingAmount: 99_990_000n }, "reserved wallet balance invalidated: "],
    ["a public taproot channel", { commitmentType: CommitmentType.SIMPLE_TAPROOT }, "taproot channels must be private"],
    ["a long memo", { memo: "x".repeat(501) }, `provided memo (${"x".repeat(501)}) is of length 501, exceeds 500`],
    ["two fees", { satPerVbyte: 1n, targetConf: 2 }, "either target_conf or sat_per_vbyte should be set, but not both"],
    [
      "confirmations and unconfirmed coins",
      { minConfs: 1, spendUnconfirmed: true },
      "min_confs cannot be set when spending unconfirmed outputs",
    ],
  ])("is refused with UNKNOWN for %s", async (_name, request, text) => {
    expect(await refusalOf(openSync(request))).toEqual([status.UNKNOWN, expect.stringContaining(text)]);
    expect((await pending()).pendingOpenChannels).toEqual([]);
  });

  it("needs a chain that is in sync and a peer that is online", async () => {
    const nodePubkey = Buffer.from(lnd.engine.outsidePubkey, "hex");
    expect(await refusalOf(openSync({ nodePubkey }))).toEqual([
      status.UNKNOWN,
      `peer ${lnd.engine.outsidePubkey} is not online`,
    ]);
    lnd.engine.changeSettings({ isSyncedToChain: false });
    expect(await refusalOf(openSync({}))).toEqual([
      status.UNKNOWN,
      "channels cannot be created before the wallet is fully synced",
    ]);
  });

  it("without wumbo stops at 2^24-1 sats", async () => {
    lnd.engine.changeSettings({ isWumbo: false });
    expect(await refusalOf(openSync({ localFundingAmount: 16_777_216n }))).toEqual([
      status.UNKNOWN,
      "funding amount is too large, the max channel size is: 0.16777215 BTC",
    ]);
    await openSync({ localFundingAmount: 16_777_215n });
  });

  it("may be done although its reply was lost: the memo finds it", async () => {
    lnd.fault("lose_reply", "OpenChannelSync");
    expect((await refusalOf(openSync({ memo: "once" })))[0]).toBe(status.UNAVAILABLE);
    expect((await pending()).pendingOpenChannels).toMatchObject([{ channel: { memo: "once" } }]);
  });

  it("leads to direct payments once the outside wallet is connected", async () => {
    const { outsidePubkey } = lnd.engine;
    const connect = () =>
      call((reply) =>
        lnd.lightning.connectPeer(
          { addr: { pubkey: outsidePubkey, host: "127.0.0.1:9736" }, perm: false, timeout: 3n },
          reply,
        ),
      );
    await connect();
    expect(await refusalOf(connect())).toEqual([
      status.UNKNOWN,
      `already connected to peer: ${outsidePubkey}@127.0.0.1:9736`,
    ]);
    expect(
      (await call<{ peers: unknown[] }>((reply) => lnd.lightning.listPeers({ latestError: false }, reply))).peers,
    ).toHaveLength(2);
    await openSync({ nodePubkey: Buffer.from(outsidePubkey, "hex") });
    mine(3);
    const { paymentRequest } = lnd.engine.addOutsideInvoice({ valueMsat: 5_000n });
    expect(lnd.engine.sendPayment({ paymentRequest, feeLimitMsat: 0n })).toMatchObject({
      status: "succeeded",
      feeMsat: 0n,
    });
  });

  it("cannot reach nodes that are nobody's", async () => {
    const addr = { pubkey: `02${"11".repeat(32)}`, host: "10.0.0.1:9735" };
    const connecting = call((reply) => lnd.lightning.connectPeer({ addr, perm: false, timeout: 3n }, reply));
    expect(await refusalOf(connecting)).toEqual([
      status.UNKNOWN,
      "dial tcp 10.0.0.1:9735: connect: connection refused",
    ]);
  });
});

describe("closing a channel", () => {
  it("cooperatively waits for a block and pays out at once", async () => {
    const channelPoint = await firstChannelPoint();
    const reader = close(channelPoint, { satPerVbyte: 5n });
    const { update } = await reader.next();
    const [waiting] = (await pending()).waitingCloseChannels;
    expect(waiting?.channel?.channelPoint).toBe(channelPoint);
    expect(update).toMatchObject({ $case: "closePending", value: { txid: reversed(waiting?.closingTxid ?? "") } });
    const walletSats = lnd.engine.spendableSats();
    mine(1);
    expect((await reader.rest()).messages.map((message) => message.update?.$case)).toEqual(["chanClose"]);
    expect(lnd.engine.spendableSats() - walletSats).toBe(29_996_890n);
    expect((await closed({ cooperative: true })).channels).toMatchObject([
      { channelPoint, closeType: ClosureType.COOPERATIVE_CLOSE, settledBalance: 29_996_890n },
    ]);
    expect(lnd.engine.conservation().driftMsat).toBe(0n);
  });

  it("by force frees our money only after 144 blocks", async () => {
    const channelPoint = await firstChannelPoint();
    const reader = close(channelPoint, { force: true });
    await reader.next();
    mine(1);
    expect((await reader.rest()).messages.map((message) => message.update?.$case)).toEqual(["chanClose"]);
    expect((await pending()).pendingForceClosingChannels).toMatchObject([
      { limboBalance: 29_996_890n, blocksTilMaturity: 144 },
    ]);
    const walletSats = lnd.engine.spendableSats();
    mine(143);
    expect(lnd.engine.spendableSats()).toBe(walletSats);
    mine(1);
    expect(lnd.engine.spendableSats() - walletSats).toBe(29_996_890n);
    expect((await closed({ localForce: true })).channels).toMatchObject([{ channelPoint }]);
  });

  it("with HTLCs is refused, unless it may wait for them", async () => {
    const channelPoint = await firstChannelPoint();
    const { paymentRequest, paymentHash } = lnd.engine.addOutsideInvoice({ valueMsat: 1_000_000n, isKept: true });
    lnd.engine.sendPayment({ paymentRequest, feeLimitMsat: 10_000n });
    expect(await closeRefusal(channelPoint)).toEqual([
      status.UNKNOWN,
      expect.stringContaining("cannot coop close channel with active htlcs"),
    ]);
    const reader = close(channelPoint, { noWait: true });
    expect((await reader.next()).update).toEqual({ $case: "closeInstant", value: { numPendingHtlcs: 1 } });
    lnd.engine.settleOutsideInvoice({ paymentHash });
    expect((await reader.next()).update?.$case).toBe("closePending");
    reader.stream.cancel();
  });

  it("is refused with UNKNOWN for fees with force, an absent peer and an unknown channel", async () => {
    const channelPoint = await firstChannelPoint();
    expect(await closeRefusal(channelPoint, { force: true, satPerVbyte: 1n })).toEqual([
      status.UNKNOWN,
      "force closing a channel uses a pre-defined fee",
    ]);
    expect((await closeRefusal(channelPoint, { satPerVbyte: 9n, maxFeePerVbyte: 8n }))[0]).toBe(status.UNKNOWN);
    expect(await closeRefusal(`${"ab".repeat(32)}:0`)).toEqual([status.UNKNOWN, "channel not found"]);
    lnd.engine.changeSettings({ isPeerOnline: false });
    expect(await closeRefusal(channelPoint)).toEqual([
      status.UNKNOWN,
      expect.stringContaining(
        "unable to gracefully close channel while peer is offline (try force closing it instead)",
      ),
    ]);
  });
});
