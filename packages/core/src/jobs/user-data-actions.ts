import { canonicalDigest, canonicalJson } from "../canonical-json";
import { DecimalSum } from "./decimal-sum";

export type UserData = Readonly<Record<string, unknown>>;

export interface UserDataSummary {
  /** Members of the data at its top level. */
  readonly entries: number;
  /** UTF-8 bytes of the canonical form. */
  readonly bytes: number;
  /** Hex digest of the canonical form: equal data gives the same one, whatever the order of its keys. */
  readonly sha256: string;
  /** Exact total per numeric field; members of lists are added up under their field (`items.price`). */
  readonly numeric: Readonly<Record<string, number | string>>;
}

/** Checks and summarises the data of one action_type. Throws AppError for data it cannot take. */
export type UserDataAction = (data: UserData) => UserDataSummary;

/**
 * Actions of process_user_data by action_type. Every other action_type gets the built-in summary, so an entry is only needed where
 * an action has rules of its own.
 */
const ACTIONS: ReadonlyMap<string, UserDataAction> = new Map([["process", summariseUserData]]);

export function findUserDataAction(actionType: string): UserDataAction {
  return ACTIONS.get(actionType) ?? summariseUserData;
}

/** Numbers may be fractions here: the data is a caller's own, nobody signs it. */
const FORM = { numbers: "finite" } as const;

export function summariseUserData(data: UserData): UserDataSummary {
  const canonical = canonicalJson(data, FORM);
  return {
    entries: Object.keys(data).length,
    bytes: new TextEncoder().encode(canonical).length,
    sha256: canonicalDigest(data, FORM),
    numeric: numericTotals(data),
  };
}

function numericTotals(data: UserData): Record<string, number | string> {
  const sums = new Map<string, DecimalSum>();
  addNumbers(data, "", sums);
  return Object.fromEntries([...sums].map(([field, sum]) => [field, sum.toJson()]));
}

function addNumbers(value: unknown, field: string, sums: Map<string, DecimalSum>): void {
  if (typeof value === "number") {
    const sum = sums.get(field) ?? new DecimalSum();
    sum.add(value);
    sums.set(field, sum);
  } else if (Array.isArray(value)) {
    for (const item of value) addNumbers(item, field, sums);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, member] of Object.entries(value)) addNumbers(member, field === "" ? key : `${field}.${key}`, sums);
  }
}
