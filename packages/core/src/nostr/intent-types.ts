/** What the type of a 31510 means here. */
export type IntentKind =
  /** Executed by this gateway; the names are those of their sessions. */
  | "p2p_transfer"
  | "lightning_land"
  | "lightning_lift"
  /** A type of the protocol that this release does not execute. */
  | "unsupported"
  /** Solver-owned: stored and announced; a session over it only collects a signature. */
  | "protocol_op";

const TRANSFER = "p2p_transfer";
const LAND = "lightning:land";
const LIFT = "lightning:lift";

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
  "lightning:lift": LIFT,
  lift_lightning: LIFT,
  "lightning:land": LAND,
  land_lightning: LAND,
  "vtxo:renew": "vtxo:renew",
  atomic_swap: "atomic_swap",
  "swap:atomic": "atomic_swap",
};

/**
 * Namespaces of the gateway's own types. A verb we do not know in one of them is a typing error, not a solver's operation:
 * stored as one, it would move nothing and tell nobody.
 */
const NATIVE_NAMESPACES: ReadonlySet<string> = new Set(["vtxo", "lightning", "swap"]);

/** The canonical type of the intents that sessions of a type are opened for. */
export const INTENT_TYPE_OF_SESSION = { p2p_transfer: TRANSFER, lightning_land: LAND, lightning_lift: LIFT } as const;

export function canonicalIntentType(type: string): string {
  return Object.hasOwn(NATIVE_TYPES, type) ? (NATIVE_TYPES[type] ?? type) : type;
}

/** The kind of a canonical type. A name without a namespace that is not native is nobody's, so it is unsupported as well. */
export function intentKindOf(canonicalType: string): IntentKind {
  if (canonicalType === TRANSFER) return "p2p_transfer";
  if (canonicalType === LAND) return "lightning_land";
  if (canonicalType === LIFT) return "lightning_lift";
  if (Object.hasOwn(NATIVE_TYPES, canonicalType)) return "unsupported";
  const [namespace, verb] = canonicalType.split(":");
  const isSolverOwned = namespace !== undefined && verb !== undefined && !NATIVE_NAMESPACES.has(namespace);
  return isSolverOwned ? "protocol_op" : "unsupported";
}
