import { AppError } from "@arkrelay/core/errors";
import type { LightningNode } from "@arkrelay/core/ports/lightning-node";

export const CHANNEL_POINT = `${"cd".repeat(32)}:1`;
export const PEER_NODE = `02${"ab".repeat(32)}`;
const CHANNEL = {
  channelPoint: CHANNEL_POINT,
  chanId: 123_456_789_012_345_678n,
  remotePubkey: PEER_NODE,
  isActive: true,
  isPrivate: false,
  isInitiator: true,
  capacitySats: 1_000_000n,
  localSats: 600_000n,
  remoteSats: 390_000n,
  commitFeeSats: 10_000n,
  unsettledSats: 0n,
  localReserveSats: 10_000n,
  memo: "",
  pendingHtlcs: [],
};

/** lnd as the API reads it: a channel, some coins, and a switch to take it away. Every write fails the test that makes it. */
export class FakeLnd {
  isAway = false;
  /** Every answer waits for it. */
  answersAfter: Promise<void> | undefined;
  /** Names of the calls so far. */
  readonly asked: string[] = [];

  readonly node: LightningNode = new Proxy({} as LightningNode, {
    get: (_target, name: string) => {
      const answer = ANSWERS[name];
      if (answer === undefined) throw new Error(`the API called ${name} of lnd`);
      return async () => {
        this.asked.push(name);
        await this.answersAfter;
        if (this.isAway) throw new AppError("daemon_unavailable", { details: { service: "lnd" } });
        return answer;
      };
    },
  });
}

const onchain = {
  totalSats: 250_000n,
  confirmedSats: 200_000n,
  unconfirmedSats: 50_000n,
  lockedSats: 0n,
  reservedAnchorSats: 10_000n,
};
const lightning = {
  localMsat: 600_000_999n,
  remoteMsat: 390_000_000n,
  unsettledLocalMsat: 0n,
  unsettledRemoteMsat: 0n,
  pendingOpenLocalMsat: 0n,
  pendingOpenRemoteMsat: 0n,
};

const ANSWERS: Readonly<Record<string, unknown>> = {
  getInfo: { blockHeight: 812_345, syncedToChain: true },
  getTotalBalance: { lightning, onchain },
  getOnchainBalance: onchain,
  listChannels: [CHANNEL],
  listPeers: [],
  listPendingChannels: { limboSats: 7n, opening: [], waitingClose: [], forceClosing: [] },
  estimateOnchainFee: { feeSats: 420n, satPerVbyte: 3n },
  lookupInvoice: {
    paymentHash: "",
    bolt11: "",
    memo: "",
    valueMsat: 5_000_000n,
    amtPaidMsat: 5_000_001n,
    state: "accepted",
    addIndex: 4n,
    settleIndex: 0n,
    createdAt: new Date(0),
    expiresAt: new Date(3_600_000),
    htlcs: [{ state: "accepted", amtMsat: 5_000_001n, expiryHeight: 812_400, customChannelData: new Uint8Array() }],
  },
  trackPayment: {
    paymentHash: "",
    status: "in_flight",
    failureReason: "none",
    preimage: undefined,
    valueMsat: 5_000_000n,
    feeMsat: 0n,
    paymentIndex: 9n,
    createdAt: new Date(0),
    bolt11: "",
    htlcs: [{ status: "in_flight", attemptId: 77n, sentMsat: 0n, units: new Map() }],
  },
};
