import { WebSocket } from "ws";

import type { Clock } from "@arkrelay/core/ports/clock";

import { parseRelayMessage, type RelayMessage } from "./relay-message";

export interface RelaySocketOptions {
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  /** A ping goes out this often; a relay that did not answer the last one is taken for dead. */
  readonly pingIntervalMs: number;
}

/** One websocket. Nothing may be sent before it is open. */
export interface RelaySocket {
  /** Resolves when it is open, rejects when it could not be opened. */
  readonly opened: Promise<void>;
  send(message: readonly unknown[]): void;
  /** Stops reading: the relay is held up by TCP until `resume`. */
  pause(): void;
  resume(): void;
  /** Safe twice. */
  close(): void;
  /** When the relay last said anything, an answer to a ping included. */
  readonly lastHeardAt: Date | undefined;
  /** Resolves with the reason once the socket is gone. Never rejects. */
  readonly closed: Promise<string>;
}

/** One event of 128 KiB in its frame, with room for what other clients may put into one. */
const FRAME_BYTES_MAX = 1024 * 1024;

/** Starts to connect. Messages arrive in order; a relay may send its first one together with the handshake. */
export function connectRelaySocket(
  url: string,
  options: RelaySocketOptions,
  onMessage: (message: RelayMessage) => void,
): RelaySocket {
  const socket = new WebSocket(url, {
    handshakeTimeout: options.connectTimeoutMs,
    maxPayload: FRAME_BYTES_MAX,
    perMessageDeflate: false,
  });
  let reason = "";
  // Without a listener an error event would end the process; what it says is the reason of the close that follows.
  socket.on("error", (error) => (reason = error.message));
  const closed = new Promise<string>((resolve) => {
    socket.once("close", (code) => resolve(reason === "" ? `closed with code ${code}` : reason));
  });
  let lastHeardAt: Date | undefined;
  const heard = (): void => void (lastHeardAt = options.clock.now());
  socket.on("open", heard).on("message", heard).on("pong", heard);
  socket.on("message", (data: Buffer) => {
    const message = parseRelayMessage(data.toString("utf8"));
    if (message !== undefined) onMessage(message);
  });
  return {
    opened: openedOrThrow(socket, closed, options),
    send: (message) => socket.send(JSON.stringify(message)),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: () => socket.terminate(),
    get lastHeardAt() {
      return lastHeardAt;
    },
    closed,
  };
}

async function openedOrThrow(socket: WebSocket, closed: Promise<string>, options: RelaySocketOptions): Promise<void> {
  const opened = new Promise<true>((resolve) => socket.once("open", () => resolve(true)));
  const first = await Promise.race([opened, closed]);
  if (first !== true) throw new Error(first);
  keepAlive(socket, options.pingIntervalMs);
}

/** A peer that vanished without a word leaves a half-open connection that looks alive for minutes; pings find out. */
function keepAlive(socket: WebSocket, intervalMs: number): void {
  let answered = true;
  socket.on("pong", () => (answered = true));
  const timer = setInterval(() => {
    // While reading is paused the pong waits unread, so silence means nothing.
    if (!answered && !socket.isPaused) return socket.terminate();
    answered = false;
    socket.ping();
  }, intervalMs);
  socket.once("close", () => clearInterval(timer));
}
