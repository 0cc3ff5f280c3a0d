import { deliveryPauseMs } from "./delivery-schedule";

const HOUR_MS = 3_600_000;
const pauses = (type: string, jitter: number): readonly (number | undefined)[] =>
  Array.from({ length: 10 }, (_, index) => deliveryPauseMs(type, index + 1, jitter));

describe("the schedule of a delivery", () => {
  it("is 5 s, 30 s, 2 min, 10 min, 1 h, 3 h, 10 h, 24 h, and then none", () => {
    const minutes = [2 * 60_000, 10 * 60_000];
    const hours = [HOUR_MS, 3 * HOUR_MS, 10 * HOUR_MS, 24 * HOUR_MS];
    const documented = [5_000, 30_000, ...minutes, ...hours, undefined, undefined];
    expect(pauses("session.completed", 0)).toEqual(documented);
    expect(pauses("webhook.test", 0)).toEqual(documented);
  });

  it("is spread by at most a tenth, so that not all come back at once", () => {
    expect(deliveryPauseMs("job.failed", 1, 1)).toBe(5_500);
    expect(deliveryPauseMs("job.failed", 8, 0.5)).toBe(24 * HOUR_MS * 1.05);
  });

  it("is three retries 10 s apart for messages, whose sender waits", () => {
    for (const type of ["message.outbound", "message.inbound"]) {
      expect(pauses(type, 1).slice(0, 4)).toEqual([10_000, 10_000, 10_000, undefined]);
    }
  });
});
