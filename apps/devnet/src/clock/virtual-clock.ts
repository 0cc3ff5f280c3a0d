/**
 * The chain's time: real time plus an offset that only grows. Advancing it lets VTXOs expire without waiting a week.
 * The relay does not use it, because wallets and gateway sign events with real time.
 */
export class VirtualClock {
  #offsetSeconds = 0;

  constructor(private readonly realNowMs: () => number) {}

  nowMs(): number {
    return this.realNowMs() + this.#offsetSeconds * 1000;
  }

  nowSeconds(): number {
    return Math.floor(this.nowMs() / 1000);
  }

  /** Bitcoin's median time past lags about an hour behind; arkd compares CLTV leaves with it. */
  medianTime(): number {
    return this.nowSeconds() - 3600;
  }

  setOffset(seconds: number): void {
    this.#offsetSeconds = seconds;
  }

  get offsetSeconds(): number {
    return this.#offsetSeconds;
  }
}
