import { nullable, readBoolean, readDate, readInteger, readText, type Row } from "../row";
import type { SqlHandle } from "../sql-handle";

export interface NewHeartbeat {
  /** api, worker, scheduler, services. */
  readonly serviceName: string;
  /** One process start: `<host>-<uuid>`. */
  readonly instance: string;
  readonly isAlive: boolean;
  readonly message?: string | undefined;
  /** The newest restart_id of service_state this process has obeyed. */
  readonly restartSeen?: number;
}

export interface Heartbeat extends NewHeartbeat {
  readonly id: number;
  readonly restartSeen: number;
  readonly timestamp: Date;
}

export interface HeartbeatFilter {
  readonly serviceName?: string | undefined;
  readonly beforeId?: number | undefined;
  readonly limit: number;
}

const COLUMNS = "id, service_name, instance, is_alive, message, restart_seen, timestamp";

/** Every process beats for itself; who is silent for three periods counts as gone. */
export class DrizzleHeartbeatStore {
  constructor(private readonly database: SqlHandle) {}

  async insert(heartbeat: NewHeartbeat): Promise<void> {
    await this.database.write(
      "INSERT INTO heartbeats (service_name, instance, is_alive, message, restart_seen, timestamp) VALUES (?, ?, ?, ?, ?, NOW(3))",
      [
        heartbeat.serviceName,
        heartbeat.instance,
        heartbeat.isAlive,
        heartbeat.message ?? null,
        heartbeat.restartSeen ?? 0,
      ],
    );
  }

  /** Newest first. */
  async list(filter: HeartbeatFilter): Promise<readonly Heartbeat[]> {
    const beforeId = filter.beforeId ?? Number.MAX_SAFE_INTEGER;
    const rows =
      filter.serviceName === undefined
        ? await this.database.select(`SELECT ${COLUMNS} FROM heartbeats WHERE id < ? ORDER BY id DESC LIMIT ?`, [
            beforeId,
            filter.limit,
          ])
        : await this.database.select(
            `SELECT ${COLUMNS} FROM heartbeats WHERE service_name = ? AND id < ? ORDER BY id DESC LIMIT ?`,
            [filter.serviceName, beforeId, filter.limit],
          );
    return rows.map(toHeartbeat);
  }

  /** The newest beat of each instance within the last `withinSeconds`, the dead ones (is_alive false) included. */
  async listLatest(withinSeconds: number): Promise<readonly Heartbeat[]> {
    const rows = await this.database.select(
      `SELECT ${COLUMNS} FROM heartbeats WHERE id IN
         (SELECT MAX(id) FROM heartbeats WHERE timestamp > NOW(3) - INTERVAL ? SECOND GROUP BY service_name, instance)
       ORDER BY service_name, id`,
      [withinSeconds],
    );
    return rows.map(toHeartbeat);
  }
}

function toHeartbeat(row: Row): Heartbeat {
  return {
    id: readInteger(row, "id"),
    serviceName: readText(row, "service_name"),
    instance: readText(row, "instance"),
    isAlive: readBoolean(row, "is_alive"),
    message: nullable(row, "message", readText),
    restartSeen: readInteger(row, "restart_seen"),
    timestamp: readDate(row, "timestamp"),
  };
}
