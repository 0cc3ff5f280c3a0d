import { startHeartbeat, type Heartbeat } from "./heartbeat-loop";

describe("the heartbeat of a process", () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  const start = (insert: (beat: Heartbeat) => Promise<void>, errors: unknown[] = []) =>
    startHeartbeat({
      store: { insert },
      serviceName: "worker",
      instance: "host-1",
      periodMs: 60_000,
      onError: (error) => errors.push(error),
    });

  it("beats at once, every period, and a last time when the process stops", async () => {
    const beats: boolean[] = [];
    const loop = start(async ({ isAlive }) => void beats.push(isAlive));
    await jest.advanceTimersByTimeAsync(120_000);
    await loop.stop();
    expect(beats).toEqual([true, true, true, false]);
  });

  it("goes on after a beat that could not be written", async () => {
    const errors: unknown[] = [];
    let tries = 0;
    const loop = start(() => (++tries === 1 ? Promise.reject(new Error("database away")) : Promise.resolve()), errors);
    await jest.advanceTimersByTimeAsync(60_000);
    await loop.stop();
    expect([tries, errors.length]).toEqual([3, 1]);
  });
});
