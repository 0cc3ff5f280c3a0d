import type { Alert } from "@arkrelay/core/alerts/alert";
import type { Clock } from "@arkrelay/core/ports/clock";
import type { Transactions } from "@arkrelay/core/ports/transactions";
import type { WebhookOutbox } from "@arkrelay/core/ports/webhook-stores";
import { alertEvent } from "@arkrelay/core/webhook/alert-event";
import type { Logger } from "@arkrelay/runtime/logger";

/** An alert that stands is told again this often, so that it is found in a log of one hour. */
const AGAIN_MS = 3_600_000;

export interface AlertLogDeps {
  readonly log: Pick<Logger, "error" | "info">;
  readonly clock: Clock;
  readonly transactions: Pick<Transactions, "run">;
  readonly webhooks: WebhookOutbox;
}

interface Told {
  readonly alert: Alert;
  readonly triggeredAt: Date;
  readonly at: number;
}

/** Tells of each alert when it begins to stand, every hour while it does, and when it is over; webhooks hear of the first and the last. */
export class AlertLog {
  private readonly told = new Map<string, Told>();
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly deps: AlertLogDeps) {}

  /** `alerts` are all that stand now. Rejects when nothing could be announced; the next call finds the same changes again. */
  tell(alerts: readonly Alert[]): Promise<void> {
    // One after the other: two that overlap would both find the same alert new.
    const told = this.last.then(() => this.tellNow(alerts));
    this.last = told.catch(() => undefined);
    return told;
  }

  private async tellNow(alerts: readonly Alert[]): Promise<void> {
    const now = this.deps.clock.now();
    const standing = new Set(alerts.map(keyOf));
    const over = [...this.told].filter(([key]) => !standing.has(key));
    const begun = alerts.filter((alert) => !this.told.has(keyOf(alert)));
    await this.announce(
      begun,
      over.map(([, told]) => told),
      now,
    );
    for (const [key, { alert }] of over) {
      this.told.delete(key);
      this.deps.log.info("an alert is over", { alert: alert.name, subject: alert.subject });
    }
    for (const alert of alerts) this.write(alert, now);
  }

  private async announce(begun: readonly Alert[], over: readonly Told[], now: Date): Promise<void> {
    const { transactions, webhooks } = this.deps;
    if (begun.length + over.length === 0) return;
    await transactions.run(async (tx) => {
      for (const alert of begun) await webhooks.announce(tx, alertEvent(alert, now));
      for (const { alert, triggeredAt } of over) await webhooks.announce(tx, alertEvent(alert, triggeredAt, now));
    });
  }

  private write(alert: Alert, now: Date): void {
    const told = this.told.get(keyOf(alert));
    if (told !== undefined && now.getTime() - told.at < AGAIN_MS) return;
    this.told.set(keyOf(alert), { alert, at: now.getTime(), triggeredAt: told?.triggeredAt ?? now });
    this.deps.log.error(alert.message, {
      alert: alert.name,
      severity: alert.severity,
      ...alert.details,
      action: alert.action,
    });
  }
}

function keyOf({ name, subject }: Alert): string {
  return `${name} ${subject}`;
}
