import type { SeededRandom } from "../clock/seeded-random";
import type { Fault, FaultKind, FaultSpec, FaultTarget } from "./fault";

interface Entry {
  readonly fault: Fault;
  timesLeft: number;
}

/** The faults that are switched on. Not journaled: a restarted devnet starts without faults. */
export class FaultBook {
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<() => void>();

  constructor(private readonly random: SeededRandom) {}

  /** Called after every change, for what must react at once (`down`, `cut_stream`). Returns what stops it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  add(spec: FaultSpec): Fault {
    const fault = { ...spec, id: this.random.id() };
    this.#entries.set(fault.id, { fault, timesLeft: spec.times });
    this.#changed();
    return fault;
  }

  /** False when there is none with this id (any more). */
  remove(id: string): boolean {
    const removed = this.#entries.delete(id);
    this.#changed();
    return removed;
  }

  clear(): void {
    this.#entries.clear();
    this.#changed();
  }

  list(): readonly Fault[] {
    return [...this.#entries.values()].map(({ fault }) => fault);
  }

  /** The first fault of these kinds that strikes here, used up by one. */
  take(target: FaultTarget, method: string, ...kinds: readonly FaultKind[]): Fault | undefined {
    for (const [id, entry] of this.#entries) {
      if (!matches(entry.fault, target, method, kinds) || this.random.fraction() >= entry.fault.probability) continue;
      entry.timesLeft -= 1;
      if (entry.timesLeft <= 0) this.#entries.delete(id);
      return entry.fault;
    }
    return undefined;
  }

  /** Whether a fault is on, without using it up: for states rather than strikes. */
  isOn(target: FaultTarget, kind: FaultKind): boolean {
    return [...this.#entries.values()].some(({ fault }) => fault.target === target && fault.kind === kind);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function matches(fault: Fault, target: FaultTarget, method: string, kinds: readonly FaultKind[]): boolean {
  return fault.target === target && kinds.includes(fault.kind) && (fault.method === "*" || fault.method === method);
}
