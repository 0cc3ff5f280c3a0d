interface Waiting<In, Out> {
  readonly item: In;
  readonly resolve: (result: Out) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Groups calls that come while the previous group is being worked on: alone a call waits for nobody, under load many calls share
 * one transaction and thus one disk flush, which is what bounds a worker's throughput.
 */
export class Batcher<In, Out> {
  private waiting: Waiting<In, Out>[] = [];
  private busy = false;

  constructor(
    /** Results in the order of the items; a throw fails the whole group. */
    private readonly run: (items: readonly In[]) => Promise<readonly Out[]>,
    private readonly sizeMax = 100,
  ) {}

  add(item: In): Promise<Out> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (!this.busy) void this.drain();
    });
  }

  private async drain(): Promise<void> {
    this.busy = true;
    while (this.waiting.length > 0) await this.runGroup(this.waiting.splice(0, this.sizeMax));
    this.busy = false;
  }

  private async runGroup(group: readonly Waiting<In, Out>[]): Promise<void> {
    try {
      const results = await this.run(group.map(({ item }) => item));
      // A group has one result per item, or `run` would not have resolved.
      group.forEach(({ resolve }, index) => resolve(results[index] as Out));
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }
}
