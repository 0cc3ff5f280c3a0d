import { ArkdInfoReply } from "@arkrelay/core/http/grpc";

import { readRoute } from "../../http/route";
import { staleFields } from "../../last-known";
import { orElse } from "../status/probes";

export const arkdInfoRoute = readRoute({
  path: "/grpc/arkd/info",
  summary: "The parameters of arkd, and the chain as lnd sees it",
  auth: ["admin"],
  replies: { 200: ArkdInfoReply },
}).handle(async ({ deps }) => {
  const known = await deps.daemons.arkInfo();
  const node = deps.lnd.isConfigured ? await orElse(() => deps.lnd.node().getInfo(), undefined) : undefined;
  const { value: info, asOf } = known;
  return {
    status: 200,
    body: {
      service: "arkd",
      connected: asOf === undefined,
      ...staleFields(known),
      network_info: {
        network: info.network,
        block_height: node?.blockHeight ?? null,
        synced: node?.syncedToChain ?? null,
        version: info.version,
        signer_pubkey: info.signerPubkey,
        unilateral_exit_delay: info.unilateralExitDelay,
        dust: Number(info.dustSats),
        digest: info.digest,
      },
    },
  };
});
