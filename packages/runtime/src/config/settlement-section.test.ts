import { ConfigError } from "./config-error";
import { parseEnv } from "./parse-env";
import { settlementSection } from "./settlement-section";

const cycleOf = (cron?: string) =>
  parseEnv(
    { NODE_ENV: "test", ...(cron !== undefined && { SETTLEMENT_CRON: cron }) },
    { settlement: settlementSection },
  ).settlement.cycle;

describe("SETTLEMENT_CRON", () => {
  it.each([
    [undefined, 3_600, 0],
    ["0 * * * *", 3_600, 0],
    ["15 * * * *", 3_600, 900],
    ["*/10 * * * *", 600, 0],
    ["5 */6 * * *", 21_600, 300],
    ["30 4 * * *", 86_400, 16_200],
  ])("%s is every %i s, %i s after the whole", (cron, everySeconds, offsetSeconds) => {
    expect(cycleOf(cron)).toEqual({ everySeconds, offsetSeconds });
  });

  it.each(["* * * * *", "60 * * * *", "*/7 * * * *", "0 */5 * * *", "0 24 * * *", "0 * * * 1", "0 0 1 * *", "hourly"])(
    "%p is refused, because its slots are not all alike or it is no time at all",
    (cron) => {
      expect(() => cycleOf(cron)).toThrow(ConfigError);
    },
  );
});
