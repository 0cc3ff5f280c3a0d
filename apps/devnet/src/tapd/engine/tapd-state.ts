import type { TapdRows, TapdSettings } from "./rows";
import type { RowChange, TableName, TapdRecord } from "./tapd-record";

export const DEFAULT_SETTINGS: TapdSettings = {
  version: "0.8",
  hasChannels: true,
  hasPriceOracle: true,
  courierAddr: "authmailbox+universerpc://127.0.0.1:10029",
  quoteLifetimeSeconds: 600,
  rates: {},
};

type Tables = { readonly [T in TableName]: Map<string, TapdRows[T]> };

/** The whole state of the simulated tapd: tables of rows, changed by `apply` alone. Holds no clock and does no I/O. */
export class TapdState implements Tables {
  readonly genesis: Tables["genesis"] = new Map();
  readonly groups: Tables["groups"] = new Map();
  readonly batches: Tables["batches"] = new Map();
  readonly pieces: Tables["pieces"] = new Map();
  readonly addresses: Tables["addresses"] = new Map();
  readonly receives: Tables["receives"] = new Map();
  readonly transfers: Tables["transfers"] = new Map();
  readonly quotes: Tables["quotes"] = new Map();
  readonly channels: Tables["channels"] = new Map();
  readonly htlcs: Tables["htlcs"] = new Map();
  readonly leaves: Tables["leaves"] = new Map();
  readonly scriptKeys: Tables["scriptKeys"] = new Map();
  readonly settings: Tables["settings"] = new Map();
  readonly counters: Tables["counters"] = new Map();

  apply(record: TapdRecord): void {
    for (const change of record.changes) this.#applyChange(change);
  }

  /** One record that makes an empty state equal to this one: a journal's new beginning. */
  snapshot(): TapdRecord {
    return { changes: TABLE_NAMES.flatMap((table) => this.#rowsOf(table)) };
  }

  /** Empties everything but the numbers given out, so that no id comes twice. */
  clear(): void {
    for (const table of TABLE_NAMES) if (table !== "counters") this[table].clear();
  }

  get currentSettings(): TapdSettings {
    return this.settings.get("settings") ?? DEFAULT_SETTINGS;
  }

  get nextNumber(): number {
    return this.counters.get("next") ?? 1;
  }

  #applyChange<T extends TableName>(change: Extract<RowChange, { table: T }>): void {
    // The union ties table and row together; TypeScript cannot follow it through an index.
    const table = this[change.table] as Map<string, unknown>;
    if (change.row === undefined) table.delete(change.key);
    else table.set(change.key, change.row);
  }

  #rowsOf<T extends TableName>(table: T): readonly RowChange[] {
    const rows = this[table] as Map<string, TapdRows[T]>;
    return [...rows].map(([key, row]) => ({ table, key, row }) as RowChange);
  }
}

const TABLE_NAMES = [
  "genesis",
  "groups",
  "batches",
  "pieces",
  "addresses",
  "receives",
  "transfers",
  "quotes",
  "channels",
  "htlcs",
  "leaves",
  "scriptKeys",
  "settings",
  "counters",
] as const satisfies readonly TableName[];
