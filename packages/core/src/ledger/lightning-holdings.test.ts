import type { LightningBalance, LightningChannel, PendingChannel } from "../ports/lightning-node";
import { lightningHoldingsMsat, type LightningFacts } from "./lightning-holdings";

const OURS = "aa".repeat(32);
const OTHER = `${"ab".repeat(32)}:0`;
const FORWARDED = "bb".repeat(32);

const aBalance = (changes: Partial<LightningBalance> = {}): LightningBalance => ({
  localMsat: 0n,
  remoteMsat: 0n,
  unsettledLocalMsat: 0n,
  unsettledRemoteMsat: 0n,
  pendingOpenLocalMsat: 0n,
  pendingOpenRemoteMsat: 0n,
  ...changes,
});

const aChannel = (changes: Partial<LightningChannel> = {}): LightningChannel => ({
  channelPoint: `${"cc".repeat(32)}:0`,
  chanId: 1n,
  remotePubkey: `02${"dd".repeat(32)}`,
  isActive: true,
  isPrivate: false,
  isInitiator: true,
  capacitySats: 1_000_000n,
  localSats: 600_000n,
  remoteSats: 390_000n,
  commitFeeSats: 3_340n,
  unsettledSats: 6_000n,
  localReserveSats: 10_000n,
  memo: "",
  pendingHtlcs: [],
  ...changes,
});

const holdings = (facts: Partial<LightningFacts>) =>
  lightningHoldingsMsat({
    balance: aBalance({ localMsat: 600_000_000n }),
    channels: [],
    pending: { limboSats: 0n, opening: [], waitingClose: [], forceClosing: [] },
    landHashes: new Set([OURS]),
    lentSats: new Map(),
    closeCount: 0,
    ...facts,
  }).msat;

it("commit fee and anchors of a channel belong to the side that opened it", () => {
  expect(holdings({ channels: [aChannel()] })).toBe(604_000_000n);
  expect(holdings({ channels: [aChannel({ isInitiator: false })] })).toBe(600_000_000n);
});

it("an HTLC counts only while it carries a payment of one of our lands away", () => {
  const htlc = { amountSats: 1_000n, isForwarded: false, expirationHeight: 9 };
  const pendingHtlcs = [
    { ...htlc, isIncoming: false, paymentHash: OURS },
    { ...htlc, isIncoming: true, paymentHash: OURS },
    { ...htlc, isIncoming: false, paymentHash: FORWARDED },
  ];
  expect(holdings({ channels: [aChannel({ isInitiator: false, pendingHtlcs })] })).toBe(601_000_000n);
});

it("a channel is worth the same before it is open, while it closes and when it is open", () => {
  const channel: PendingChannel = {
    channelPoint: `${"ee".repeat(32)}:1`,
    remotePubkey: `02${"dd".repeat(32)}`,
    capacitySats: 500_000n,
    localSats: 496_000n,
    commitFeeSats: 3_340n,
    memo: "",
  };
  const pending = {
    limboSats: 30_000n,
    opening: [channel, { ...channel, localSats: 0n }],
    waitingClose: [{ ...channel, limboSats: 10_000n, closingTxid: "", way: "unknown" as const }],
    // The commitment is on the chain and half of our balance has come to the wallet.
    forceClosing: [
      {
        ...channel,
        channelPoint: OTHER,
        commitFeeSats: 0n,
        limboSats: 248_000n,
        closingTxid: "",
        blocksTilMaturity: 3,
      },
    ],
  };
  const balance = aBalance({ pendingOpenLocalMsat: 496_000_000n });
  const lentSats = new Map([
    [channel.channelPoint, 4_000n],
    [OTHER, 4_000n],
  ]);
  expect(holdings({ balance, pending, lentSats })).toBe(3n * 500_000_000n);
});
