import { AsyncLocalStorage } from "node:async_hooks";

/** What every log line of one piece of work carries. */
export interface LogContext {
  readonly requestId?: string | undefined;
  readonly jobId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly traceId?: string | undefined;
}

const storage = new AsyncLocalStorage<LogContext>();

/** Runs `work`, and everything it starts, with these ids added to those already there. */
export function withLogContext<T>(context: LogContext, work: () => T): T {
  return storage.run({ ...storage.getStore(), ...context }, work);
}

export function currentLogContext(): LogContext {
  return storage.getStore() ?? {};
}
