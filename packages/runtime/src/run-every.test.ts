import { runEvery } from "./run-every";

describe("a periodic loop", () => {
  it("runs at once, goes on after a failure and ends with its signal", async () => {
    const stop = new AbortController();
    const errors: unknown[] = [];
    let runs = 0;
    await runEvery({ periodMs: 1, signal: stop.signal, onError: (error) => errors.push(error) }, async () => {
      runs++;
      if (runs === 1) throw new Error("once");
      if (runs === 3) stop.abort();
    });
    expect([runs, errors.length]).toEqual([3, 1]);
  });

  it("does not report what its own stop cut off", async () => {
    const stop = new AbortController();
    const errors: unknown[] = [];
    await runEvery({ periodMs: 1, signal: stop.signal, onError: (error) => errors.push(error) }, async () => {
      stop.abort();
      stop.signal.throwIfAborted();
    });
    expect(errors).toEqual([]);
  });
});
