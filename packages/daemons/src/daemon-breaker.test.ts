import { BrokenCircuitError } from "cockatiel";

import { TransportFailure } from "./call-failure";
import { DaemonBreaker } from "./daemon-breaker";

const PAUSE_MS = 60_000;

const open = (breakerTimeoutMs: number) =>
  new DaemonBreaker({ breakerThreshold: 2, breakerTimeoutMs }, () => undefined);

const fail = (breaker: DaemonBreaker) =>
  breaker.run(() => Promise.reject(new TransportFailure("UNAVAILABLE", true, undefined))).catch(() => undefined);
const answer = (breaker: DaemonBreaker) => breaker.run(() => Promise.resolve("answer"));
const sayNothing = (breaker: DaemonBreaker) =>
  breaker.run(
    () => Promise.resolve("quiet"),
    () => true,
  );

test("a call that says nothing is no answer: failures before and after it are failures in a row", async () => {
  const breaker = open(PAUSE_MS);
  await fail(breaker);
  await expect(sayNothing(breaker)).resolves.toBe("quiet");
  expect(breaker.state).toBe("closed");
  await fail(breaker);
  expect(breaker.state).toBe("open");
});

test("calls that say nothing never open it", async () => {
  const breaker = open(PAUSE_MS);
  for (let call = 0; call < 3; call += 1) await sayNothing(breaker);
  expect(breaker.state).toBe("closed");
});

test("a probe that says nothing neither closes it nor starts its pause again: the next call decides", async () => {
  const breaker = open(PAUSE_MS);
  await fail(breaker);
  await fail(breaker);
  breaker.probeNow();
  await expect(sayNothing(breaker)).resolves.toBe("quiet");
  expect([breaker.state, breaker.retryAfterSeconds]).toEqual(["open", 1]);
  await expect(answer(breaker)).resolves.toBe("answer");
  expect(breaker.state).toBe("closed");
});

test("while a probe says nothing yet, others are told at once", async () => {
  const breaker = open(0);
  await fail(breaker);
  await fail(breaker);
  let end = (_result: string): void => undefined;
  const probe = breaker.run(
    () => new Promise<string>((resolve) => (end = resolve)),
    () => true,
  );
  await expect(answer(breaker)).rejects.toThrow(BrokenCircuitError);
  end("quiet");
  await expect(probe).resolves.toBe("quiet");
  await expect(answer(breaker)).resolves.toBe("answer");
});
