import { type BitcoinNetwork, fromArkdNetwork } from "@arkrelay/core/ark/network";
import { AppError } from "@arkrelay/core/errors";
import type { ArkServerInfo } from "@arkrelay/core/ports/ark-daemon";
import { parsePubkey } from "@arkrelay/core/pubkey";

import type { GetInfoResponse } from "../gen/ark/v1/service";

/** arkd's own defaults, for a release that does not state them. */
const DEFAULT_MAX_TX_WEIGHT = 40_000;
const DEFAULT_MAX_OP_RETURN_OUTPUTS = 3;

/** Throws `daemon_unavailable` when arkd runs on another chain: nothing of it may be used then. */
export function toServerInfo(info: GetInfoResponse, network: BitcoinNetwork): ArkServerInfo {
  if (fromArkdNetwork(info.network) !== network) {
    throw new AppError("daemon_unavailable", {
      details: { service: "arkd", reason: "wrong_network" },
      internal: `arkd runs on ${info.network}, this gateway on ${network}`,
      retryAfterSeconds: 60,
    });
  }
  return {
    version: info.version,
    signerPubkey: parsePubkey(info.signerPubkey, "signer_pubkey"),
    forfeitPubkey: parsePubkey(info.forfeitPubkey, "forfeit_pubkey"),
    checkpointTapscript: info.checkpointTapscript,
    network,
    unilateralExitDelay: Number(info.unilateralExitDelay),
    dustSats: info.dust,
    vtxoMinSats: info.vtxoMinAmount,
    vtxoMaxSats: info.vtxoMaxAmount < 0n ? undefined : info.vtxoMaxAmount,
    maxTxWeight: Number(info.maxTxWeight) || DEFAULT_MAX_TX_WEIGHT,
    maxOpReturnOutputs: Number(info.maxOpReturnOutputs) || DEFAULT_MAX_OP_RETURN_OUTPUTS,
    digest: info.digest,
    deprecatedSigners: info.deprecatedSigners.map(({ pubkey, cutoffDate }) => ({
      pubkey: parsePubkey(pubkey, "deprecated_signers"),
      cutoffAt: new Date(Number(cutoffDate) * 1000),
    })),
  };
}
