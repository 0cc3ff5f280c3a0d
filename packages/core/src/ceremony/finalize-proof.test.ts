import { AppError } from "../errors";
import { NEVER_SENT } from "../session/session";
import { afterFinalizeRefusal, decideFinalize } from "./finalize-proof";

const NOW = new Date("2026-08-01T12:00:00.000Z");
const later = (ms: number): Date => new Date(NOW.getTime() + ms);

function refusal(daemonCode: number): AppError {
  return new AppError("daemon_rejected", { details: { daemon_code: daemonCode } });
}

it("calls for what arkd shows as pending, and never again after it said 'not in a valid stage'", () => {
  expect(decideFinalize(NEVER_SENT, true, NOW)).toEqual({ kind: "call" });
  const { state, isWrongStage } = afterFinalizeRefusal(NEVER_SENT, refusal(0), NOW);
  expect(isWrongStage).toBe(true);
  expect(decideFinalize(state, true, later(1))).toEqual({ kind: "wait" });
});

it("leaves it to the next look whether to call again after any other refusal", () => {
  const { state, isWrongStage } = afterFinalizeRefusal(NEVER_SENT, refusal(18), NOW);
  expect(isWrongStage).toBe(false);
  expect(decideFinalize(state, true, later(1))).toEqual({ kind: "call" });
});

it("gives the outputs of a call that raced ours a minute to appear before it is poisoned", () => {
  const missing = decideFinalize(NEVER_SENT, false, NOW);
  if (missing.kind !== "missing") throw new Error(missing.kind);
  expect(decideFinalize(missing.state, false, later(59_999))).toEqual({ kind: "wait" });
  expect(decideFinalize(missing.state, false, later(60_000))).toEqual({ kind: "poisoned" });
});
