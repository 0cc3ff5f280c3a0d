import type { ArkdDaemon } from "./arkd/arkd-daemon";
import type { ArkdEngine } from "./arkd/engine/arkd-engine";
import type { VirtualClock } from "./clock/virtual-clock";
import type { FaultBook } from "./faults/fault-book";
import type { LndEngine } from "./lnd/engine/lnd-engine";
import type { LndDaemon } from "./lnd/lnd-daemon";
import type { EventLog } from "./relay/event-log";
import type { RelayServer } from "./relay/relay-server";
import type { TapdEngine } from "./tapd/engine/tapd-engine";
import type { TapdDaemon } from "./tapd/tapd-daemon";

/** Everything the control API can reach. */
export interface DevnetParts {
  readonly seed: string;
  readonly engine: ArkdEngine;
  readonly clock: VirtualClock;
  readonly faults: FaultBook;
  readonly arkd: Pick<ArkdDaemon, "restart">;
  readonly lndEngine: LndEngine;
  readonly lnd: Pick<LndDaemon, "restart" | "rotateTls">;
  readonly tapdEngine: TapdEngine;
  readonly tapd: Pick<TapdDaemon, "restart" | "rotateTls">;
  readonly relay: Pick<RelayServer, "restart" | "connectionCount">;
  readonly relayLog: EventLog;
  /** Empties arkd, lnd, tapd and relay and drops every connection; keys and seed stay. */
  readonly reset: () => Promise<void>;
}
