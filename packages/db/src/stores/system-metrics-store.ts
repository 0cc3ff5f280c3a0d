import { readDate, readFloat, readInteger, type Row } from "../row";
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

const COLUMNS = "id, cpu_percent, memory_percent, memory_available_mb, disk_percent, disk_free_gb, timestamp";

/** Samples of the machine, one row each. */
export class DrizzleSystemMetricsStore {
  constructor(private readonly database: SqlHandle) {}

  async insert(metrics: NewSystemMetrics): Promise<void> {
    await this.database.write(
      `INSERT INTO system_metrics (cpu_percent, memory_percent, memory_available_mb, disk_percent, disk_free_gb, timestamp)
       VALUES (?, ?, ?, ?, ?, NOW(3))`,
      [metrics.cpuPercent, metrics.memoryPercent, metrics.memoryAvailableMb, metrics.diskPercent, metrics.diskFreeGb],
    );
  }

  /** Newest first. */
  async list(page: {
    readonly limit: number;
    readonly beforeId?: number | undefined;
  }): Promise<readonly SystemMetrics[]> {
    const rows = await this.database.select(
      `SELECT ${COLUMNS} FROM system_metrics WHERE id < ? ORDER BY id DESC LIMIT ?`,
      [page.beforeId ?? Number.MAX_SAFE_INTEGER, page.limit],
    );
    return rows.map(toSystemMetrics);
  }

  async findLatest(): Promise<SystemMetrics | undefined> {
    return (await this.list({ limit: 1 }))[0];
  }
}

function toSystemMetrics(row: Row): SystemMetrics {
  return {
    id: readInteger(row, "id"),
    cpuPercent: readFloat(row, "cpu_percent"),
    memoryPercent: readFloat(row, "memory_percent"),
    memoryAvailableMb: readFloat(row, "memory_available_mb"),
    diskPercent: readFloat(row, "disk_percent"),
    diskFreeGb: readFloat(row, "disk_free_gb"),
    timestamp: readDate(row, "timestamp"),
  };
}
