/** What the type of a 31510 means here. */
export type IntentKind =
  /** Executed by this gateway. */
  | "p2p_transfer"
  | "vtxo_split"
  | "vtxo_multi_transfer"
  | "optimal_change"
  | "lightning_land"
  | "lightning_lift"
  | "atomic_swap"
  | "vtxo_renew"
  /** A type of the protocol that this release does not execute. */
  | "unsupported"
  /** Solver-owned: stored and announced; a session over it only collects a signature. */
  | "protocol_op";

const TRANSFER = "p2p_transfer";
const SPLIT = "vtxo:split";
const MULTI_TRANSFER = "vtxo:multi_transfer";
const OPTIMAL_CHANGE = "vtxo:optimal_change";
const LAND = "lightning:land";
const LIFT = "lightning:lift";
const SWAP = "atomic_swap";
const RENEW = "vtxo:renew";

/** Every accepted spelling of a native type and its one canonical name. */
const NATIVE_TYPES: Readonly<Record<string, string>> = {
  p2p_transfer: TRANSFER,
  "vtxo:transfer": TRANSFER,
  transfer: TRANSFER,
  "vtxo:split": SPLIT,
  vtxo_split: SPLIT,
  "vtxo:multi_transfer": MULTI_TRANSFER,
  multi_vtxo_transfer: MULTI_TRANSFER,
  "vtxo:optimal_change": OPTIMAL_CHANGE,
  optimal_change: OPTIMAL_CHANGE,
  "lightning:lift": LIFT,
  lift_lightning: LIFT,
  "lightning:land": LAND,
  land_lightning: LAND,
  "vtxo:renew": RENEW,
  atomic_swap: SWAP,
  "swap:atomic": SWAP,
};

/**
 * Namespaces of the gateway's own types. A verb we do not know in one of them is a typing error, not a solver's operation:
 * stored as one, it would move nothing and tell nobody.
 */
const NATIVE_NAMESPACES: ReadonlySet<string> = new Set(["vtxo", "lightning", "swap"]);

/** The canonical type of the intents that sessions of a type are opened for; those of a protocol_op are their solver's. */
export const INTENT_TYPE_OF_SESSION = {
  p2p_transfer: TRANSFER,
  vtxo_split: SPLIT,
  vtxo_multi_transfer: MULTI_TRANSFER,
  optimal_change: OPTIMAL_CHANGE,
  lightning_land: LAND,
  lightning_lift: LIFT,
  atomic_swap: SWAP,
} as const;

type ExecutedKind = keyof typeof INTENT_TYPE_OF_SESSION;

const SESSION_OF_INTENT_TYPE: ReadonlyMap<string, ExecutedKind> = new Map(
  (Object.keys(INTENT_TYPE_OF_SESSION) as ExecutedKind[]).map((kind) => [INTENT_TYPE_OF_SESSION[kind], kind] as const),
);

export function canonicalIntentType(type: string): string {
  return Object.hasOwn(NATIVE_TYPES, type) ? (NATIVE_TYPES[type] ?? type) : type;
}

/** The kind of a canonical type. A name without a namespace that is not native is nobody's, so it is unsupported as well. */
export function intentKindOf(canonicalType: string): IntentKind {
  const executed = SESSION_OF_INTENT_TYPE.get(canonicalType);
  if (executed !== undefined) return executed;
  if (canonicalType === RENEW) return "vtxo_renew";
  if (Object.hasOwn(NATIVE_TYPES, canonicalType)) return "unsupported";
  const [namespace, verb] = canonicalType.split(":");
  const isSolverOwned = namespace !== undefined && verb !== undefined && !NATIVE_NAMESPACES.has(namespace);
  return isSolverOwned ? "protocol_op" : "unsupported";
}
