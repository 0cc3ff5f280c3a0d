import { Router } from "express";
import { z } from "zod";

import { IndexerServiceService } from "@arkrelay/daemons/proto/ark/v1/indexer";
import { ArkServiceService } from "@arkrelay/daemons/proto/ark/v1/service";
import { AssetWalletService } from "@arkrelay/daemons/proto/assetwalletrpc/assetwallet";
import { InvoicesService } from "@arkrelay/daemons/proto/invoicesrpc/invoices";
import { LightningService } from "@arkrelay/daemons/proto/lnrpc/lightning";
import { StateService } from "@arkrelay/daemons/proto/lnrpc/stateservice";
import { MintService } from "@arkrelay/daemons/proto/mintrpc/mint";
import { RfqService } from "@arkrelay/daemons/proto/rfqrpc/rfq";
import { RouterService } from "@arkrelay/daemons/proto/routerrpc/router";
import { TaprootAssetChannelsService } from "@arkrelay/daemons/proto/tapchannelrpc/tapchannel";
import { TaprootAssetsService } from "@arkrelay/daemons/proto/taprpc/taprootassets";
import { UniverseService } from "@arkrelay/daemons/proto/universerpc/universe";
import { VersionerService } from "@arkrelay/daemons/proto/verrpc/verrpc";

import { isGrpcStatusName } from "../arkd/transport/call-status";
import type { DevnetParts } from "../devnet-parts";
import { DAEMON_WIDE_KINDS, FAULT_KINDS, FAULT_TARGETS, type FaultTarget, KINDS_OF_TARGET } from "../faults/fault";
import { invalidField, parseBody } from "./parse-body";

const DELAY_MAX_MS = 3_600_000;
const TIMES_MAX = 1_000_000;
/** Beyond the 200 MiB that clients of lnd take. */
const REPLY_BYTES_MAX = 262_144_000;

const FaultBody = z.strictObject({
  target: z.enum(FAULT_TARGETS, `this devnet simulates ${FAULT_TARGETS.join(" and ")}`),
  method: z.string().default("*"),
  kind: z.enum(FAULT_KINDS, `is one of ${FAULT_KINDS.join(", ")}`),
  code: z.string().refine(isGrpcStatusName, "must be a gRPC status name, e.g. UNAVAILABLE").optional(),
  delay_ms: z.int().min(0).max(DELAY_MAX_MS).optional(),
  reply_bytes: z.int().min(0).max(REPLY_BYTES_MAX).optional(),
  times: z.int().min(1).max(TIMES_MAX).default(1),
  probability: z.number().min(0).max(1).default(1),
});
const RestartBody = z.strictObject({ down_ms: z.int().min(0).max(DELAY_MAX_MS).default(0) });

/** `GetVtxoChain` is a call of the REST face only. */
const METHODS: Record<FaultTarget, readonly string[]> = {
  arkd: [...pathsOf(ArkServiceService), ...pathsOf(IndexerServiceService), "GetVtxoChain"],
  relay: ["EVENT", "REQ", "CLOSE", "AUTH"],
  lnd: [
    ...pathsOf(LightningService),
    ...pathsOf(RouterService),
    ...pathsOf(InvoicesService),
    ...pathsOf(StateService),
    ...pathsOf(VersionerService),
  ],
  tapd: [
    ...pathsOf(TaprootAssetsService),
    ...pathsOf(MintService),
    ...pathsOf(UniverseService),
    ...pathsOf(RfqService),
    ...pathsOf(TaprootAssetChannelsService),
    ...pathsOf(AssetWalletService),
  ],
};

/** Switching faults on and off, and restarting a daemon. */
export function faultRoutes({ faults, arkd, relay, lnd, tapd }: DevnetParts): Router {
  const router = Router();
  router.post("/faults", (req, res) => {
    const { target, method, kind, code, delay_ms, reply_bytes, times, probability } = parseBody(FaultBody, req.body);
    if (!KINDS_OF_TARGET[target].includes(kind)) {
      throw invalidField("kind", `${target} has ${KINDS_OF_TARGET[target].join(", ")}`);
    }
    if (DAEMON_WIDE_KINDS.has(kind) && method !== "*") throw invalidField("method", `${kind} is for the whole daemon`);
    if (method !== "*" && !METHODS[target].includes(method)) {
      throw invalidField("method", `${target} has ${METHODS[target].join(", ")}`);
    }
    if (kind === "delay" && delay_ms === undefined) throw invalidField("delay_ms", "is needed for a delay");
    const fault = faults.add({
      target,
      method,
      kind,
      times,
      probability,
      ...(code === undefined ? {} : { code }),
      ...(delay_ms === undefined ? {} : { delayMs: delay_ms }),
      ...(reply_bytes === undefined ? {} : { replyBytes: reply_bytes }),
    });
    // These are states, not strikes: they end with their time, or when they are deleted.
    if ((kind === "down" || kind === "locked" || kind === "courier_down") && delay_ms !== undefined)
      setTimeout(() => faults.remove(fault.id), delay_ms).unref();
    res.json({ fault_id: fault.id });
  });
  router.delete("/faults", (_req, res) => {
    faults.clear();
    res.status(204).end();
  });
  // A fault that is used up is gone as well, so deleting it is not an error.
  router.delete("/faults/:faultId", (req, res) => {
    faults.remove(req.params.faultId);
    res.status(204).end();
  });
  router.post("/restart/:target", async (req, res) => {
    const target = z.enum(FAULT_TARGETS).safeParse(req.params.target);
    if (!target.success) throw invalidField("target", `this devnet simulates ${FAULT_TARGETS.join(" and ")}`);
    const { down_ms } = parseBody(RestartBody, req.body);
    // Answered when the connections are gone: whoever calls next meets the daemon after its restart.
    await { arkd, relay, lnd, tapd }[target.data].restart(down_ms);
    res.status(202).json({ target: target.data, down_ms });
  });
  return router;
}

function pathsOf(service: Readonly<Record<string, { readonly path: string }>>): readonly string[] {
  return Object.values(service).map(({ path }) => path.split("/").at(-1) ?? "");
}
