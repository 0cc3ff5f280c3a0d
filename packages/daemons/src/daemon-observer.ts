export type BreakerState = "closed" | "half_open" | "open";

/** Told about every call and breaker change, for metrics. Must not throw. */
export interface DaemonObserver {
  /**
   * One attempt ended; of a stream: its first message came or it ended without one. `code` is the daemon's error name or the gRPC
   * status name; undefined = success.
   */
  callFinished(call: {
    readonly service: string;
    readonly method: string;
    readonly seconds: number;
    readonly code?: string;
  }): void;
  /** A stream broke after its first message. */
  streamBroke(stream: { readonly service: string; readonly method: string; readonly code: string }): void;
  breakerChanged(service: string, state: BreakerState): void;
}

export const SILENT_OBSERVER: DaemonObserver = {
  callFinished: () => undefined,
  streamBroke: () => undefined,
  breakerChanged: () => undefined,
};
