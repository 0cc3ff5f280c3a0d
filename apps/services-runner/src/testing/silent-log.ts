import type { Logger } from "@arkrelay/runtime/logger";

/** For tests that provoke what is worth a line. */
export function silentLog(): Logger {
  const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  return { ...silent, forModule: silentLog, close: () => Promise.resolve() };
}
