import { Router } from "express";
import { z } from "zod";

import { IndexerServiceService } from "@arkrelay/daemons/proto/ark/v1/indexer";
import { ArkServiceService } from "@arkrelay/daemons/proto/ark/v1/service";

import { isGrpcStatusName } from "../arkd/transport/call-status";
import type { DevnetParts } from "../devnet-parts";
import { FAULT_KINDS, FAULT_TARGETS, type FaultTarget } from "../faults/fault";
import { invalidField, parseBody } from "./parse-body";

const DELAY_MAX_MS = 3_600_000;
const TIMES_MAX = 1_000_000;

const FaultBody = z.strictObject({
  target: z.enum(FAULT_TARGETS, `this devnet simulates ${FAULT_TARGETS.join(" and ")}`),
  method: z.string().default("*"),
  kind: z.enum(FAULT_KINDS, `for these targets: ${FAULT_KINDS.join(", ")}`),
  code: z.string().refine(isGrpcStatusName, "must be a gRPC status name, e.g. UNAVAILABLE").optional(),
  delay_ms: z.int().min(0).max(DELAY_MAX_MS).optional(),
  times: z.int().min(1).max(TIMES_MAX).default(1),
  probability: z.number().min(0).max(1).default(1),
});
const RestartBody = z.strictObject({ down_ms: z.int().min(0).max(DELAY_MAX_MS).default(0) });

/** `GetVtxoChain` is a call of the REST face only. */
const METHODS: Record<FaultTarget, readonly string[]> = {
  arkd: [...pathsOf(ArkServiceService), ...pathsOf(IndexerServiceService), "GetVtxoChain"],
  relay: ["EVENT", "REQ", "CLOSE", "AUTH"],
};

/** Switching faults on and off, and restarting a daemon. */
export function faultRoutes({ faults, arkd, relay }: DevnetParts): Router {
  const router = Router();
  router.post("/faults", (req, res) => {
    const { target, method, kind, code, delay_ms, times, probability } = parseBody(FaultBody, req.body);
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
    });
    // Down is a state, not a strike: it ends with its time, or when it is deleted.
    if (kind === "down" && delay_ms !== undefined) setTimeout(() => faults.remove(fault.id), delay_ms).unref();
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
  router.post("/restart/:target", (req, res) => {
    const target = z.enum(FAULT_TARGETS).safeParse(req.params.target);
    if (!target.success) throw invalidField("target", `this devnet simulates ${FAULT_TARGETS.join(" and ")}`);
    const { down_ms } = parseBody(RestartBody, req.body);
    ({ arkd, relay })[target.data].restart(down_ms);
    res.status(202).json({ target: target.data, down_ms });
  });
  return router;
}

function pathsOf(service: Readonly<Record<string, { readonly path: string }>>): readonly string[] {
  return Object.values(service).map(({ path }) => path.split("/").at(-1) ?? "");
}
