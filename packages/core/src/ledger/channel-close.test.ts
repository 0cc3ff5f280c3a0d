import type { ChannelResolution, ClosedLightningChannel, OnchainTransaction } from "../ports/lightning-node";
import { judgeChannelClose, type ChannelCloseFacts } from "./channel-close";

const [CLOSING, SWEEP, SECOND] = ["aa".repeat(32), "bb".repeat(32), "cc".repeat(32)];

const closed = (changes: Partial<ClosedLightningChannel> = {}): ClosedLightningChannel => ({
  channelPoint: `${"dd".repeat(32)}:0`,
  remotePubkey: `02${"ee".repeat(32)}`,
  closingTxid: CLOSING,
  closeType: "local_force_close",
  capacitySats: 1_000_000n,
  settledSats: 600_000n,
  closeHeight: 100,
  isInitiator: true,
  resolutions: [resolution("commit", "claimed", 600_000n, SWEEP)],
  ...changes,
});

const resolution = (
  kind: ChannelResolution["kind"],
  outcome: ChannelResolution["outcome"],
  amountSats: bigint,
  sweepTxid: string,
): ChannelResolution => ({ kind, outcome, amountSats, sweepTxid });

const walletOf = (amounts: Readonly<Record<string, bigint>>): ReadonlyMap<string, OnchainTransaction> =>
  new Map(
    Object.entries(amounts).map(([txid, amountSats]) => [
      txid,
      { txid, amountSats, outputsSats: amountSats, feeSats: 0n, confirmations: 1, blockHeight: 100, label: "" },
    ]),
  );

const judge = (channel: ClosedLightningChannel, facts: Partial<ChannelCloseFacts>) =>
  judgeChannelClose(channel, { wallet: new Map(), lentSats: 4_000n, usedTxids: new Set(), ...facts });

it("a forced close was worth our balance and what we had lent, and brought what the wallet says", () => {
  expect(judge(closed(), { wallet: walletOf({ [SWEEP]: 599_700n }) })).toEqual({
    worthSats: 604_000n,
    cameSats: 599_700n,
    txids: [SWEEP],
  });
});

it("HTLCs count as worth only when the chain gave them to us", () => {
  const resolutions = [
    resolution("commit", "claimed", 600_000n, SWEEP),
    resolution("incoming_htlc", "first_stage", 5_000n, "ff".repeat(32)),
    resolution("incoming_htlc", "claimed", 5_000n, SECOND),
    resolution("outgoing_htlc", "timeout", 700n, SECOND),
    // These two are the peer's.
    resolution("outgoing_htlc", "claimed", 9_000n, ""),
    resolution("incoming_htlc", "timeout", 8_000n, ""),
    resolution("anchor", "unclaimed", 330n, ""),
  ];
  expect(judge(closed({ resolutions }), { wallet: walletOf({ [SWEEP]: 599_700n, [SECOND]: 5_400n }) })).toEqual({
    worthSats: 609_700n,
    cameSats: 605_100n,
    txids: [SWEEP, SECOND],
  });
});

it("a sweep that emptied two channels is counted with the first of them", () => {
  expect(judge(closed(), { wallet: walletOf({ [SWEEP]: 1_199_400n }), usedTxids: new Set([SWEEP]) })).toMatchObject({
    cameSats: 0n,
    txids: [],
  });
});

it("nothing is said before the wallet shows what came back", () => {
  expect(judge(closed(), { wallet: walletOf({ [CLOSING]: 0n }) })).toBeUndefined();
  expect(judge(closed({ closeType: "cooperative_close", resolutions: [] }), {})).toBeUndefined();
});

describe("a close that both sides signed", () => {
  const together = (changes: Partial<ClosedLightningChannel> = {}) =>
    closed({ closeType: "cooperative_close", settledSats: 603_200n, resolutions: [], ...changes });
  const [ours] = [...walletOf({ [CLOSING]: 603_200n }).values()];
  const wallet = (outputsSats: bigint) => new Map(ours === undefined ? [] : [[CLOSING, { ...ours, outputsSats }]]);

  it("cost its opener what the outputs leave of the capacity, and the other side nothing", () => {
    expect(judge(together(), { wallet: wallet(999_200n) })).toMatchObject({ worthSats: 604_000n, cameSats: 603_200n });
    expect(judge(together({ isInitiator: false }), { wallet: wallet(999_200n) })).toMatchObject({
      worthSats: 603_200n,
    });
  });

  it("cost what was lent when the wallet does not know the other output, or nothing came back", () => {
    expect(judge(together(), { wallet: wallet(0n) })).toMatchObject({ worthSats: 607_200n });
    expect(judge(together({ settledSats: 0n }), {})).toEqual({ worthSats: 4_000n, cameSats: 0n, txids: [] });
  });
});
