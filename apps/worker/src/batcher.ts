interface Waiting<In, Out> {
  readonly item: In;
  readonly resolve: (result: Out) => void;
  readonly reject: (error: unknown) => void;
}

/** More would only make the groups smaller, and a group's statements are what costs, not its rows. */
const GROUPS_IN_FLIGHT = 1;
const SIZE_MAX = 100;

/**
 * Groups calls that come while others are being worked on: alone a call waits for nobody, under load many calls share one
 * transaction, whose round trips and disk flush are what bounds a worker's throughput.
 */
export class Batcher<In, Out> {
  private waiting: Waiting<In, Out>[] = [];
  private inFlight = 0;

  /** `run` brings one result per item, in their order; a throw fails the whole group. */
  constructor(private readonly run: (items: readonly In[]) => Promise<readonly Out[]>) {}

  add(item: In): Promise<Out> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (this.inFlight < GROUPS_IN_FLIGHT) void this.drain();
    });
  }

  private async drain(): Promise<void> {
    this.inFlight++;
    // What is added in the same turn of the event loop belongs to the same group.
    await Promise.resolve();
    while (this.waiting.length > 0) await this.runGroup(this.waiting.splice(0, SIZE_MAX));
    this.inFlight--;
  }

  private async runGroup(group: readonly Waiting<In, Out>[]): Promise<void> {
    try {
      const results = await this.run(group.map(({ item }) => item));
      group.forEach(({ resolve }, index) => resolve(results[index] as Out));
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }
}
