import type { Response } from "express";

import { AppError } from "@arkrelay/core/errors";

export interface StreamEvent {
  /** Sequence per object: what `Last-Event-ID` names. */
  readonly seq: number;
  readonly event: string;
  readonly data: unknown;
}

/** One object whose events are rows, so that a stream can be resumed on any replica. */
export interface StreamSource {
  /** Data of the first event. */
  readonly snapshot: () => unknown;
  /** Events behind `afterSeq`; `isOver` closes the stream after them. */
  readonly look: (afterSeq: number) => Promise<{ readonly events: readonly StreamEvent[]; readonly isOver: boolean }>;
}

export interface EventStreams {
  /** Throws `rate_limited` above five streams of one principal, `invalid_request` never: a strange Last-Event-ID starts anew. */
  open(res: Response, principal: string, lastEventId: string | undefined, source: StreamSource): void;
  /** Ends every stream and tells its client to come back in a second, to another replica. */
  drain(): void;
}

interface Stream {
  readonly res: Response;
  readonly principal: string;
  readonly source: StreamSource;
  afterSeq: number;
  isLooking: boolean;
}

const LOOK_MS = 500;
/** Proxies close connections that stay silent, and a dead client is noticed only by writing to it. */
const PING_MS = 15_000;
const PER_PRINCIPAL_MAX = 5;
/** One slow client must not make the process buffer its events without end. */
const BUFFERED_BYTES_MAX = 256 * 1024;

/** One timer per process looks for all streams; none of them keeps a connection to the database. */
export function createEventStreams(onError: (error: unknown) => void): EventStreams {
  const streams = new Set<Stream>();
  let lookTimer: NodeJS.Timeout | undefined;
  let pingTimer: NodeJS.Timeout | undefined;

  const close = (stream: Stream, farewell = "") => {
    streams.delete(stream);
    if (!stream.res.writableEnded) stream.res.end(farewell);
    if (streams.size > 0) return;
    clearInterval(lookTimer);
    clearInterval(pingTimer);
    lookTimer = pingTimer = undefined;
  };

  const look = async (stream: Stream) => {
    if (stream.isLooking || !streams.has(stream)) return;
    stream.isLooking = true;
    try {
      const { events, isOver } = await stream.source.look(stream.afterSeq);
      for (const event of events) send(stream, event);
      if (isOver || stream.res.writableLength > BUFFERED_BYTES_MAX) close(stream);
    } catch (error) {
      // The database is away: the rows wait, the next look finds them.
      onError(error);
    } finally {
      stream.isLooking = false;
    }
  };

  const startTimers = () => {
    lookTimer ??= setInterval(() => {
      for (const stream of streams) void look(stream);
    }, LOOK_MS);
    pingTimer ??= setInterval(() => {
      for (const { res } of streams) res.write(": ping\n\n");
    }, PING_MS);
  };

  return {
    open: (res, principal, lastEventId, source) => {
      const own = [...streams].filter((stream) => stream.principal === principal);
      if (own.length >= PER_PRINCIPAL_MAX) {
        throw new AppError("rate_limited", {
          message: "Five streams of yours are open already.",
          retryAfterSeconds: 5,
        });
      }
      const afterSeq = parseLastEventId(lastEventId);
      const stream: Stream = { res, principal, source, afterSeq: afterSeq ?? 0, isLooking: false };
      res.writeHead(200, {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
      });
      res.write(format({ seq: stream.afterSeq, event: "snapshot", data: source.snapshot() }));
      streams.add(stream);
      res.on("close", () => {
        close(stream);
      });
      startTimers();
      void look(stream);
    },
    drain: () => {
      for (const stream of streams) close(stream, "retry: 1000\n\n");
    },
  };
}

function send(stream: Stream, event: StreamEvent): void {
  stream.afterSeq = Math.max(stream.afterSeq, event.seq);
  stream.res.write(format(event));
}

function format({ seq, event, data }: StreamEvent): string {
  // JSON has no raw line feed, so one data line is enough.
  return `id: ${String(seq)}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

function parseLastEventId(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
