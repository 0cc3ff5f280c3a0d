import type { OpenJob, OpenPayment, OpenSession, OpenWork } from "../ports/timeline-store";
import { explainStuck } from "./explain-stuck";

const NOW = new Date("2026-01-01T12:00:00Z");
const ago = (ms: number) => new Date(NOW.getTime() - ms);
const NOTHING: OpenWork = { sessions: [], payments: [], payouts: [], jobs: [], undelivered: [] };
const DUE = { nextAt: undefined, leaseUntil: undefined };
const SESSION: OpenSession = {
  ...DUE,
  sessionId: "s",
  status: "signing",
  ceremonyState: "submitting",
  isPrepared: true,
  expiresAt: undefined,
  challenge: undefined,
};
const LAND: OpenPayment = {
  ...DUE,
  operationId: "op",
  type: "land",
  status: "in_flight",
  expiresAt: NOW,
  unknownSince: undefined,
  lastError: undefined,
};
const JOB: OpenJob = { ...DUE, jobId: "j", status: "pending", attempts: 2, errorCode: undefined, message: undefined };
const explain = (work: Partial<OpenWork>) => explainStuck({ ...NOTHING, ...work }, NOW);

it("has nothing to say of what is over", () => {
  expect(explain({})).toBeUndefined();
});

it("tells of money whose outcome is not known before anything else", () => {
  const payments = [{ ...LAND, unknownSince: ago(1_000), lastError: "timeout" }];
  expect(explain({ sessions: [SESSION], payments })).toMatch(/^The land op has had no known outcome.*timeout/);
});

it.each([
  ["submitting", /answer is not known yet/],
  ["accepted", /checkpoint signatures/],
  ["finalizing", /to finalise/],
] as const)("says of a session that is %s what it waits for", (ceremonyState, reason) => {
  expect(explain({ sessions: [{ ...SESSION, ceremonyState }] })).toMatch(reason);
});

it("looks at the payment of a land whose transfer is final", () => {
  const sessions = [{ ...SESSION, ceremonyState: "finalized" }];
  expect(explain({ sessions, payments: [LAND] })).toMatch(/^The land op is being paid/);
});

it("tells a worker that is gone and one that never came from one that is at work", () => {
  const session = (due: Partial<OpenSession>) => explain({ sessions: [{ ...SESSION, ...due }] });
  expect(session({ nextAt: ago(60_000), leaseUntil: ago(-5_000) })).toMatch(/answer is not known/);
  expect(session({ nextAt: ago(60_000), leaseUntil: ago(1) })).toMatch(/worker that is gone/);
  expect(session({ nextAt: ago(60_000) })).toMatch(/no worker takes it/);
  expect(session({ nextAt: ago(1_000) })).toMatch(/answer is not known/);
});

it("says of a job when it is tried again, and why", () => {
  const job = (change: Partial<OpenJob>) => explain({ jobs: [{ ...JOB, ...change }] });
  expect(job({ nextAt: ago(-1_000), errorCode: "daemon_unavailable" })).toBe(
    "Job j waits until 2026-01-01T12:00:01.000Z to be tried again after daemon_unavailable (try 2).",
  );
  expect(job({ nextAt: ago(-1_000), message: "The VTXO is on its way" })).toMatch(/The VTXO is on its way/);
  expect(job({ status: "running", leaseUntil: ago(-1_000) })).toBeUndefined();
  expect(job({ status: "failed", errorCode: "inventory_exhausted" })).toMatch(/has failed after 2 tries/);
});

it("tells of a relay last", () => {
  const undelivered = [{ eventId: "e", relay: "wss://r", status: "pending", lastError: undefined }];
  expect(explain({ undelivered })).toBe("Event e is not acknowledged at wss://r.");
  expect(explain({ undelivered, jobs: [{ ...JOB, status: "failed" }] })).toMatch(/^Job/);
});
