import { status } from "@grpc/grpc-js";

import {
  AddressType,
  EstimateFeeRequest,
  type EstimateFeeResponse,
  type GetInfoResponse,
  GetTransactionsRequest,
  SendCoinsRequest,
  type TransactionDetails,
  type WalletBalanceResponse,
} from "@arkrelay/daemons/proto/lnrpc/lightning";
import type { Version } from "@arkrelay/daemons/proto/verrpc/verrpc";

import { RunningLnd, call, refusalOf } from "./testing/an-lnd";

const OUTSIDE_ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

let lnd: RunningLnd;
beforeEach(async () => {
  lnd = await RunningLnd.start();
});
afterEach(async () => {
  await lnd.stop();
});

function balance(minConfs = 0): Promise<WalletBalanceResponse> {
  return call((reply) => lnd.lightning.walletBalance({ account: "", minConfs }, reply));
}

function send(request: Partial<SendCoinsRequest> = {}): Promise<{ txid: string }> {
  const defaults = SendCoinsRequest.fromPartial({ addr: OUTSIDE_ADDRESS, amount: 10_000n });
  return call((reply) => lnd.lightning.sendCoins({ ...defaults, ...request }, reply));
}

function transactions(request: Partial<GetTransactionsRequest> = {}): Promise<TransactionDetails> {
  return call((reply) =>
    lnd.lightning.getTransactions({ ...GetTransactionsRequest.fromPartial({}), ...request }, reply),
  );
}

function address(type: AddressType): Promise<{ address: string }> {
  return call((reply) => lnd.lightning.newAddress({ type, account: "" }, reply));
}

function mine(blocks: number): void {
  lnd.engine.syncToHeight(lnd.engine.height + blocks);
}

describe("lnd's wallet", () => {
  it("pays an address, gets its change back, and is found again by the label", async () => {
    const { txid } = await send({ label: "request 7", satPerVbyte: 10n });
    expect(await balance()).toMatchObject({ totalBalance: 99_988_450n, unconfirmedBalance: 49_988_450n });
    const [unconfirmed] = (await transactions({ endHeight: -1 })).transactions;
    expect(unconfirmed).toMatchObject({
      txHash: txid,
      label: "request 7",
      numConfirmations: 0,
      amount: -11_550n,
      totalFees: 1_550n,
    });
    mine(1);
    expect(await balance()).toMatchObject({ confirmedBalance: 99_988_450n, unconfirmedBalance: 0n });
    expect((await transactions()).transactions[0]).toMatchObject({ txHash: txid, numConfirmations: 1 });
  });

  it("keeps a reserve for its public anchor channels, which the total includes", async () => {
    expect(await balance()).toMatchObject({ totalBalance: 100_000_000n, reservedBalanceAnchorChan: 20_000n });
    await send({ sendAll: true, amount: 0n });
    expect((await balance()).totalBalance).toBe(20_000n);
    expect(lnd.engine.conservation().driftMsat).toBe(0n);
  });

  it("may have sent although its reply was lost", async () => {
    lnd.fault("lose_reply", "SendCoins");
    expect((await refusalOf(send({ label: "once" })))[0]).toBe(status.UNAVAILABLE);
    const found = (await transactions({ endHeight: -1 })).transactions.filter(({ label }) => label === "once");
    expect(found).toHaveLength(1);
  });

  it.each([
    [
      "an address of another network",
      { addr: "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4" },
      "address: bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4 is not valid for this network: regtest",
    ],
    ["a key", { addr: `02${"11".repeat(32)}` }, "cannot send coins to pubkeys"],
    ["more than there is", { amount: 200_000_000n }, "insufficient funds available to construct transaction"],
    ["dust", { amount: 329n }, "transaction output is dust"],
    ["all but the reserve", { amount: 99_985_000n }, "reserved wallet balance invalidated: "],
    [
      "two feerates",
      { satPerVbyte: 1n, satPerByte: 1n },
      "either sat_per_byte or sat_per_vbyte should be set, but not both",
    ],
    ["everything and an amount", { sendAll: true }, "amount set while SendAll is active"],
    ["a long label", { label: "x".repeat(501) }, "transaction label exceeds limit"],
  ])("refuses %s with UNKNOWN", async (_name, request, text) => {
    expect(await refusalOf(send(request))).toEqual([status.UNKNOWN, expect.stringContaining(text)]);
    expect((await balance()).totalBalance).toBe(100_000_000n);
  });

  it("keeps a transaction whose fee is too low in the mempool until the mempool empties", async () => {
    lnd.engine.changeSettings({ mempoolMinSatPerVbyte: 5n });
    await send({ satPerVbyte: 4n, label: "stuck" });
    mine(10);
    expect((await transactions({ endHeight: -1 })).transactions[0]).toMatchObject({
      label: "stuck",
      numConfirmations: 0,
    });
    lnd.engine.changeSettings({ mempoolMinSatPerVbyte: 0n });
    mine(1);
    expect((await transactions()).transactions[0]).toMatchObject({ label: "stuck", numConfirmations: 1 });
  });

  it("loses confirmations in a reorg and finds them in the next block", async () => {
    await send({ label: "reorged" });
    mine(1);
    const before = lnd.engine.blockHash();
    lnd.engine.reorg(1);
    expect(lnd.engine.blockHash()).not.toBe(before);
    expect((await transactions()).transactions[0]).toMatchObject({ label: "reorged", numConfirmations: 0 });
    mine(1);
    expect((await transactions()).transactions[0]).toMatchObject({ label: "reorged", numConfirmations: 1 });
  });

  it("pages transactions since 0.19 and before gives them all", async () => {
    expect((await transactions({ maxTransactions: 2, indexOffset: 1 })).transactions).toHaveLength(2);
    lnd.engine.changeSettings({ profile: "0.18" });
    expect((await transactions({ maxTransactions: 2 })).transactions).toHaveLength(4);
  });

  it.each([
    [AddressType.WITNESS_PUBKEY_HASH, AddressType.UNUSED_WITNESS_PUBKEY_HASH, /^bcrt1q[0-9a-z]{38}$/],
    [AddressType.NESTED_PUBKEY_HASH, AddressType.UNUSED_NESTED_PUBKEY_HASH, /^2/],
    [AddressType.TAPROOT_PUBKEY, AddressType.UNUSED_TAPROOT_PUBKEY, /^bcrt1p[0-9a-z]{58}$/],
  ])("makes addresses of type %s, and gives an unused one again", async (type, unused, form) => {
    const first = (await address(type)).address;
    const second = (await address(type)).address;
    expect([first, second]).toEqual([expect.stringMatching(form), expect.stringMatching(form)]);
    expect(second).not.toBe(first);
    expect((await address(unused)).address).toBe(second);
    lnd.engine.receiveOnchain({ to: { address: second }, amountSats: 1_000n });
    expect((await address(unused)).address).not.toBe(second);
  });

  it("estimates what a payment would cost by how soon it should confirm", async () => {
    const estimate = (targetConf: number) =>
      call<EstimateFeeResponse>((reply) =>
        lnd.lightning.estimateFee(
          { ...EstimateFeeRequest.fromPartial({ targetConf }), AddrToAmount: { [OUTSIDE_ADDRESS]: 10_000n } },
          reply,
        ),
      );
    const [soon, later] = [await estimate(1), await estimate(24)];
    expect(soon.satPerVbyte).toBeGreaterThan(later.satPerVbyte);
    expect(later).toMatchObject({ feeSat: 155n * later.satPerVbyte });
  });
});

describe("what lnd says of itself", () => {
  it("differs by version where clients can see it", async () => {
    const info = () => call<GetInfoResponse>((reply) => lnd.lightning.getInfo({}, reply));
    const version = () => call<Version>((reply) => lnd.versioner.getVersion({}, reply));
    expect(await info()).toMatchObject({
      identityPubkey: lnd.engine.nodePubkey,
      version: "0.21.2-beta commit=v0.21.2-beta",
      chains: [{ network: "regtest" }],
      blockHeight: 101,
      syncedToChain: true,
      walletSynced: true,
      numActiveChannels: 2,
      numPeers: 1,
    });
    expect(await version()).toMatchObject({ appMajor: 0, appMinor: 21, appPatch: 2, appPreRelease: "beta" });
    lnd.engine.changeSettings({ profile: "0.18" });
    expect(await info()).toMatchObject({ version: "0.18.5-beta commit=v0.18.5-beta", walletSynced: false });
    expect(await version()).toMatchObject({ appMinor: 18, appPatch: 5 });
  });
});
