import { SeededRandom } from "../../clock/seeded-random";
import { VirtualClock } from "../../clock/virtual-clock";
import { sha256Hex } from "../engine/lnd-context";
import { LndEngine } from "../engine/lnd-engine";
import { LndKeys } from "../engine/lnd-keys";
import type { LndSettings } from "../engine/lnd-settings";
import type { LndRecord } from "../engine/lnd-store";

/** A fixed real time for tests: 2026-01-01. */
const NOW_MS = 1_767_225_600_000;
export const FIRST_HEIGHT = 101;

export interface EngineWorld {
  readonly engine: LndEngine;
  readonly clock: VirtualClock;
  /** What the journal has, as it would be read again. */
  readonly records: LndRecord[];
}

/** An engine on a fixed clock, with its network made, or resumed from the records of another one. */
export function anLndEngine(
  options: { readonly settings?: Partial<LndSettings>; readonly resumed?: EngineWorld; readonly height?: number } = {},
): EngineWorld {
  const clock = options.resumed?.clock ?? new VirtualClock(() => NOW_MS);
  const records: LndRecord[] = [];
  const engine = new LndEngine({
    keys: new LndKeys(Buffer.from("test")),
    clock,
    random: new SeededRandom(options.resumed === undefined ? "test" : "resumed"),
    append: (record) => records.push(JSON.parse(JSON.stringify(record)) as LndRecord),
  });
  for (const record of options.resumed?.records ?? []) {
    engine.store.apply(record);
    records.push(record);
  }
  engine.resume(options.height ?? options.resumed?.engine.height ?? FIRST_HEIGHT);
  if (options.settings !== undefined) engine.changeSettings(options.settings);
  return { engine, clock, records };
}

/** A preimage for a label, and its hash. */
export function aPreimage(label: string): { readonly preimage: string; readonly paymentHash: string } {
  const preimage = Buffer.from(label.padEnd(32, "-")).toString("hex").slice(0, 64);
  return { preimage, paymentHash: sha256Hex(preimage) };
}
