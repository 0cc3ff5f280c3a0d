import { SeededRandom } from "../../clock/seeded-random";
import { FaultBook } from "../../faults/fault-book";
import { type ArkdDaemon, startArkdDaemon } from "../arkd-daemon";
import type { ArkdEngine } from "../engine/arkd-engine";
import type { ServerParams } from "./a-transfer";
import { anEngine } from "./an-engine";
import type { ManualTimers } from "./manual-timers";

export interface RunningArkd {
  readonly daemon: ArkdDaemon;
  readonly engine: ArkdEngine;
  readonly faults: FaultBook;
  readonly server: ServerParams;
  /** Of the phases of batches. */
  readonly timers: ManualTimers;
  readonly address: string;
  readonly restUrl: string;
}

/** A whole arkd on a free port, with an engine on a fixed clock. */
export async function anArkd(
  options: { readonly heartbeatMs?: number; readonly reattachMs?: number; readonly nowMs?: () => number } = {},
): Promise<RunningArkd> {
  const { engine, timers } = anEngine(options);
  const random = new SeededRandom("test");
  const faults = new FaultBook(random);
  const daemon = await startArkdDaemon(
    { engine, faults, random },
    { port: 0, heartbeatMs: options.heartbeatMs ?? 60_000, reattachMs: options.reattachMs ?? 60_000 },
  );
  const { signerPubkey, checkpointTapscript } = engine.info();
  const server = { signerPubkey, checkpointTapscript, exitDelay: engine.state.settings.unilateralExitDelay };
  return {
    daemon,
    engine,
    faults,
    server,
    timers,
    address: `127.0.0.1:${daemon.port}`,
    restUrl: `http://127.0.0.1:${daemon.port}`,
  };
}
