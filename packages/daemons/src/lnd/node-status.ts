import type { BitcoinNetwork } from "@arkrelay/core/ark/network";
import { assert } from "@arkrelay/core/errors";
import type {
  LightningBalance,
  LightningNodeInfo,
  LightningPeer,
  LightningWalletState,
  OnchainBalance,
} from "@arkrelay/core/ports/lightning-node";

import { checkNetwork } from "../checked-calls";
import type { DaemonLink } from "../daemon-link";
import {
  type Amount,
  type ChannelBalanceResponse,
  type ConnectPeerResponse,
  type GetInfoResponse,
  type ListPeersResponse,
  ListPeersRequest,
  WalletBalanceRequest,
  type WalletBalanceResponse,
} from "../gen/lnrpc/lightning";
import { type GetStateResponse, WalletState } from "../gen/lnrpc/stateservice";
import { rejectionName } from "../rejection-name";
import type { LndCalls, LndClients } from "./lnd-clients";

/** lnd's own patience with a peer, and what we add for its answer. */
const CONNECT_TIMEOUT_SECONDS = 15;
const CONNECT_CALL_TIMEOUT_MS = 20_000;

const WALLET_STATES: ReadonlyMap<WalletState, LightningWalletState> = new Map([
  [WalletState.WAITING_TO_START, "waiting_to_start"],
  [WalletState.NON_EXISTING, "non_existing"],
  [WalletState.LOCKED, "locked"],
  [WalletState.UNLOCKED, "unlocked"],
  [WalletState.RPC_ACTIVE, "rpc_active"],
  [WalletState.SERVER_ACTIVE, "server_active"],
]);

/** Throws `daemon_unavailable` (wrong_network) when lnd runs on another chain. */
export async function readNodeInfo(link: DaemonLink<LndClients>, network: BitcoinNetwork): Promise<LightningNodeInfo> {
  const info = await link.read<GetInfoResponse>("GetInfo", ({ lightning }, ...rest) => lightning.getInfo({}, ...rest));
  return {
    nodePubkey: info.identityPubkey,
    alias: info.alias,
    version: toSemver(info.version),
    network: checkNetwork("lnd", info.chains[0]?.network ?? "", network),
    blockHeight: info.blockHeight,
    syncedToChain: info.syncedToChain,
    syncedToGraph: info.syncedToGraph,
    activeChannels: info.numActiveChannels,
    pendingChannels: info.numPendingChannels,
    peers: info.numPeers,
  };
}

export async function readWalletState(link: DaemonLink<LndClients>): Promise<LightningWalletState> {
  const { state } = await link.read<GetStateResponse>("GetState", (clients, ...rest) =>
    clients.state.getState({}, ...rest),
  );
  const known = WALLET_STATES.get(state);
  assert(known !== undefined, `lnd has no wallet state ${state}`);
  return known;
}

/** Balances and peers of lnd. */
export class LndNodeStatus {
  constructor(private readonly calls: LndCalls) {}

  async getLightningBalance(): Promise<LightningBalance> {
    const balance = await this.calls.read<ChannelBalanceResponse>("ChannelBalance", ({ lightning }, ...rest) =>
      lightning.channelBalance({}, ...rest),
    );
    return {
      localMsat: msatOf(balance.localBalance),
      remoteMsat: msatOf(balance.remoteBalance),
      unsettledLocalMsat: msatOf(balance.unsettledLocalBalance),
      unsettledRemoteMsat: msatOf(balance.unsettledRemoteBalance),
      pendingOpenLocalMsat: msatOf(balance.pendingOpenLocalBalance),
      pendingOpenRemoteMsat: msatOf(balance.pendingOpenRemoteBalance),
    };
  }

  async getOnchainBalance(): Promise<OnchainBalance> {
    const request = WalletBalanceRequest.fromPartial({});
    const balance = await this.calls.read<WalletBalanceResponse>("WalletBalance", ({ lightning }, ...rest) =>
      lightning.walletBalance(request, ...rest),
    );
    return {
      totalSats: balance.totalBalance,
      confirmedSats: balance.confirmedBalance,
      unconfirmedSats: balance.unconfirmedBalance,
      lockedSats: balance.lockedBalance,
      reservedAnchorSats: balance.reservedBalanceAnchorChan,
    };
  }

  async listPeers(): Promise<readonly LightningPeer[]> {
    const request = ListPeersRequest.fromPartial({ latestError: true });
    const { peers } = await this.calls.read<ListPeersResponse>("ListPeers", ({ lightning }, ...rest) =>
      lightning.listPeers(request, ...rest),
    );
    return peers.map((peer) => ({
      nodePubkey: peer.pubKey,
      address: peer.address,
      isInbound: peer.inbound,
      pingTimeUs: peer.pingTime,
    }));
  }

  async connectPeer({ nodePubkey, host }: { readonly nodePubkey: string; readonly host: string }): Promise<void> {
    const request = { addr: { pubkey: nodePubkey, host }, perm: false, timeout: BigInt(CONNECT_TIMEOUT_SECONDS) };
    try {
      // Idempotent, so it is repeated like a read.
      await this.calls.read<ConnectPeerResponse>(
        "ConnectPeer",
        ({ lightning }, ...rest) => lightning.connectPeer(request, ...rest),
        { role: "channel", timeoutMs: CONNECT_CALL_TIMEOUT_MS },
      );
    } catch (thrown) {
      if (rejectionName(thrown) !== "already_connected") throw thrown;
    }
  }
}

/** "0.21.2-beta commit=v0.21.2-beta" -> "0.21.2". */
function toSemver(version: string): string {
  return /^v?(\d+\.\d+\.\d+)/.exec(version)?.[1] ?? version;
}

/** A message that is absent means zero. */
function msatOf(amount: Amount | undefined): bigint {
  return amount?.msat ?? 0n;
}
