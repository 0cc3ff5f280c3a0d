import { z } from "zod";

/** Limits a relay states in its NIP-11 document. All optional: most relays state few of them. */
export interface RelayLimits {
  /** Bytes of one frame. */
  readonly maxMessageLength: number | undefined;
  /** Characters of an event's content. */
  readonly maxContentLength: number | undefined;
  /** Events one REQ returns at most. */
  readonly maxLimit: number | undefined;
}

const limit = z.int().positive().optional().catch(undefined);
const documentSchema = z.object({
  limitation: z.object({ max_message_length: limit, max_content_length: limit, max_limit: limit }).optional(),
});

const NO_LIMITS: RelayLimits = { maxMessageLength: undefined, maxContentLength: undefined, maxLimit: undefined };
const DOCUMENT_BYTES_MAX = 64 * 1024;

/** Reads the relay's NIP-11 document over HTTP. A relay without one, or with a broken one, states no limits. */
export async function fetchRelayLimits(url: string, timeoutMs: number): Promise<RelayLimits> {
  try {
    const response = await fetch(url.replace(/^ws/, "http"), {
      headers: { accept: "application/nostr+json" },
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok) return NO_LIMITS;
    const text = await readBounded(response);
    return toLimits(JSON.parse(text));
  } catch {
    return NO_LIMITS;
  }
}

/** Why this relay cannot take an event of this size, or undefined when nothing it stated forbids it. */
export function findExceededLimit(limits: RelayLimits, frameBytes: number, contentLength: number): string | undefined {
  if (frameBytes > (limits.maxMessageLength ?? Infinity)) return "invalid: longer than the relay's max_message_length";
  if (contentLength > (limits.maxContentLength ?? Infinity)) {
    return "invalid: longer than the relay's max_content_length";
  }
  return undefined;
}

function toLimits(document: unknown): RelayLimits {
  const parsed = documentSchema.safeParse(document);
  const limitation = parsed.success ? parsed.data.limitation : undefined;
  return {
    maxMessageLength: limitation?.max_message_length,
    maxContentLength: limitation?.max_content_length,
    maxLimit: limitation?.max_limit,
  };
}

/** The document of a stranger: read up to a bound, whatever its headers say. */
async function readBounded(response: Response): Promise<string> {
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const chunk = await reader?.read();
    if (chunk?.value === undefined) break;
    size += chunk.value.length;
    if (size > DOCUMENT_BYTES_MAX) throw new Error("the NIP-11 document is too long");
    chunks.push(chunk.value);
  }
  return Buffer.concat(chunks).toString("utf8");
}
