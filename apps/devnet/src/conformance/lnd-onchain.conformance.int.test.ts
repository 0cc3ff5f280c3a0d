import { judgeChannelClose } from "@arkrelay/core/ledger/channel-close";
import { lentSatsOf, lightningHoldingsMsat } from "@arkrelay/core/ledger/lightning-holdings";

import { type LndUnderTest, type OwnChain, aSecret, openLnd } from "../testing/lnd-under-test";
import { refusalOf } from "../testing/refusal-of";

/** What the gateway relies on when lnd spends coins. It mines, so it runs against the simulator alone. */
describe.each(["0.18", "0.21"] as const)("lnd %s and its coins", (release) => {
  let lnd: LndUnderTest;
  let chain: OwnChain;

  beforeAll(async () => {
    lnd = await openLnd(release);
    if (lnd.chain === undefined) throw new Error("there is no chain to mine");
    chain = lnd.chain;
  });
  afterAll(async () => {
    await lnd.close();
  });

  test("a payment is made once per label, before and after it confirms", async () => {
    const label = aSecret().paymentHash;
    const address = await lnd.node.newAddress("p2tr");
    const send = () => lnd.node.sendOnchain({ address, amountSats: 20_000n, satPerVbyte: 2n, label });
    const { txid } = await send();
    await expect(send()).resolves.toEqual({ txid });
    await chain.mine(1);
    await expect(send()).resolves.toEqual({ txid });
    const sent = (await lnd.node.listOnchainTransactions(0)).filter((transaction) => transaction.label === label);
    expect(sent).toMatchObject([{ txid, confirmations: 1 }]);
    expect(sent[0]?.feeSats).toBeGreaterThan(0n);
  });

  test("the confirmations of somebody else's transaction are told once there are enough", async () => {
    const txid = aSecret().paymentHash;
    chain.includeForeign(txid);
    const { blockHeight } = await lnd.node.getInfo();
    const query = { txid, script: `5120${"ab".repeat(32)}`, confirmations: 3, heightHint: blockHeight };
    const find = () => lnd.node.findConfirmation(query);
    await chain.mine(2);
    const waiting = find();
    await chain.mine(1);
    await expect(waiting).resolves.toBe(blockHeight + 1);
    await expect(find()).resolves.toBe(blockHeight + 1);
  });

  test("a transaction that is in no block has no confirmations", async () => {
    const query = { txid: aSecret().paymentHash, script: `5120${"ab".repeat(32)}`, confirmations: 3, heightHint: 1 };
    await expect(lnd.node.findConfirmation(query)).resolves.toBeUndefined();
  });

  describe("a channel", () => {
    const open = (memo: string) =>
      lnd.node.openChannel({
        nodePubkey: chain.peerPubkey,
        amountSats: 200_000n,
        isPrivate: false,
        satPerVbyte: 2n,
        memo,
      });
    const close = (channelPoint: string, force: boolean) =>
      lnd.node.closeChannel({ channelPoint, force, satPerVbyte: 2n });

    test("is opened once per memo, while it is pending and when it is open", async () => {
      const memo = aSecret().paymentHash;
      const { channelPoint } = await open(memo);
      expect((await lnd.node.listPendingChannels()).opening).toContainEqual(
        expect.objectContaining({ channelPoint, memo, remotePubkey: chain.peerPubkey, capacitySats: 200_000n }),
      );
      await expect(open(memo)).resolves.toEqual({ channelPoint });
      await chain.mine(6);
      expect(await lnd.node.listChannels({ activeOnly: true })).toContainEqual(
        expect.objectContaining({ channelPoint, memo, isActive: true }),
      );
      await expect(open(memo)).resolves.toEqual({ channelPoint });
    });

    test.each([
      ["together", false, "cooperative_close"],
      ["by force", true, "local_force_close"],
    ])("is closed once, %s", async (_how, force, closeType) => {
      const { channelPoint } = await open(aSecret().paymentHash);
      await chain.mine(6);
      const { closingTxid } = await close(channelPoint, force);
      expect(closingTxid).toMatch(/^[0-9a-f]{64}$/);
      await expect(close(channelPoint, force)).resolves.toEqual({ closingTxid });
      await chain.mine(1);
      await expect(close(channelPoint, force)).resolves.toEqual({ closingTxid });
      await chain.mine(150);
      await expect(close(channelPoint, force)).resolves.toEqual({ closingTxid });
      expect(await lnd.node.listClosedChannels()).toContainEqual(
        expect.objectContaining({ channelPoint, closingTxid, closeType }),
      );
      expect(await lnd.node.listChannels()).not.toContainEqual(expect.objectContaining({ channelPoint }));
    });

    test.each([
      ["together", false],
      ["by force", true],
    ])("gives back what it was worth less the miners' share, %s", async (_how, force) => {
      const { channelPoint } = await open(aSecret().paymentHash);
      await chain.mine(6);
      const before = await holdings();
      const channel = (await lnd.node.listChannels()).find((each) => each.channelPoint === channelPoint);
      const lentSats = channel === undefined ? 0n : lentSatsOf(channel);
      await close(channelPoint, force);
      await chain.mine(151);
      const closed = (await lnd.node.listClosedChannels()).find((each) => each.channelPoint === channelPoint);
      const wallet = new Map((await lnd.node.listOnchainTransactions(0)).map((each) => [each.txid, each]));
      const judged = closed && judgeChannelClose(closed, { wallet, lentSats, usedTxids: new Set() });
      const after = await holdings();
      expect(judged).toMatchObject({
        worthSats: (before.channelsMsat - after.channelsMsat) / 1_000n,
        cameSats: after.walletSats - before.walletSats,
      });
      expect(judged?.cameSats).toBeLessThan(judged?.worthSats ?? 0n);
    });

    async function holdings() {
      const [balance, channels, pending, { totalSats }] = await Promise.all([
        lnd.node.getLightningBalance(),
        lnd.node.listChannels(),
        lnd.node.listPendingChannels(),
        lnd.node.getOnchainBalance(),
      ]);
      const facts = { balance, channels, pending, landHashes: new Set<string>(), lentSats: new Map(), closeCount: 0 };
      return { channelsMsat: lightningHoldingsMsat(facts).msat, walletSats: totalSats };
    }

    test("costs no more than there is", async () => {
      const opening = lnd.node.openChannel({
        nodePubkey: chain.peerPubkey,
        amountSats: 900_000_000n,
        isPrivate: false,
        satPerVbyte: 2n,
        memo: aSecret().paymentHash,
      });
      expect(await refusalOf(opening)).toMatchObject({ name: "insufficient_funds" });
    });
  });
});
