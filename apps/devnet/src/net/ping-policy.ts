import { type Duplex, Duplex as DuplexStream } from "node:stream";

import { FLAG, FRAME, type FrameHeader, Http2FrameScanner, encodeGoaway } from "./http2-frames";

/** What grpc-go's server allows its clients (`keepalive.EnforcementPolicy`); grpc-js has no such thing. */
export interface PingPolicy {
  /** Between pings while calls are open. */
  readonly minIntervalMs: number;
  readonly isAllowedWithoutCalls: boolean;
  readonly nowMs: () => number;
}

/** Without calls a client may ping about never (grpc-go's defaultPingTimeout). */
const IDLE_INTERVAL_MS = 7_200_000;
const STRIKES_MAX = 2;
/** `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n` */
const CLIENT_PREFACE_BYTES = 24;

/**
 * The plain side of a connection, for an HTTP/2 server to serve. It watches the frames that pass and, when the client pings too often,
 * answers as grpc-go does: GOAWAY ENHANCE_YOUR_CALM "too_many_pings", and the end of the connection.
 */
export function enforcePingPolicy(connection: Duplex, policy: PingPolicy): Duplex {
  return new PolicedConnection(connection, policy);
}

class PolicedConnection extends DuplexStream {
  readonly #connection: Duplex;
  readonly #policy: PingPolicy;
  readonly #openStreams = new Set<number>();
  readonly #fromClient = new Http2FrameScanner(CLIENT_PREFACE_BYTES, (frame) => this.#onClientFrame(frame));
  readonly #fromServer = new Http2FrameScanner(0, (frame) => this.#onServerFrame(frame));
  #lastPingMs = Number.NEGATIVE_INFINITY;
  #strikes = 0;
  /** grpc-go forgets strikes whenever it has sent something of a call. */
  #isForgiven = false;
  #lastStreamId = 0;

  constructor(connection: Duplex, policy: PingPolicy) {
    super();
    this.#connection = connection;
    this.#policy = policy;
    connection.on("data", (chunk: Buffer) => {
      this.#fromClient.scan(chunk);
      if (!this.destroyed && !this.push(chunk)) connection.pause();
    });
    connection.on("end", () => this.push(null));
    connection.on("error", () => this.destroy());
    connection.on("close", () => this.destroy());
  }

  override _read(): void {
    this.#connection.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#fromServer.scan(chunk);
    this.#connection.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#connection.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#connection.destroy();
    done(error);
  }

  #onClientFrame({ type, flags, streamId }: FrameHeader): void {
    if (type === FRAME.headers) {
      this.#openStreams.add(streamId);
      this.#lastStreamId = streamId;
    } else if (type === FRAME.rstStream) {
      this.#openStreams.delete(streamId);
    } else if (type === FRAME.ping && (flags & FLAG.ack) === 0) {
      this.#onPing();
    }
  }

  #onServerFrame({ type, flags, streamId }: FrameHeader): void {
    if (type === FRAME.headers || type === FRAME.data) {
      this.#isForgiven = true;
      if ((flags & FLAG.endStream) !== 0) this.#openStreams.delete(streamId);
    } else if (type === FRAME.rstStream) {
      this.#openStreams.delete(streamId);
    }
  }

  #onPing(): void {
    const nowMs = this.#policy.nowMs();
    const sinceLastMs = nowMs - this.#lastPingMs;
    this.#lastPingMs = nowMs;
    if (this.#isForgiven) {
      this.#isForgiven = false;
      this.#strikes = 0;
      return;
    }
    const isIdle = this.#openStreams.size === 0 && !this.#policy.isAllowedWithoutCalls;
    if (sinceLastMs < (isIdle ? IDLE_INTERVAL_MS : this.#policy.minIntervalMs)) this.#strikes += 1;
    if (this.#strikes > STRIKES_MAX) this.#goAway();
  }

  #goAway(): void {
    // In the middle of the server's own frame a GOAWAY would be read as its payload.
    if (this.#fromServer.isBetweenFrames) {
      // Ended, not destroyed: with unread pings in its buffer a destroyed socket would take the GOAWAY back.
      this.#connection.end(encodeGoaway(this.#lastStreamId, "too_many_pings"));
    } else {
      this.destroy();
    }
  }
}
