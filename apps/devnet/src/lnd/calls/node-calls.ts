import {
  type ConnectPeerRequest,
  type ConnectPeerResponse,
  GetInfoResponse,
  GraphCacheStatus,
  type ListPeersResponse,
  Peer,
  Peer_SyncType,
} from "@arkrelay/daemons/proto/lnrpc/lightning";
import { Version } from "@arkrelay/daemons/proto/verrpc/verrpc";

import { NETWORK } from "../engine/lnd-context";
import type { LndEngine } from "../engine/lnd-engine";
import { LndError } from "../engine/lnd-error";
import { LND_PROFILES, SUBSERVERS, isAtLeast } from "../engine/lnd-settings";
import { isActive, ourChannels } from "./wire-channel";
import { toFeatures } from "./wire-features";

const NODE_FEATURES = [0, 5, 7, 8, 12, 14, 17, 19, 23, 25, 31] as const;
const ALIAS = "devnet";
const COLOR = "#3399ff";

export function getInfo(engine: LndEngine): GetInfoResponse {
  const { settings } = engine.store;
  const { version } = LND_PROFILES[settings.profile];
  const channels = ourChannels(engine).map(({ channel }) => channel);
  const open = channels.filter(({ status }) => status === "open");
  const active = open.filter((channel) => isActive(engine, channel)).length;
  const isNew = isAtLeast(settings, "0.21");
  return GetInfoResponse.fromPartial({
    identityPubkey: engine.nodePubkey,
    alias: ALIAS,
    numPendingChannels: channels.filter(({ status }) => status !== "open" && status !== "closed").length,
    numActiveChannels: active,
    numInactiveChannels: open.length - active,
    numPeers: onlinePeers(engine).length,
    blockHeight: engine.height,
    blockHash: engine.blockHash(),
    syncedToChain: settings.isSyncedToChain,
    syncedToGraph: true,
    bestHeaderTimestamp: BigInt(engine.context.clock.nowSeconds()),
    version: `${version} commit=v${version}`,
    chains: [{ chain: "bitcoin", network: NETWORK }],
    color: COLOR,
    features: toFeatures(NODE_FEATURES),
    // Fields of 0.21: older nodes do not send them.
    walletSynced: isNew && settings.isSyncedToChain,
    graphCacheStatus: isNew ? GraphCacheStatus.GRAPH_CACHE_STATUS_LOADED : 0,
  });
}

/** Names of lnd's build tags; releases have all of these. */
const BUILD_TAGS = [
  "autopilotrpc",
  "chainrpc",
  "invoicesrpc",
  "neutrinorpc",
  "peersrpc",
  "signrpc",
  "walletrpc",
  "watchtowerrpc",
];

export function getVersion(engine: LndEngine): Version {
  const { profile, missingSubservers } = engine.store.settings;
  const { version, patch } = LND_PROFILES[profile];
  const [appMajor, appMinor, appPatch] = patch;
  const missing: readonly string[] = missingSubservers;
  return Version.fromPartial({
    commit: `v${version}`,
    version,
    appMajor,
    appMinor,
    appPatch,
    appPreRelease: "beta",
    buildTags: BUILD_TAGS.filter((tag) => !missing.includes(tag)),
    goVersion: "go1.24.6",
  });
}

/** Refuses calls of sub-servers that this build does not have. */
export function checkSubserver(engine: LndEngine, path: string): void {
  const { missingSubservers } = engine.store.settings;
  const [service = ""] = path.slice(1).split("/");
  const missing = SUBSERVERS.find(
    (subserver) => service.startsWith(`${subserver}.`) && missingSubservers.includes(subserver),
  );
  if (missing !== undefined) throw new LndError(`unknown service ${service}`, "UNIMPLEMENTED");
}

export function listPeers(engine: LndEngine): ListPeersResponse {
  return {
    peers: onlinePeers(engine).map(({ pubkey, host, isInbound }) =>
      Peer.fromPartial({
        pubKey: pubkey,
        address: host,
        inbound: isInbound,
        pingTime: 1_200n,
        syncType: Peer_SyncType.ACTIVE_SYNC,
      }),
    ),
  };
}

function onlinePeers(engine: LndEngine) {
  const { isPeerOnline } = engine.store.settings;
  return [...engine.store.peers.values()].filter(({ pubkey }) => isPeerOnline || pubkey !== engine.peerPubkey);
}

export function connectPeer(engine: LndEngine, { addr }: ConnectPeerRequest): ConnectPeerResponse {
  if (addr === undefined) throw new LndError("need: lnc pubkeyhash@hostname");
  const { pubkey, host } = addr;
  if (!/^(?:02|03)[0-9a-f]{64}$/i.test(pubkey)) throw new LndError("invalid pubkey");
  if (pubkey === engine.nodePubkey) throw new LndError("cannot make connection to self");
  if (onlinePeers(engine).some((peer) => peer.pubkey === pubkey)) {
    throw new LndError(`already connected to peer: ${pubkey}@${host}`);
  }
  // Only nodes of this network can be reached, and the peer only while it is there.
  if (pubkey !== engine.outsidePubkey) throw new LndError(`dial tcp ${host}: connect: connection refused`);
  engine.connectPeer(pubkey, host);
  return { status: `connection to ${pubkey}@${host} initiated` };
}
