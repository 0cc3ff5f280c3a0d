import { z } from "zod";

import type { NostrEvent } from "./nostr-event";

const HEX_32 = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hex characters");
const VALUES_MAX = 2_000;
const TAG_KEY = /^#[a-zA-Z]$/;

const BaseFilter = z.object({
  ids: z.array(HEX_32).max(VALUES_MAX).optional(),
  authors: z.array(HEX_32).max(VALUES_MAX).optional(),
  kinds: z.array(z.number().int().min(0).max(65_535)).max(VALUES_MAX).optional(),
  since: z.number().int().nonnegative().optional(),
  until: z.number().int().nonnegative().optional(),
  limit: z.number().int().nonnegative().optional(),
});

export interface NostrFilter {
  readonly ids?: ReadonlySet<string>;
  readonly authors?: ReadonlySet<string>;
  readonly kinds?: ReadonlySet<number>;
  /** By single-letter tag name, without the `#`. */
  readonly tags: ReadonlyMap<string, ReadonlySet<string>>;
  readonly since: number;
  readonly until: number;
  readonly limit: number | undefined;
}

/** Reads one NIP-01 filter. Throws an Error with a sentence for the client; unknown members are refused rather than ignored. */
export function parseFilter(raw: unknown): NostrFilter {
  const object = z.record(z.string(), z.unknown()).safeParse(raw);
  if (!object.success) throw new Error("a filter must be an object");
  const base = BaseFilter.safeParse(raw);
  if (!base.success) throw new Error(describe(base.error));
  const { ids, authors, kinds, since, until, limit } = base.data;
  return {
    ...(ids === undefined ? {} : { ids: new Set(ids) }),
    ...(authors === undefined ? {} : { authors: new Set(authors) }),
    ...(kinds === undefined ? {} : { kinds: new Set(kinds) }),
    tags: parseTags(object.data),
    since: since ?? 0,
    until: until ?? Number.POSITIVE_INFINITY,
    limit,
  };
}

export function matchesFilter(filter: NostrFilter, event: NostrEvent): boolean {
  if (event.created_at < filter.since || event.created_at > filter.until) return false;
  if (filter.ids !== undefined && !filter.ids.has(event.id)) return false;
  if (filter.authors !== undefined && !filter.authors.has(event.pubkey)) return false;
  if (filter.kinds !== undefined && !filter.kinds.has(event.kind)) return false;
  for (const [name, wanted] of filter.tags) {
    // Only the first value of a tag is indexed.
    if (!event.tags.some(([tag, value]) => tag === name && value !== undefined && wanted.has(value))) return false;
  }
  return true;
}

function parseTags(object: Readonly<Record<string, unknown>>): ReadonlyMap<string, ReadonlySet<string>> {
  const tags = new Map<string, ReadonlySet<string>>();
  for (const [key, values] of Object.entries(object)) {
    if (key in BaseFilter.shape) continue;
    if (!TAG_KEY.test(key)) throw new Error(`unknown filter member ${key}`);
    const parsed = z
      .array(key === "#e" || key === "#p" ? HEX_32 : z.string())
      .max(VALUES_MAX)
      .safeParse(values);
    if (!parsed.success) throw new Error(`${key}: ${describe(parsed.error)}`);
    tags.set(key.slice(1), new Set(parsed.data));
  }
  return tags;
}

function describe(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? "malformed filter" : `${issue.path.join(".")}: ${issue.message}`;
}
