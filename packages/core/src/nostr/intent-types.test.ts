import { canonicalIntentType, INTENT_TYPE_OF_SESSION, intentKindOf } from "./intent-types";

/** Names as the protocol lists them: what an intent may call itself, its one name, and the session that is opened for it. */
const NAMES: readonly (readonly [spelling: string, canonical: string, session: string])[] = [
  ["p2p_transfer", "p2p_transfer", "p2p_transfer"],
  ["vtxo:transfer", "p2p_transfer", "p2p_transfer"],
  ["transfer", "p2p_transfer", "p2p_transfer"],
  ["vtxo:split", "vtxo:split", "vtxo_split"],
  ["vtxo_split", "vtxo:split", "vtxo_split"],
  ["vtxo:multi_transfer", "vtxo:multi_transfer", "vtxo_multi_transfer"],
  ["multi_vtxo_transfer", "vtxo:multi_transfer", "vtxo_multi_transfer"],
  ["vtxo:optimal_change", "vtxo:optimal_change", "optimal_change"],
  ["optimal_change", "vtxo:optimal_change", "optimal_change"],
  ["lightning:lift", "lightning:lift", "lightning_lift"],
  ["lift_lightning", "lightning:lift", "lightning_lift"],
  ["lightning:land", "lightning:land", "lightning_land"],
  ["land_lightning", "lightning:land", "lightning_land"],
  ["atomic_swap", "atomic_swap", "atomic_swap"],
  ["swap:atomic", "atomic_swap", "atomic_swap"],
  ["amm:swap", "amm:swap", "protocol_op"],
  ["lend:borrow", "lend:borrow", "protocol_op"],
  ["misc:sign_note", "misc:sign_note", "protocol_op"],
];

it.each(NAMES)("%s is a %s, for sessions of type %s", (spelling, canonical, session) => {
  expect(canonicalIntentType(spelling)).toBe(canonical);
  expect(intentKindOf(canonicalIntentType(spelling))).toBe(session);
});

it("sessions without an intent of their own are opened for the canonical type", () => {
  for (const [session, canonical] of Object.entries(INTENT_TYPE_OF_SESSION)) {
    expect(NAMES).toContainEqual([canonical, canonical, session]);
  }
});

it.each(["vtxo:merge", "lightning:pay", "swap:now", "vtxo_multi_transfer", "borrow", "constructor"])(
  "%s is nobody's: not even a solver's own",
  (type) => {
    expect(intentKindOf(canonicalIntentType(type))).toBe("unsupported");
  },
);
