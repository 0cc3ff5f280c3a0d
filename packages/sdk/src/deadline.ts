/** A signal that aborts after a time, with its parent, or when it is closed. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Whether the time ran out, as opposed to an abort from outside. */
  isOver(): boolean;
  /** Ends it and frees its timer; call it in a `finally`. */
  close(): void;
}

/**
 * In place of `AbortSignal.any` with `AbortSignal.timeout`: Node 20 holds the signals inside `any` weakly, so under
 * memory pressure such a timeout is collected and never fires. The reason of a timeout is a `TimeoutError`, as there.
 */
export function openDeadline(timeoutMs: number, parent?: AbortSignal): Deadline {
  const controller = new AbortController();
  let hasTimedOut = false;
  const timer = setTimeout(() => {
    hasTimedOut = !controller.signal.aborted;
    controller.abort(new DOMException("The time is over", "TimeoutError"));
  }, timeoutMs);
  const onParentAbort = (): void => controller.abort(parent?.reason);
  if (parent?.aborted) onParentAbort();
  else parent?.addEventListener("abort", onParentAbort, { once: true });
  return {
    signal: controller.signal,
    isOver: () => hasTimedOut,
    close: () => {
      clearTimeout(timer);
      parent?.removeEventListener("abort", onParentAbort);
      controller.abort();
    },
  };
}
