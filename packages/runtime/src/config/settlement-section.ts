import { integer, text } from "./env-types";
import { defineSection } from "./parse-env";

/** When settlements begin, and when the treasury takes part in a batch although nothing has to be renewed. */
export const settlementSection = defineSection({
  variables: {
    SETTLEMENT_CRON: text().default("0 * * * *"),
    SETTLEMENT_MAX_DEFER_HOURS: integer({ min: 1, max: 8_760 }).default(24),
  },
  check: (values) =>
    parseCycle(values.SETTLEMENT_CRON) === undefined
      ? [
          "SETTLEMENT_CRON: `M * * * *`, `*/N * * * *`, `M */H * * *` or `M H * * *`; N divides 60, H of a step divides 24",
        ]
      : [],
  build: (values) => ({
    cycle: parseCycle(values.SETTLEMENT_CRON) ?? HOURLY,
    maxDeferMs: values.SETTLEMENT_MAX_DEFER_HOURS * 3_600_000,
  }),
});

/** Slots that lie on the UTC clock: every so often, and how long after the whole. */
interface Cycle {
  readonly everySeconds: number;
  readonly offsetSeconds: number;
}

const HOURLY: Cycle = { everySeconds: 3600, offsetSeconds: 0 };

/** The part of cron's language that makes slots of one length: minutes, and hours of the day. undefined = something else. */
function parseCycle(cron: string): Cycle | undefined {
  const [minute = "", hour = "", ...rest] = cron.trim().split(/\s+/);
  if (rest.join(" ") !== "* * *") return undefined;
  const step = stepOf(minute, 60);
  if (step !== undefined) return hour === "*" ? { everySeconds: step * 60, offsetSeconds: 0 } : undefined;
  const at = numberBelow(minute, 60);
  if (at === undefined) return undefined;
  if (hour === "*") return { everySeconds: 3600, offsetSeconds: at * 60 };
  const hours = stepOf(hour, 24);
  if (hours !== undefined) return { everySeconds: hours * 3600, offsetSeconds: at * 60 };
  const of = numberBelow(hour, 24);
  return of === undefined ? undefined : { everySeconds: 86_400, offsetSeconds: of * 3600 + at * 60 };
}

/** `*\/n` where n divides the whole, so that all slots are alike. */
function stepOf(field: string, whole: number): number | undefined {
  const step = numberBelow(/^\*\/(\d{1,2})$/.exec(field)?.[1] ?? "", whole + 1);
  return step !== undefined && step > 0 && whole % step === 0 ? step : undefined;
}

function numberBelow(field: string, limit: number): number | undefined {
  const value = Number(field);
  return /^\d{1,2}$/.test(field) && value < limit ? value : undefined;
}
