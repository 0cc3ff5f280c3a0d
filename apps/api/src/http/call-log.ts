import type { RequestHandler, Response } from "express";

import type { ApiDeps } from "../api-deps";
import { observeCall } from "./http-metrics";
import { readRequestInfo, type RequestInfo } from "./request-info";

/** What is known of one call while it runs; the access log and the metrics are written from it. */
export interface Call {
  readonly request: RequestInfo;
  /** Route template; `unmatched` until the router found one, so that scanners make no new label. */
  endpoint: string;
  principal: string;
  errorCode: string | undefined;
}

const calls = new WeakMap<Response, Call>();

export function callOf(res: Response): Call {
  const call = calls.get(res);
  if (call === undefined) throw new Error("the call log is not installed before this handler");
  return call;
}

/** First handler: names the call, and counts and logs it when its answer is out. */
export function callLog(deps: Pick<ApiDeps, "logger" | "metrics" | "random">): RequestHandler {
  return (req, res, next) => {
    const startedAt = performance.now();
    const request = readRequestInfo(req, () => deps.random.uuid());
    const call: Call = { request, endpoint: "unmatched", principal: "anonymous", errorCode: undefined };
    calls.set(res, call);
    res.setHeader("x-request-id", request.requestId);
    res.on("close", () => {
      const seconds = (performance.now() - startedAt) / 1000;
      const { endpoint, errorCode, principal } = call;
      // 499 as nginx writes it: the caller left before the answer was out.
      const status = res.writableFinished ? res.statusCode : 499;
      observeCall(deps.metrics, { method: req.method, endpoint, status, seconds, errorCode });
      deps.logger.info("request", {
        request_id: request.requestId,
        method: req.method,
        endpoint,
        status,
        duration_ms: Math.round(seconds * 1e6) / 1e3,
        principal,
        ip: request.ip,
        ...(errorCode !== undefined && { error_code: errorCode }),
      });
    });
    next();
  };
}
