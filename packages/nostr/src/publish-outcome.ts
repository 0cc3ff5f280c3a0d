/** What became of one event at one relay. */
export type PublishOutcome =
  | { readonly kind: "accepted" }
  /**
   * The relay says it has the event. It says so too when it dropped it for a newer one of the same `d`, so it counts only
   * after the event was found there by its id.
   */
  | { readonly kind: "duplicate" }
  /** `final`: this relay will never take it. */
  | { readonly kind: "refused"; readonly final: boolean; readonly message: string }
  /** No answer, or no connection: it may or may not be there. Sending the same bytes again is harmless. */
  | { readonly kind: "unanswered"; readonly message: string };

/** NIP-01 prefixes of an OK message that repeating the same event cannot change. */
const FINAL_PREFIXES: ReadonlySet<string> = new Set(["invalid", "blocked", "restricted", "pow"]);

/** Reads `["OK", id, accepted, message]`. */
export function toPublishOutcome(accepted: boolean, message: string): PublishOutcome {
  const prefix = messagePrefix(message);
  if (prefix === "duplicate") return { kind: "duplicate" };
  if (accepted) return { kind: "accepted" };
  return { kind: "refused", final: FINAL_PREFIXES.has(prefix), message };
}

/** The machine-readable word before the colon, "" when there is none. */
export function messagePrefix(message: string): string {
  return /^([a-z-]+):/.exec(message)?.[1] ?? "";
}
