import { AppError } from "../errors";
import { UNTIL_TERMINAL } from "./catalog";
import { decideAttemptEnd } from "./decide-attempt-end";

describe("the verdict over a failed try", () => {
  it("ends at once what repeating cannot change", () => {
    const end = decideAttemptEnd("sample_task", { used: 0, max: 3 }, new AppError("vtxo_spent"));
    expect(end).toMatchObject({ kind: "failed", verdict: "never", errorCode: "vtxo_spent" });
  });

  it("waits and tries again what may pass, until the tries are used up", () => {
    const error = new AppError("daemon_unavailable");
    expect([0, 1, 2].map((used) => decideAttemptEnd("sample_task", { used, max: 3 }, error))).toMatchObject([
      { kind: "retry", delayMs: 5_000 },
      { kind: "retry", delayMs: 10_000 },
      { kind: "failed", verdict: "backoff", errorCode: "daemon_unavailable" },
    ]);
  });

  it("gives a job that was re-opened by hand its short pauses again", () => {
    const error = new AppError("internal_error");
    expect(decideAttemptEnd("sample_task", { used: 3, max: 6 }, error)).toMatchObject({
      kind: "retry",
      delayMs: 5_000,
    });
    expect(decideAttemptEnd("sample_task", { used: 5, max: 6 }, error)).toMatchObject({ kind: "failed" });
  });

  it("looks up an unknown outcome by running the task again, never by giving up a session", () => {
    expect(
      decideAttemptEnd("ceremony_drive", { used: 5_000, max: UNTIL_TERMINAL }, new AppError("outcome_unknown")),
    ).toMatchObject({
      kind: "retry",
      verdict: "reconcile",
      delayMs: 30_000,
    });
  });

  it("never gives a session up, whatever its handler threw: only the session's own states end it", () => {
    const end = decideAttemptEnd("ceremony_drive", { used: 0, max: UNTIL_TERMINAL }, new AppError("vtxo_spent"));
    expect(end).toMatchObject({ kind: "retry", delayMs: 1_000 });
  });

  it("waits at least as long as the refusal asks for", () => {
    const error = new AppError("rate_limited", { retryAfterSeconds: 60 });
    expect(decideAttemptEnd("vtxo_sync", { used: 0, max: 5 }, error)).toMatchObject({ kind: "retry", delayMs: 60_000 });
  });

  it("keeps a stored event while arkd is down, past its tries", () => {
    const tries = { used: 40, max: 5 };
    expect(decideAttemptEnd("nostr_process", tries, new AppError("daemon_unavailable"))).toMatchObject({
      kind: "retry",
    });
    expect(decideAttemptEnd("nostr_process", tries, new AppError("internal_error"))).toMatchObject({ kind: "failed" });
  });
});
