import type { CeremonyResult } from "./ceremony-bench";
import type { DaemonResult } from "./daemon-bench";
import type { EnqueueResult } from "./enqueue-bench";
import type { LightningResult } from "./lightning-bench";
import type { LoadResult } from "./load";
import type { SchnorrResult } from "./schnorr-bench";
import { spreadOf } from "./statistics";
import type { WorkerResult } from "./worker-bench";

export interface Results {
  enqueue?: EnqueueResult;
  worker?: WorkerResult;
  ceremony?: readonly CeremonyResult[];
  lightning?: LightningResult;
  daemon?: DaemonResult;
  schnorr?: SchnorrResult;
}

/** One line per measurement: median [min..max], and the aim where there is one. */
export function toReport({ enqueue, worker, ceremony, lightning, daemon, schnorr }: Results): string {
  const lines: string[] = [];
  if (enqueue) {
    lines.push(
      "Accepted POST /enqueue-user-process, 10 connections",
      `  gateway       ${loads(enqueue.gateway)}`,
      `  bare Express  ${loads(enqueue.bare)}`,
      `  ratio         ${ratio(enqueue.ratio, 0.7)}`,
    );
  }
  if (worker) {
    lines.push(
      `No-op jobs, ${worker.jobsPerRound} per round, concurrency ${worker.concurrency}`,
      `  gateway       ${spread(worker.gatewayPerSecond)} /s, ${worker.failed} failed`,
      `  bare BullMQ   ${spread(worker.barePerSecond)} /s`,
      `  ratio         ${ratio(worker.ratio, 0.5)}`,
    );
  }
  for (const result of ceremony ?? []) lines.push(...ceremonyLines(result));
  if (lightning) lines.push(...lightningLines(lightning));
  if (daemon) lines.push(...daemonLines(daemon));
  if (schnorr) {
    lines.push(
      "Schnorr verifications, one thread",
      `  WASM          ${spread(schnorr.wasmPerSecond)} /s`,
      `  pure JS       ${spread(schnorr.pureJsPerSecond)} /s`,
      `  ratio         ${schnorr.ratio.toFixed(1)}`,
    );
  }
  return lines.join("\n");
}

function ceremonyLines(result: CeremonyResult): string[] {
  const aim = result.concurrency === 1 ? ` (aim: p50 under 250 ms${result.p50Ms < 250 ? "" : ", missed"})` : "";
  const steps = Object.entries(result.breakdown).map(([step, ms]) => `    ${ms.toFixed(0).padStart(6)} ms  ${step}`);
  return [
    `Ceremony over HTTP, ${result.concurrency} at once: ${result.settled} settled, ${result.failed} failed`,
    `  p50 ${result.p50Ms.toFixed(0)} ms, p99 ${result.p99Ms.toFixed(0)} ms, max ${result.maxMs.toFixed(0)} ms, ${result.perSecond.toFixed(1)} /s${aim}`,
    ...(result.firstFailure === undefined ? [] : [`  first failure: ${result.firstFailure}`]),
    `  the gateway's own part: ${result.gatewayMs.toFixed(0)} ms, the rest waits for the wallet`,
    `  as the wallet sees it: ${Object.entries(result.walletSteps)
      .map(([step, ms]) => `${step} at ${ms.toFixed(0)} ms`)
      .join(", ")}`,
    "  median time until each entry of session_events:",
    ...steps,
  ];
}

function lightningLines({ rounds, failed, lift, land, recoveryMs, firstFailure }: LightningResult): string[] {
  const times = ({ p50Ms, p99Ms }: LightningResult["lift"]) => `p50 ${p50Ms.toFixed(0)} ms, p99 ${p99Ms.toFixed(0)} ms`;
  return [
    `Lightning over HTTP, one after the other: ${rounds} lifts and lands, ${failed} failed`,
    `  lift          ${times(lift)}`,
    `  land          ${times(land)}`,
    `  lnd restarted: the next invoice ${recoveryMs.toFixed(0)} ms after it was back`,
    ...(firstFailure === undefined ? [] : [`  first failure: ${firstFailure}`]),
  ];
}

function daemonLines(result: DaemonResult): string[] {
  const aim = 1.3;
  const verdict = (value: number) => `${value.toFixed(2)} (aim: at most ${aim}${value <= aim ? "" : ", missed"})`;
  return [
    "Unary calls to lnd over TLS",
    `  our client    ${spread(result.oursPerSecond)} /s with 10 in flight, ${result.oursMicros.toFixed(0)} us one at a time`,
    `  bare grpc-js  ${spread(result.barePerSecond)} /s with 10 in flight, ${result.bareMicros.toFixed(0)} us one at a time`,
    `  overhead      ${verdict(result.ratio)} with 10 in flight, ${verdict(result.latencyRatio)} one at a time`,
  ];
}

function loads(rounds: readonly LoadResult[]): string {
  const failed = rounds.reduce((sum, round) => sum + round.failed, 0);
  const p99 = spreadOf(rounds.map(({ p99Ms }) => p99Ms)).median;
  return `${spread(rounds.map(({ perSecond }) => perSecond))} /s, p99 ${p99.toFixed(0)} ms, ${failed} failed`;
}

function spread(values: readonly number[]): string {
  const { median, min, max } = spreadOf(values);
  return `${median.toFixed(0)} [${min.toFixed(0)}..${max.toFixed(0)}]`;
}

function ratio(value: number, aim: number): string {
  return `${value.toFixed(2)} (aim: at least ${aim}${value >= aim ? "" : ", missed"})`;
}
