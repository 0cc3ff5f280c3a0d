import { toAppError } from "@arkrelay/core/errors";

/** A daemon's answer: fresh, or (with `asOf`) the last one it gave before it went away. */
export interface Known<T> {
  readonly value: T;
  readonly asOf: Date | undefined;
}

/** The last answer that any process got. */
export interface LastAnswer<T> {
  find(): Promise<{ readonly value: T; readonly seenAt: Date } | undefined>;
  save(value: T): Promise<void>;
}

/** Reads a daemon and falls back to its last answer while it is away; throws what it threw when there is none. */
export function createLastKnown<T>(read: () => Promise<T>, last: LastAnswer<T>): () => Promise<Known<T>> {
  return async () => {
    let value: T;
    try {
      value = await read();
    } catch (error) {
      const known = isAway(error) ? await last.find() : undefined;
      if (known === undefined) throw error;
      return { value: known.value, asOf: known.seenAt };
    }
    await last.save(value);
    return { value, asOf: undefined };
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
