import { toAppError } from "@arkrelay/core/errors";
import type { Clock } from "@arkrelay/core/ports/clock";

/** A daemon's answer: fresh, or (with `asOf`) the last one it gave before it went away. */
export interface Known<T> {
  readonly value: T;
  readonly asOf: Date | undefined;
}

/** Reads a daemon and falls back to its last answer while it is away; throws what it threw when there is none. */
export function createLastKnown<T>(clock: Clock, read: () => Promise<T>): () => Promise<Known<T>> {
  let last: { readonly value: T; readonly at: Date } | undefined;
  return async () => {
    try {
      const value = await read();
      last = { value, at: clock.now() };
      return { value, asOf: undefined };
    } catch (error) {
      if (!isAway(error) || last === undefined) throw error;
      return { value: last.value, asOf: last.at };
    }
  };
}

/** The daemon did not answer, or not us; what was known of it before is the best there is. */
export function isAway(error: unknown): boolean {
  const { code } = toAppError(error);
  return code === "daemon_unavailable" || code === "daemon_auth_failed";
}

export function staleFields({ asOf }: Pick<Known<unknown>, "asOf">) {
  return asOf === undefined ? {} : { stale: true as const, as_of: asOf.toISOString() };
}
