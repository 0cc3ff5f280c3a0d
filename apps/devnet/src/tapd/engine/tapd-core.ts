import { secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { hex } from "@scure/base";

import { utf8 } from "../../arkd/engine/bytes";
import type { VirtualClock } from "../../clock/virtual-clock";
import type { LndNode } from "../../lnd/engine/lnd-node";
import type { LndFacts } from "./lnd-facts";
import type { TapdRows } from "./rows";
import { type TapdEvent, TapdEvents } from "./tapd-events";
import type { RowChange, TableName, TapdRecord } from "./tapd-record";
import type { TapdState } from "./tapd-state";

/** Faults that strike inside the engine rather than at a call. */
export interface TapdFaults {
  /** The proof courier does not answer. */
  isCourierDown(): boolean;
  /** This FinalizeBatch fails after the batch was frozen. */
  takeBatchFrozen(): boolean;
  /** This HTLC arrives when its quote has just expired. */
  takeQuoteExpired(): boolean;
}

export interface TapdDeps {
  readonly seed: string;
  readonly state: TapdState;
  readonly clock: VirtualClock;
  readonly lnd: LndNode;
  readonly facts: LndFacts;
  readonly faults: TapdFaults;
  /** Must have written the record when it returns: the effect is told to the world right after. */
  readonly append: (record: TapdRecord) => void;
}

/** What the parts of the simulated tapd share: state, journal, keys, time. */
export class TapdCore {
  readonly events = new TapdEvents();
  readonly state: TapdState;
  readonly lnd: LndNode;
  readonly facts: LndFacts;
  readonly faults: TapdFaults;

  constructor(private readonly deps: TapdDeps) {
    this.state = deps.state;
    this.lnd = deps.lnd;
    this.facts = deps.facts;
    this.faults = deps.faults;
  }

  get seed(): string {
    return this.deps.seed;
  }

  nowSeconds(): number {
    return this.deps.clock.nowSeconds();
  }

  nowMs(): number {
    return this.deps.clock.nowMs();
  }

  begin(): Effect {
    return new Effect(this.deps.seed, this.state.nextNumber, (changes) => {
      const record = { changes };
      this.deps.append(record);
      this.state.apply(record);
    });
  }

  emit(event: WithoutTime<TapdEvent>): void {
    this.events.emit({ ...event, atMs: this.nowMs() });
  }
}

type WithoutTime<E> = E extends unknown ? Omit<E, "atMs"> : never;

/** The rows one call changes. Nothing is visible before `commit`, which journals them as one line. */
export class Effect {
  readonly #changes: RowChange[] = [];
  #next: number;

  constructor(
    private readonly seed: string,
    next: number,
    private readonly write: (changes: readonly RowChange[]) => void,
  ) {
    this.#next = next;
  }

  put<T extends TableName>(table: T, key: string, row: TapdRows[T] | undefined): void {
    this.#changes.push({ table, key, row } as RowChange);
  }

  /** Ascending; never given out twice. */
  nextSeq(): number {
    const seq = this.#next;
    this.#next += 1;
    return seq;
  }

  /** A fresh public key, 66 hex. */
  nextPubkey(): string {
    return hex.encode(secp256k1.getPublicKey(this.#nextSecret(), true));
  }

  /** A fresh script key: 66 hex, always of even parity as tapd writes them. */
  nextScriptKey(): string {
    return `02${this.nextPubkey().slice(2)}`;
  }

  /** A fresh 32-byte value, 64 hex. */
  nextHash(): string {
    return hex.encode(this.#nextSecret());
  }

  commit(): void {
    this.put("counters", "next", this.#next);
    this.write(this.#changes);
  }

  #nextSecret(): Uint8Array {
    return sha256(utf8(`devnet/${this.seed}/tapd/${this.nextSeq()}`));
  }
}
