import { sha256 } from "@noble/hashes/sha2.js";

import { SeededRandom } from "../../clock/seeded-random";
import { VirtualClock } from "../../clock/virtual-clock";
import { ArkdEngine } from "../engine/arkd-engine";
import { ArkdState } from "../engine/arkd-state";
import { utf8 } from "../engine/bytes";
import type { ArkdRecord } from "../engine/records";
import { ManualTimers } from "./manual-timers";

/** A fixed real time for tests: 2026-01-01. */
export const TEST_NOW_MS = 1_767_225_600_000;

/** An engine on a fixed clock, with the list of records it would have journaled. */
export function anEngine(options: { readonly nowMs?: () => number } = {}): {
  engine: ArkdEngine;
  records: ArkdRecord[];
  timers: ManualTimers;
} {
  const timers = new ManualTimers();
  const records: ArkdRecord[] = [];
  const engine = new ArkdEngine({
    keys: { signerSecret: sha256(utf8("signer")), forfeitSecret: sha256(utf8("forfeit")) },
    seed: "test",
    state: new ArkdState(),
    clock: new VirtualClock(options.nowMs ?? (() => TEST_NOW_MS)),
    random: new SeededRandom("test"),
    append: (record) => records.push(record),
    schedule: timers.schedule,
  });
  return { engine, records, timers };
}
