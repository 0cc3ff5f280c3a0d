import type { LightningNode, OnchainBalance } from "../ports/lightning-node";
import { planOpening, planSending } from "./operator-plans";

const SENDING = { address: "bcrt1qexample0000", amountSats: 50_000n, satPerVbyte: undefined };
const OPENING = {
  nodePubkey: `02${"ab".repeat(32)}`,
  host: undefined,
  amountSats: 50_000n,
  isPrivate: false,
  satPerVbyte: undefined,
};

/** lnd estimates 400 sats at 2 sat/vB: a transaction of 200 vB. */
function aNode(onchain: Partial<OnchainBalance>): LightningNode {
  const balance = { confirmedSats: 0n, lockedSats: 0n, reservedAnchorSats: 0n, ...onchain };
  const parts = {
    getOnchainBalance: () => Promise.resolve(balance),
    estimateOnchainFee: () => Promise.resolve({ feeSats: 400n, satPerVbyte: 2n }),
    listPeers: () => Promise.resolve([]),
    listChannels: () => Promise.resolve([]),
    listPendingChannels: () => Promise.resolve({ limboSats: 0n, opening: [], waitingClose: [], forceClosing: [] }),
  };
  return parts as unknown as LightningNode;
}

describe("the plan of a payment on the chain", () => {
  test("estimates the fee at lnd's rate, or at the operator's where one is given", async () => {
    const node = aNode({ confirmedSats: 200_000n });
    expect(await planSending(node, SENDING)).toMatchObject({ fee_estimate: 400, sat_per_vbyte: null });
    const atRate = await planSending(node, { ...SENDING, satPerVbyte: 25n });
    expect(atRate).toMatchObject({ fee_estimate: 5_000, sat_per_vbyte: 25, estimated_sat_per_vbyte: 2 });
  });

  test.each<[string, Partial<OnchainBalance>, bigint | undefined, boolean]>([
    ["exactly the amount and its fee", { confirmedSats: 50_400n }, undefined, true],
    ["one sat less", { confirmedSats: 50_399n }, undefined, false],
    ["enough for lnd's rate, not for the operator's", { confirmedSats: 50_400n }, 3n, false],
    ["enough but for leased outputs", { confirmedSats: 60_399n, lockedSats: 10_000n }, undefined, false],
    ["enough but for the anchor reserve", { confirmedSats: 60_399n, reservedAnchorSats: 10_000n }, undefined, false],
    [
      "enough beside both",
      { confirmedSats: 70_400n, lockedSats: 10_000n, reservedAnchorSats: 10_000n },
      undefined,
      true,
    ],
  ])("with %s tells whether the funds suffice", async (_what, onchain, satPerVbyte, isSufficient) => {
    const plan = await planSending(aNode(onchain), { ...SENDING, satPerVbyte });
    expect(plan["sufficient_funds"]).toBe(isSufficient);
  });
});

describe("the plan of a channel", () => {
  test.each<[string, Partial<OnchainBalance>, boolean, boolean]>([
    ["public, with its own reserve left", { confirmedSats: 60_001n }, false, true],
    ["public, into its own reserve", { confirmedSats: 60_000n }, false, false],
    ["private, which needs none", { confirmedSats: 50_001n }, true, true],
    ["beside a reserve of others", { confirmedSats: 79_000n, reservedAnchorSats: 20_000n }, false, false],
    ["when lnd keeps its most already", { confirmedSats: 150_001n, reservedAnchorSats: 100_000n }, false, true],
  ])("%s, tells whether the funds suffice", async (_what, onchain, isPrivate, isSufficient) => {
    const plan = await planOpening(aNode(onchain), { ...OPENING, isPrivate });
    expect(plan["sufficient_funds"]).toBe(isSufficient);
  });
});
