import { SeededRandom } from "../../clock/seeded-random";
import { FaultBook } from "../../faults/fault-book";
import { type ArkdDaemon, startArkdDaemon } from "../arkd-daemon";
import type { ArkdEngine } from "../engine/arkd-engine";
import type { ServerParams } from "./a-transfer";
import { anEngine } from "./an-engine";

export interface RunningArkd {
  readonly daemon: ArkdDaemon;
  readonly engine: ArkdEngine;
  readonly faults: FaultBook;
  readonly server: ServerParams;
  readonly address: string;
  readonly restUrl: string;
}

/** A whole arkd on a free port, with an engine on a fixed clock. */
export async function anArkd(
  options: { readonly heartbeatMs?: number; readonly reattachMs?: number } = {},
): Promise<RunningArkd> {
  const { engine } = anEngine();
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
    address: `127.0.0.1:${daemon.port}`,
    restUrl: `http://127.0.0.1:${daemon.port}`,
  };
}
