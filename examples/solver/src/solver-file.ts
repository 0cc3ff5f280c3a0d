import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";

import type { WalletPins } from "@arkrelay/sdk/ark-script";
import type { NostrEvent } from "@arkrelay/sdk/nostr-event";
import type { AnsweredEntry, AnsweredStore } from "@arkrelay/sdk/payment-flow";

/** What was or is to be handed to the gateway for an order; kept until its end is known, so that it can be handed over again as it was. */
export interface Attempt {
  readonly batchId: string;
  /** The solver's own signed side. */
  readonly counterEvent: NostrEvent;
  /** Sats or base units that the user gets. */
  readonly amountOut: number;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** Of the solver's side; absent until the gateway has answered. */
  readonly sessionId?: string;
}

/** Where an order stands. */
export interface SwapRecord {
  readonly eventId: string;
  readonly userPubkey: string;
  readonly actionId: string;
  /** `waiting` for its turn, `submitted` to the gateway; the others are ends. */
  readonly status: "waiting" | "submitted" | "settled" | "failed" | "refused";
  /** Unix seconds. */
  readonly endsAt: number;
  /** Batches that have been submitted for it. */
  readonly attempts: number;
  /** The user's 31510, until the end. */
  readonly event?: NostrEvent;
  readonly attempt?: Attempt;
  /** Why it was refused or has failed, or why the last attempt did. */
  readonly reason?: string;
  readonly amountOut?: number;
  readonly txid?: string;
  /** The gateway's 31340 about it. */
  readonly confirmationId?: string;
}

interface Content {
  readonly version: 1;
  readonly pins: WalletPins;
  /** By `user pubkey:action_id`: an action is traded once, however many events tell of it. */
  readonly swaps: Readonly<Record<string, SwapRecord>>;
  readonly answered: readonly AnsweredEntry[];
}

/** Ended swaps that are remembered longer than their orders could be repeated. */
const ENDED_KEPT = 1_000;
/** Answers are needed while their session lives; two for each. */
const ANSWERED_KEPT = 100;

const swapKey = ({ userPubkey, actionId }: Pick<SwapRecord, "userPubkey" | "actionId">): string =>
  `${userPubkey}:${actionId}`;

/**
 * Everything the solver knows that arkd and the gateway do not tell it, in one file. Every change is on disk before the method returns, as
 * a whole: a crash leaves the file as it was before or after.
 */
export class SolverFile implements AnsweredStore {
  readonly #path: string;
  readonly #swaps: Map<string, SwapRecord>;
  #pins: WalletPins;
  #answered: readonly AnsweredEntry[];

  private constructor(path: string, { pins, swaps, answered }: Content) {
    this.#path = path;
    this.#pins = pins;
    this.#swaps = new Map(Object.entries(swaps));
    this.#answered = answered;
  }

  /** What is pinned in an existing file stays pinned; `readPins` is asked for a new one only. */
  static async open(path: string, readPins: () => Promise<WalletPins>): Promise<SolverFile> {
    if (existsSync(path)) return new SolverFile(path, JSON.parse(readFileSync(path, "utf8")) as Content);
    const file = new SolverFile(path, { version: 1, pins: await readPins(), swaps: {}, answered: [] });
    file.#save();
    return file;
  }

  get pins(): WalletPins {
    return this.#pins;
  }

  set pins(pins: WalletPins) {
    this.#pins = pins;
    this.#save();
  }

  find(userPubkey: string, actionId: string): SwapRecord | undefined {
    return this.#swaps.get(swapKey({ userPubkey, actionId }));
  }

  findByEvent(eventId: string): SwapRecord | undefined {
    return [...this.#swaps.values()].find((swap) => swap.eventId === eventId);
  }

  /** Orders without an end, those that were handed over first. */
  listOpen(): readonly SwapRecord[] {
    const open = [...this.#swaps.values()].filter(({ status }) => status === "waiting" || status === "submitted");
    return [
      ...open.filter(({ status }) => status === "submitted"),
      ...open.filter(({ status }) => status === "waiting"),
    ];
  }

  countByStatus(): Readonly<Record<SwapRecord["status"], number>> {
    const counts = { waiting: 0, submitted: 0, settled: 0, failed: 0, refused: 0 };
    for (const { status } of this.#swaps.values()) counts[status] += 1;
    return counts;
  }

  put(swap: SwapRecord): void {
    this.#swaps.set(swapKey(swap), swap);
    this.#forgetOld();
    this.#save();
  }

  async list(): Promise<readonly AnsweredEntry[]> {
    return this.#answered;
  }

  async add(entry: AnsweredEntry): Promise<void> {
    this.#answered = [...this.#answered, entry].slice(-ANSWERED_KEPT);
    this.#save();
  }

  /** An order that could still be repeated is kept, or it would be traded twice. */
  #forgetOld(): void {
    if (this.#swaps.size <= ENDED_KEPT) return;
    const now = Date.now() / 1000;
    for (const [key, { status, endsAt }] of this.#swaps) {
      if (this.#swaps.size <= ENDED_KEPT) return;
      if (status !== "waiting" && status !== "submitted" && endsAt < now) this.#swaps.delete(key);
    }
  }

  #save(): void {
    const content: Content = {
      version: 1,
      pins: this.#pins,
      swaps: Object.fromEntries(this.#swaps),
      answered: this.#answered,
    };
    const draft = `${this.#path}.new`;
    const descriptor = openSync(draft, "w", 0o600);
    try {
      writeFileSync(descriptor, `${JSON.stringify(content)}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(draft, this.#path);
  }
}
