const REDACTED = "[redacted]";

/** Field names whose values never reach a log, in any case and with any separators: `nostrPrivateKey`, `x-admin-key`. */
const SECRET_NAMES =
  /secret|passw|authorization|cookie|macaroon|preimage|privatekey|privkey|seckey|seed|mnemonic|apikey|adminkey|encryptionkey|plaintext|^dm(text)?$|^token$|invoicetext/;

/** Secrets that are recognised by their form, wherever they stand in a text. */
const SECRET_PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/nsec1[02-9ac-hj-np-z]{50,}/gi, REDACTED],
  [/\bark_[A-Za-z0-9]+_[A-Za-z0-9_-]{8,}/g, REDACTED],
  [/\b(Bearer|Nostr|Basic) +[A-Za-z0-9+/_=.-]{16,}/gi, `$1 ${REDACTED}`],
  // A URL's password.
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s/@]+@/gi, `$1:${REDACTED}@`],
  // A macaroon in hex starts with its version and the location "lnd" or another packet header.
  [/\b0201[0-9a-f]{60,}/gi, REDACTED],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g, REDACTED],
];

/** Deeper structures are cut off: a log line is no data dump. */
const DEPTH_MAX = 6;

export function redactText(text: string): string {
  return SECRET_PATTERNS.reduce((redacted, [pattern, replacement]) => redacted.replace(pattern, replacement), text);
}

/** A copy of `value` fit for JSON: secrets replaced, bigint as text, bytes by their length, errors by message, stack and cause. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  if (depth >= DEPTH_MAX) return "[...]";
  if (value instanceof Error) return redactError(value, depth);
  if (Array.isArray(value)) return value.map((entry) => redact(entry, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => [name, isSecretName(name) ? REDACTED : redact(entry, depth + 1)]),
  );
}

function isSecretName(name: string): boolean {
  return SECRET_NAMES.test(name.replace(/[^A-Za-z]/g, "").toLowerCase());
}

/** Driver and application errors carry what matters in further fields: code, errno, internal. */
function redactError(error: Error, depth: number): unknown {
  const { cause, ...fields } = Object.fromEntries(Object.entries(error)) as Record<string, unknown>;
  return {
    ...(redact(fields, depth + 1) as object),
    name: error.name,
    message: redactText(error.message),
    stack: error.stack === undefined ? undefined : redactText(error.stack),
    ...(error.cause === undefined ? {} : { cause: redact(cause ?? error.cause, depth + 1) }),
  };
}
