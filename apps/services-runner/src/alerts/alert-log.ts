import type { Alert } from "@arkrelay/core/alerts/alert";
import type { Clock } from "@arkrelay/core/ports/clock";
import type { Logger } from "@arkrelay/runtime/logger";

/** An alert that stands is told again this often, so that it is found in a log of one hour. */
const AGAIN_MS = 3_600_000;

/** Tells of each alert when it begins to stand, every hour while it does, and when it is over. */
export class AlertLog {
  private readonly toldAt = new Map<string, { readonly alert: Alert; readonly at: number }>();

  constructor(
    private readonly log: Pick<Logger, "error" | "info">,
    private readonly clock: Clock,
  ) {}

  /** `alerts` are all that stand now. */
  tell(alerts: readonly Alert[]): void {
    const now = this.clock.now().getTime();
    const standing = new Set(alerts.map(keyOf));
    for (const [key, { alert }] of this.toldAt) {
      if (standing.has(key)) continue;
      this.toldAt.delete(key);
      this.log.info("an alert is over", { alert: alert.name, subject: alert.subject });
    }
    for (const alert of alerts) {
      const told = this.toldAt.get(keyOf(alert));
      if (told !== undefined && now - told.at < AGAIN_MS) continue;
      this.toldAt.set(keyOf(alert), { alert, at: now });
      this.log.error(alert.message, {
        alert: alert.name,
        severity: alert.severity,
        ...alert.details,
        action: alert.action,
      });
    }
  }
}

function keyOf({ name, subject }: Alert): string {
  return `${name} ${subject}`;
}
