import type { Response } from "express";

import { AppError } from "@arkrelay/core/errors";

export interface StreamEvent {
  /** Sequence per object: what `Last-Event-ID` names. */
  readonly seq: number;
  readonly event: string;
  readonly data: unknown;
}

/** The object a stream tells of. */
export interface Watched {
  readonly kind: "sessions" | "jobs";
  readonly id: string;
}

export interface Looked {
  readonly events: readonly StreamEvent[];
  /** The last row that was read, told or not. */
  readonly lastSeq: number;
  /** More rows wait than one look reads. */
  readonly hasMore: boolean;
  /** Closes the stream behind the events. */
  readonly isOver: boolean;
}

/** One object whose events are rows, so that a stream can be resumed on any replica. */
export interface StreamSource {
  readonly watched: Watched;
  /** First event, and the sequence a stream without `Last-Event-ID` starts behind. */
  readonly snapshot: { readonly seq: number; readonly data: unknown };
  /** Events behind `afterSeq`. */
  readonly look: (afterSeq: number) => Promise<Looked>;
}

export interface EventStreams {
  /** Throws `rate_limited` above five streams of one principal, `invalid_request` never: a strange Last-Event-ID starts anew. */
  open(res: Response, principal: string, lastEventId: string | undefined, source: StreamSource): void;
  /** Something has changed: look now instead of at the next turn. */
  hurry(): void;
  /** Ends every stream and tells its client to come back in a second, to another replica. */
  drain(): void;
}

/** Marks by kind and id; a mark that differs from the last one means that there is something to read. */
export type ReadMarks = (
  ids: Readonly<Record<Watched["kind"], readonly string[]>>,
) => Promise<Readonly<Record<Watched["kind"], ReadonlyMap<string, string>>>>;

interface Stream {
  readonly res: Response;
  readonly principal: string;
  readonly source: StreamSource;
  afterSeq: number;
  /** Mark of the object when it was last read to the end; undefined = read it at the next turn whatever its mark. */
  mark: string | undefined;
  isLooking: boolean;
}

const POLL_MS = 500;
/** Changes come in bursts; one turn serves those of this time. */
const HURRY_MS = 20;
/** Proxies close connections that stay silent, and a dead client is noticed only by writing to it. */
const PING_MS = 15_000;
const PER_PRINCIPAL_MAX = 5;
/** One slow client must not make the process buffer its events without end. */
const BUFFERED_BYTES_MAX = 256 * 1024;

/**
 * One poller per process asks for the marks of all watched objects in one query and reads those that changed; no stream keeps
 * a connection to the database.
 */
export function createEventStreams(readMarks: ReadMarks, onError: (error: unknown) => void): EventStreams {
  const poller = new StreamPoller(readMarks, onError);
  return {
    open: (res, principal, lastEventId, source) => {
      if (poller.countOf(principal) >= PER_PRINCIPAL_MAX) {
        throw new AppError("rate_limited", {
          message: "Five streams of yours are open already.",
          retryAfterSeconds: 5,
        });
      }
      res.writeHead(200, {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
      });
      // Asked for the headers alone.
      if (res.req.method === "HEAD") return void res.end();
      const { seq, data } = source.snapshot;
      const afterSeq = parseLastEventId(lastEventId) ?? seq;
      res.write(format({ seq: afterSeq, event: "snapshot", data }));
      poller.add({ res, principal, source, afterSeq, mark: undefined, isLooking: false });
    },
    hurry: () => {
      poller.hurry();
    },
    drain: () => {
      poller.closeAll("retry: 1000\n\n");
    },
  };
}

class StreamPoller {
  private readonly streams = new Set<Stream>();
  private pollTimer: NodeJS.Timeout | undefined;
  private pingTimer: NodeJS.Timeout | undefined;
  private hurryTimer: NodeJS.Timeout | undefined;
  private isPolling = false;

  constructor(
    private readonly readMarks: ReadMarks,
    private readonly onError: (error: unknown) => void,
  ) {}

  countOf(principal: string): number {
    return [...this.streams].filter((stream) => stream.principal === principal).length;
  }

  add(stream: Stream): void {
    this.streams.add(stream);
    stream.res.on("close", () => {
      this.close(stream);
    });
    this.pollTimer ??= setInterval(() => void this.poll(), POLL_MS);
    this.pingTimer ??= setInterval(() => {
      for (const { res } of this.streams) res.write(": ping\n\n");
    }, PING_MS);
    void this.look(stream, undefined);
  }

  hurry(): void {
    if (this.streams.size === 0) return;
    this.hurryTimer ??= setTimeout(() => {
      this.hurryTimer = undefined;
      void this.poll();
    }, HURRY_MS);
  }

  closeAll(farewell: string): void {
    for (const stream of this.streams) this.close(stream, farewell);
  }

  private async poll(): Promise<void> {
    if (this.isPolling) return;
    this.isPolling = true;
    try {
      const marks = await this.readMarks({ sessions: this.idsOf("sessions"), jobs: this.idsOf("jobs") });
      const markOf = ({ source }: Stream) => marks[source.watched.kind].get(source.watched.id);
      const changed = [...this.streams].filter((stream) => {
        const mark = markOf(stream);
        return mark === undefined || mark !== stream.mark;
      });
      await Promise.all(changed.map((stream) => this.look(stream, markOf(stream))));
    } catch (error) {
      // The database is away: the rows wait, a later turn finds them.
      this.onError(error);
    } finally {
      this.isPolling = false;
    }
  }

  private idsOf(kind: Watched["kind"]): string[] {
    const watched = [...this.streams].map(({ source }) => source.watched).filter((each) => each.kind === kind);
    return [...new Set(watched.map(({ id }) => id))];
  }

  /** `mark` was read before, so the rows are at least as new: what comes later changes the mark again. */
  private async look(stream: Stream, mark: string | undefined): Promise<void> {
    if (stream.isLooking || !this.streams.has(stream)) return;
    stream.isLooking = true;
    try {
      const { events, lastSeq, hasMore, isOver } = await stream.source.look(stream.afterSeq);
      for (const event of events) stream.res.write(format(event));
      stream.afterSeq = Math.max(stream.afterSeq, lastSeq);
      stream.mark = hasMore ? undefined : mark;
      if (isOver || stream.res.writableLength > BUFFERED_BYTES_MAX) this.close(stream);
    } catch (error) {
      stream.mark = undefined;
      this.onError(error);
    } finally {
      stream.isLooking = false;
    }
  }

  private close(stream: Stream, farewell = ""): void {
    this.streams.delete(stream);
    if (!stream.res.writableEnded) stream.res.end(farewell);
    if (this.streams.size > 0) return;
    clearInterval(this.pollTimer);
    clearInterval(this.pingTimer);
    clearTimeout(this.hurryTimer);
    this.pollTimer = this.pingTimer = this.hurryTimer = undefined;
  }
}

function format({ seq, event, data }: StreamEvent): string {
  // JSON has no raw line feed, so one data line is enough.
  return `id: ${String(seq)}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

function parseLastEventId(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
