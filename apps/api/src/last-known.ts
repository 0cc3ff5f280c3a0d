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
      const { code } = toAppError(error);
      const isAway = code === "daemon_unavailable" || code === "daemon_auth_failed";
      if (!isAway || last === undefined) throw error;
      return { value: last.value, asOf: last.at };
    }
  };
}

export function staleFields({ asOf }: Pick<Known<unknown>, "asOf">) {
  return asOf === undefined ? {} : { stale: true as const, as_of: asOf.toISOString() };
}
