/** A NIP-01 filter as far as we send it. Lists are alternatives, members are all required. */
export interface RelayFilter {
  readonly ids?: readonly string[] | undefined;
  readonly kinds?: readonly number[] | undefined;
  readonly authors?: readonly string[] | undefined;
  readonly "#p"?: readonly string[] | undefined;
  /** Unix seconds, inclusive. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly limit?: number | undefined;
}

/** What a relay says (NIP-01, NIP-42). Events are unknown here: whoever takes them checks shape, id and signature. */
export type RelayMessage =
  | { readonly kind: "event"; readonly subscription: string; readonly event: unknown }
  | { readonly kind: "ok"; readonly eventId: string; readonly accepted: boolean; readonly message: string }
  | { readonly kind: "eose"; readonly subscription: string }
  | { readonly kind: "closed"; readonly subscription: string; readonly message: string }
  | { readonly kind: "auth"; readonly challenge: string }
  | { readonly kind: "notice"; readonly message: string };

/** Undefined for anything that is no relay message: such a frame is passed over, as NIP-01 readers do. */
export function parseRelayMessage(text: string): RelayMessage | undefined {
  const frame = parseFrame(text);
  if (frame === undefined) return undefined;
  const [type, first, second, third] = frame;
  if (typeof first !== "string") return undefined;
  switch (type) {
    case "EVENT":
      return { kind: "event", subscription: first, event: second };
    case "OK":
      return { kind: "ok", eventId: first, accepted: second === true, message: textOf(third) };
    case "EOSE":
      return { kind: "eose", subscription: first };
    case "CLOSED":
      return { kind: "closed", subscription: first, message: textOf(second) };
    case "AUTH":
      return { kind: "auth", challenge: first };
    case "NOTICE":
      return { kind: "notice", message: first };
    default:
      return undefined;
  }
}

function parseFrame(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
