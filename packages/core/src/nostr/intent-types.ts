/** What the type of a 31510 means here. */
export type IntentKind =
  /** Executed by this gateway. */
  | "p2p_transfer"
  /** A type of the protocol that this release does not execute. */
  | "unsupported"
  /** Solver-owned: stored and announced; a session over it only collects a signature. */
  | "protocol_op";

const TRANSFER = "p2p_transfer";

/** Every accepted spelling of a native type and its one canonical name. */
const NATIVE_TYPES: Readonly<Record<string, string>> = {
  p2p_transfer: TRANSFER,
  "vtxo:transfer": TRANSFER,
  transfer: TRANSFER,
  "vtxo:split": "vtxo:split",
  vtxo_split: "vtxo:split",
  "vtxo:multi_transfer": "vtxo:multi_transfer",
  multi_vtxo_transfer: "vtxo:multi_transfer",
  "vtxo:optimal_change": "vtxo:optimal_change",
  optimal_change: "vtxo:optimal_change",
  "lightning:lift": "lightning:lift",
  lift_lightning: "lightning:lift",
  "lightning:land": "lightning:land",
  land_lightning: "lightning:land",
  "vtxo:renew": "vtxo:renew",
  atomic_swap: "atomic_swap",
  "swap:atomic": "atomic_swap",
};

/**
 * Namespaces of the gateway's own types. A verb we do not know in one of them is a typing error, not a solver's operation:
 * stored as one, it would move nothing and tell nobody.
 */
const NATIVE_NAMESPACES: ReadonlySet<string> = new Set(["vtxo", "lightning", "swap"]);

export function canonicalIntentType(type: string): string {
  return Object.hasOwn(NATIVE_TYPES, type) ? (NATIVE_TYPES[type] ?? type) : type;
}

/** The kind of a canonical type. A name without a namespace that is not native is nobody's, so it is unsupported as well. */
export function intentKindOf(canonicalType: string): IntentKind {
  if (canonicalType === TRANSFER) return "p2p_transfer";
  if (Object.hasOwn(NATIVE_TYPES, canonicalType)) return "unsupported";
  const [namespace, verb] = canonicalType.split(":");
  const isSolverOwned = namespace !== undefined && verb !== undefined && !NATIVE_NAMESPACES.has(namespace);
  return isSolverOwned ? "protocol_op" : "unsupported";
}
