import type { Clock } from "../ports/clock";
import type { TimelineEntry, TimelineStore } from "../ports/timeline-store";
import { explainStuck } from "./explain-stuck";

export interface Timeline {
  readonly entries: readonly TimelineEntry[];
  readonly stuckReason: string | undefined;
}

/** Of each source; a session has a few dozen of each. */
const ENTRIES_OF_SOURCE_MAX = 200;
/** In all; the oldest are left out above it. */
const ENTRIES_MAX = 1_000;

/** Everything we did for an id and wait for, in order; undefined = nobody has ever seen it. */
export async function readTimeline(
  deps: { readonly clock: Clock; readonly timeline: TimelineStore },
  id: string,
): Promise<Timeline | undefined> {
  const anchors = await deps.timeline.findAnchors(id);
  if (anchors === undefined) return undefined;
  const [entries, work] = await Promise.all([
    deps.timeline.listEntries(anchors, ENTRIES_OF_SOURCE_MAX),
    deps.timeline.readOpenWork(anchors),
  ]);
  // What was written in one transaction has one time; the sources' own order then stays.
  const ordered = entries.toSorted((a, b) => a.at.getTime() - b.at.getTime());
  return { entries: ordered.slice(-ENTRIES_MAX), stuckReason: explainStuck(work, deps.clock.now()) };
}
