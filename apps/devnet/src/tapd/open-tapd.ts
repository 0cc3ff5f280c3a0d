import { join } from "node:path";

import type { VirtualClock } from "../clock/virtual-clock";
import type { FaultBook } from "../faults/fault-book";
import { Journal } from "../journal/journal";
import type { LndEngine } from "../lnd/engine/lnd-engine";
import { TapdEngine } from "./engine/tapd-engine";
import { fromJournalLine, toJournalLine } from "./engine/tapd-record";
import { TapdState } from "./engine/tapd-state";
import { lndFactsOf } from "./lnd-facts-of";
import { tapdFaultsOf } from "./tapd-faults-of";

/** Resumes tapd from its journal, on an lnd that has been resumed already: what happened there meanwhile is taken in. */
export function openTapd(
  stateDir: string,
  seed: string,
  parts: { readonly clock: VirtualClock; readonly lnd: LndEngine; readonly faults: FaultBook },
): { readonly engine: TapdEngine; reset(): void; close(): void } {
  const { clock, lnd, faults } = parts;
  const state = new TapdState();
  const journal = Journal.open<unknown>(join(stateDir, "tapd.jsonl"), (line) => state.apply(fromJournalLine(line)));
  const engine = new TapdEngine({
    seed,
    state,
    clock,
    lnd,
    facts: lndFactsOf(lnd),
    faults: tapdFaultsOf(faults),
    append: (record) => journal.append(toJournalLine(record)),
  });
  return {
    engine,
    reset: () => {
      state.clear();
      journal.rewrite([toJournalLine(state.snapshot())]);
    },
    close: () => journal.close(),
  };
}
