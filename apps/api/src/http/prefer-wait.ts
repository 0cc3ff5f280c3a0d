const WAIT_SECONDS_MAX = 10;

/** Seconds of `Prefer: wait=N` (RFC 7240), at most 10; undefined when the caller expresses no such wish. */
export function parsePreferWait(header: string | undefined): number | undefined {
  const wait = header
    ?.split(/[,;]/)
    .map((part) => /^\s*wait\s*=\s*"?(\d{1,4})"?\s*$/i.exec(part)?.[1])
    .find(Boolean);
  return wait === undefined ? undefined : Math.min(Number(wait), WAIT_SECONDS_MAX);
}
