import {
  type Metadata,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type sendUnaryData,
  status as GrpcStatus,
} from "@grpc/grpc-js";

import type { StreamCall, UnaryCall } from "./daemon-call";
import { type CallName, type DaemonGate, type RawSink, statusOf } from "./daemon-gate";

/** A method of a generated service; its codecs tell the types of its messages. */
export interface Method<Q, A> {
  readonly path: string;
  readonly requestDeserialize: (bytes: Buffer) => Q;
  readonly responseDeserialize: (bytes: Buffer) => A;
}

/** Puts a daemon's calls behind its gate, for a grpc-js server. */
export class GrpcHandlers {
  constructor(private readonly gate: DaemonGate) {}

  unary<Q, A>({ path }: Method<Q, A>, call: UnaryCall<Q, A>): handleUnaryCall<Q, A> {
    const name = toCallName(path);
    return (server: ServerUnaryCall<Q, A>, reply: sendUnaryData<A>) => {
      this.gate.runUnary(name, call, server.request, macaroonsOf(server.metadata)).then(
        (answer) => reply(null, answer),
        (error: unknown) => reply(toServiceError(error)),
      );
    };
  }

  stream<Q, A>({ path }: Method<Q, A>, call: StreamCall<Q, A>): handleServerStreamingCall<Q, A> {
    const name = toCallName(path);
    return (server: ServerWritableStream<Q, A>) => {
      const sink = toRawSink(server);
      this.gate
        .openStream(name, call, server.request, macaroonsOf(server.metadata), sink)
        .catch((error: unknown) => sink.fail(error));
    };
  }
}

function toCallName(path: string): CallName {
  return { path, name: path.slice(path.lastIndexOf("/") + 1) };
}

function macaroonsOf(metadata: Metadata): readonly string[] {
  // Node joins headers of the same name; hex holds no comma.
  return metadata.get("macaroon").flatMap((value) => value.toString().split(/, ?/));
}

function toServiceError(error: unknown): Partial<ServiceError> {
  const { status, message } = statusOf(error);
  return { code: GrpcStatus[status], details: message };
}

function toRawSink<Q, A>(call: ServerWritableStream<Q, A>): RawSink<A> & { fail(error: unknown): void } {
  const listeners: (() => void)[] = [];
  let isClosed = false;
  const close = (): void => {
    if (isClosed) return;
    isClosed = true;
    for (const listener of listeners) listener();
  };
  call.on("cancelled", close);
  call.on("error", close);
  const fail = (error: unknown): void => {
    if (isClosed) return;
    close();
    call.emit("error", toServiceError(error));
  };
  return {
    write: (message) => {
      if (!isClosed) call.write(message);
    },
    end: (error) => {
      if (error !== undefined) return fail(error);
      if (isClosed) return;
      close();
      call.end();
    },
    onClose: (listener) => void listeners.push(listener),
    fail,
  };
}
