import { desc, lt, sql } from "drizzle-orm";

import { systemMetrics } from "../schema/monitoring";
import type { SqlHandle } from "../sql-handle";

export interface NewSystemMetrics {
  readonly cpuPercent: number;
  readonly memoryPercent: number;
  readonly memoryAvailableMb: number;
  readonly diskPercent: number;
  readonly diskFreeGb: number;
}

export interface SystemMetrics extends NewSystemMetrics {
  readonly id: number;
  readonly timestamp: Date;
}

/** Samples of the machine, one row each. */
export class DrizzleSystemMetricsStore {
  constructor(private readonly database: SqlHandle) {}

  async insert(metrics: NewSystemMetrics): Promise<void> {
    await this.database.orm.insert(systemMetrics).values({ ...metrics, timestamp: sql`NOW(3)` });
  }

  /** Newest first. */
  async list(page: {
    readonly limit: number;
    readonly beforeId?: number | undefined;
  }): Promise<readonly SystemMetrics[]> {
    return this.database.orm
      .select()
      .from(systemMetrics)
      .where(page.beforeId === undefined ? undefined : lt(systemMetrics.id, page.beforeId))
      .orderBy(desc(systemMetrics.id))
      .limit(page.limit);
  }

  async findLatest(): Promise<SystemMetrics | undefined> {
    return (await this.list({ limit: 1 }))[0];
  }
}
