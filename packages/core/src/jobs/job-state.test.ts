import { readFileSync } from "node:fs";
import { join } from "node:path";

import { isFinished, JOB_EVENTS, JOB_STATUSES, nextJobStatus, type JobEvent, type JobStatus } from "./job-state";

/** flows 1, "Job", written out a second time: every pair that is not here must be refused. */
const ALLOWED: readonly (readonly [JobStatus, JobEvent, JobStatus])[] = [
  ["pending", "take", "running"],
  ["pending", "cancel", "cancelled"],
  ["pending", "refuse", "failed"],
  ["running", "complete", "completed"],
  ["running", "fail", "failed"],
  ["running", "cancel", "cancelled"],
  ["running", "retry", "pending"],
  ["running", "hand_back", "pending"],
  ["running", "lose", "pending"],
  ["running", "refuse", "failed"],
  ["failed", "reopen", "pending"],
  ["cancelled", "reopen", "pending"],
];

describe("the states of a job", () => {
  const pairs = JOB_STATUSES.flatMap((status) => JOB_EVENTS.map((event) => [status, event] as const));

  it.each(pairs)("%s + %s leads where the table says", (status, event) => {
    const row = ALLOWED.find(([from, on]) => from === status && on === event);
    expect(nextJobStatus(status, event)).toBe(row?.[2]);
  });

  it("are drawn in docs/states as they are", () => {
    const page = readFileSync(join(__dirname, "../../../../docs/states/job.md"), "utf8");
    const drawn = [...page.matchAll(/^ {2}([a-z]+) --> ([a-z]+): ([a-z_]+)$/gm)];
    const edges = drawn.map(([, from, to, event]) => `${from} + ${event} -> ${to}`);
    const table = pairs.flatMap(([from, event]) => {
      const to = nextJobStatus(from, event);
      return to === undefined ? [] : [`${from} + ${event} -> ${to}`];
    });
    expect(edges.toSorted()).toEqual(table.toSorted());
  });

  it("lets only a person re-open a finished job, and a completed one never", () => {
    const reopened = JOB_STATUSES.filter(isFinished).filter((status) => nextJobStatus(status, "reopen") !== undefined);
    expect(reopened).toEqual(["failed", "cancelled"]);
  });
});
