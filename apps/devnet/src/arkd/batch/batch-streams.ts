import type { GetEventStreamResponse } from "@arkrelay/daemons/proto/ark/v1/service";

import type { Sink } from "../calls/rpc";
import { PlainStatusError } from "../engine/arkd-error";

export type BatchEvent = NonNullable<GetEventStreamResponse["event"]>;

interface BatchStream {
  readonly topics: Set<string>;
  readonly sink: Sink<GetEventStreamResponse>;
}

/** The open event streams. An event with topics reaches the streams that named one of them, any other reaches all. */
export class BatchStreams {
  readonly #streams = new Map<string, BatchStream>();

  constructor(private readonly newId: () => string) {}

  get count(): number {
    return this.#streams.size;
  }

  open(topics: readonly string[], sink: Sink<GetEventStreamResponse>): void {
    const id = this.newId();
    this.#streams.set(id, { topics: new Set(topics), sink });
    sink.onClose(() => this.#streams.delete(id));
    sink.send({ event: { $case: "streamStarted", value: { id } } });
  }

  /** Throws NOT_FOUND for a stream that is not open. */
  changeTopics(
    id: string,
    change: { readonly add?: readonly string[]; readonly remove?: readonly string[]; readonly all?: readonly string[] },
  ): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) throw new PlainStatusError("NOT_FOUND", `stream ${id} not found`);
    if (change.all !== undefined) stream.topics.clear();
    for (const topic of change.remove ?? []) stream.topics.delete(topic);
    for (const topic of [...(change.all ?? []), ...(change.add ?? [])]) stream.topics.add(topic);
  }

  emit(event: BatchEvent, topics?: readonly string[]): void {
    for (const stream of this.#streams.values()) {
      const isWanted = topics === undefined || topics.some((topic) => stream.topics.has(topic));
      if (isWanted) stream.sink.event({ event });
    }
  }
}
