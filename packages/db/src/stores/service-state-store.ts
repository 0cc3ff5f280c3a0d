import { assert } from "@arkrelay/core/errors";
import type { Tx } from "@arkrelay/core/ports/transactions";

import { readDate, readInteger, readJson, readText, type Row } from "../row";
import type { SqlHandle } from "../sql-handle";
import { connectionOf } from "../transactions";

export type DesiredState = "running" | "stopped";

export interface ServiceState {
  readonly service: string;
  readonly desiredState: DesiredState;
  /** Raised to make every process re-open its connection to the service. */
  readonly restartId: number;
  /** What the service reports about itself; the reader checks its shape. */
  readonly actual: unknown;
  readonly updatedAt: Date;
}

const COLUMNS = "service, desired_state, restart_id, actual, updated_at";

/** What an operator wants of each service and what it reports. A flag in the environment sets the first wish only. */
export class DrizzleServiceStateStore {
  constructor(private readonly database: SqlHandle) {}

  async find(service: string): Promise<ServiceState | undefined> {
    const [row] = await this.database.select(`SELECT ${COLUMNS} FROM service_state WHERE service = ?`, [service]);
    return row === undefined ? undefined : toServiceState(row);
  }

  async list(): Promise<readonly ServiceState[]> {
    return (await this.database.select(`SELECT ${COLUMNS} FROM service_state ORDER BY service`)).map(toServiceState);
  }

  /** Returns the state, made with `first` when the service has none yet: a later start does not undo what an operator chose. */
  async ensure(service: string, first: DesiredState): Promise<ServiceState> {
    await this.database.write(
      `INSERT INTO service_state (service, desired_state, updated_at) VALUES (?, ?, NOW(3)) ON DUPLICATE KEY UPDATE id = id`,
      [service, first],
    );
    const state = await this.find(service);
    assert(state !== undefined, "a service_state row just inserted");
    return state;
  }

  /** With a Tx the wish belongs to the transaction that answers the operator. */
  async setDesired(service: string, desired: DesiredState, tx?: Tx): Promise<void> {
    const handle = tx === undefined ? this.database : connectionOf(tx);
    await handle.write(
      `INSERT INTO service_state (service, desired_state, updated_at) VALUES (?, ?, NOW(3))
       ON DUPLICATE KEY UPDATE desired_state = VALUES(desired_state), updated_at = VALUES(updated_at)`,
      [service, desired],
    );
  }

  /** Asks for a restart and returns its id. */
  async raiseRestart(service: string): Promise<number> {
    const { affectedRows, insertId } = await this.database.write(
      "UPDATE service_state SET restart_id = LAST_INSERT_ID(restart_id + 1), updated_at = NOW(3) WHERE service = ?",
      [service],
    );
    if (affectedRows === 1) return insertId;
    await this.ensure(service, "running");
    return this.raiseRestart(service);
  }

  /**
   * Asks every process for a new connection to `daemon` and returns the request's id. Ids count over all `daemons`, so that one
   * number says up to where a process has obeyed.
   */
  async raiseDaemonRestart(tx: Tx, daemon: string, daemons: readonly string[]): Promise<number> {
    const handle = connectionOf(tx);
    // Makes what is missing and locks every row, so that two requests never get one number.
    await handle.write(
      `INSERT INTO service_state (service, desired_state, updated_at)
       VALUES ${daemons.map(() => "(?, 'running', NOW(3))").join(", ")} ON DUPLICATE KEY UPDATE id = id`,
      daemons,
    );
    const among = daemons.map(() => "?").join(", ");
    const [row] = await handle.select(
      `SELECT MAX(restart_id) AS newest FROM service_state WHERE service IN (${among}) FOR UPDATE`,
      daemons,
    );
    assert(row !== undefined, "MAX has a row");
    const restartId = readInteger(row, "newest") + 1;
    await handle.write("UPDATE service_state SET restart_id = ?, updated_at = NOW(3) WHERE service = ?", [
      restartId,
      daemon,
    ]);
    return restartId;
  }

  /** The newest request of each service; one that was never asked for is absent. */
  async listRestarts(services: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await this.database.select(
      `SELECT service, restart_id FROM service_state WHERE restart_id > 0 AND service IN (${services.map(() => "?").join(", ")})`,
      services,
    );
    return new Map(rows.map((row) => [readText(row, "service"), readInteger(row, "restart_id")]));
  }

  /** `actual` must be JSON. */
  async setActual(service: string, actual: unknown): Promise<void> {
    await this.database.write(
      `INSERT INTO service_state (service, desired_state, actual, updated_at) VALUES (?, 'running', ?, NOW(3))
       ON DUPLICATE KEY UPDATE actual = VALUES(actual), updated_at = VALUES(updated_at)`,
      [service, JSON.stringify(actual)],
    );
  }
}

function toServiceState(row: Row): ServiceState {
  return {
    service: readText(row, "service"),
    desiredState: readText(row, "desired_state") === "stopped" ? "stopped" : "running",
    restartId: readInteger(row, "restart_id"),
    actual: readJson(row, "actual") ?? undefined,
    updatedAt: readDate(row, "updated_at"),
  };
}
