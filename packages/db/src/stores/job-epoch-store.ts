import type { SqlHandle } from "../sql-handle";
import { DrizzleServiceStateStore } from "./service-state-store";

/** Row of service_state that holds the queue's epoch; nobody starts or stops it. */
const SERVICE = "queue";

/** The database's half of the queue epoch: which Redis the wakes were put into. */
export class DrizzleEpochStore {
  private readonly states: DrizzleServiceStateStore;

  constructor(database: SqlHandle) {
    this.states = new DrizzleServiceStateStore(database);
  }

  async read(): Promise<string | undefined> {
    const actual = (await this.states.find(SERVICE))?.actual;
    const epoch = typeof actual === "object" && actual !== null ? (actual as { epoch?: unknown }).epoch : undefined;
    return typeof epoch === "string" ? epoch : undefined;
  }

  async write(epoch: string): Promise<void> {
    await this.states.setActual(SERVICE, { epoch });
  }
}
