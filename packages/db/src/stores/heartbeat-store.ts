import { and, desc, eq, inArray, lt, max, sql } from "drizzle-orm";

import { heartbeats } from "../schema/monitoring";
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

/** Every process beats for itself; who is silent for three periods counts as gone. */
export class DrizzleHeartbeatStore {
  constructor(private readonly database: SqlHandle) {}

  async insert(heartbeat: NewHeartbeat): Promise<void> {
    await this.database.orm.insert(heartbeats).values({ ...heartbeat, timestamp: sql`NOW(3)` });
  }

  /** Newest first. */
  async list(filter: HeartbeatFilter): Promise<readonly Heartbeat[]> {
    const { serviceName, beforeId } = filter;
    const rows = await this.database.orm
      .select()
      .from(heartbeats)
      .where(
        and(
          serviceName === undefined ? undefined : eq(heartbeats.serviceName, serviceName),
          beforeId === undefined ? undefined : lt(heartbeats.id, beforeId),
        ),
      )
      .orderBy(desc(heartbeats.id))
      .limit(filter.limit);
    return rows.map(toHeartbeat);
  }

  /** The newest beat of each instance within the last `withinSeconds`, the dead ones (is_alive false) included. */
  async listLatest(withinSeconds: number): Promise<readonly Heartbeat[]> {
    const newest = this.database.orm
      .select({ id: max(heartbeats.id) })
      .from(heartbeats)
      .where(sql`${heartbeats.timestamp} > NOW(3) - INTERVAL ${withinSeconds} SECOND`)
      .groupBy(heartbeats.serviceName, heartbeats.instance);
    const rows = await this.database.orm
      .select()
      .from(heartbeats)
      .where(inArray(heartbeats.id, newest))
      .orderBy(heartbeats.serviceName, heartbeats.id);
    return rows.map(toHeartbeat);
  }
}

function toHeartbeat(row: typeof heartbeats.$inferSelect): Heartbeat {
  return { ...row, message: row.message ?? undefined };
}
