import type { Metrics } from "@arkrelay/runtime/metrics";

export interface ObservedCall {
  readonly method: string;
  /** The route's template, never the raw path. */
  readonly endpoint: string;
  readonly status: number;
  readonly seconds: number;
  readonly errorCode: string | undefined;
}

type HttpMetrics = Pick<Metrics, "httpRequests" | "httpLatency" | "requestDuration" | "apiErrors">;

export function observeCall(metrics: HttpMetrics, call: ObservedCall): void {
  const { method, endpoint, status, seconds, errorCode } = call;
  metrics.httpRequests.inc({ method, endpoint, status: String(status) });
  metrics.httpLatency.observe({ method, endpoint }, seconds);
  metrics.requestDuration.observe({ endpoint, method }, seconds);
  if (errorCode !== undefined) metrics.apiErrors.inc({ endpoint, error_type: errorCode });
}
