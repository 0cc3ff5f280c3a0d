import {
  type MethodDefinition,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type ServiceError,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";

import { failure } from "./fake-arkd";
import { makeCertificate, TlsDaemon } from "./tls-daemon";

/** A reply, or what it lacks against the empty one; for a stream its messages. Throws a ServiceError to refuse. */
type Answer = (request: never) => unknown;

export interface ScriptedCall {
  readonly method: string;
  readonly request: unknown;
  /** Hex. */
  readonly macaroon: string | undefined;
}

/** A daemon that answers as a test tells it, over TLS, and remembers what it was asked. */
export class ScriptedDaemon {
  readonly calls: ScriptedCall[] = [];
  readonly tls: TlsDaemon;
  private readonly answers = new Map<string, Answer>();

  constructor(folder: string, services: readonly ServiceDefinition[]) {
    this.tls = new TlsDaemon(
      folder,
      services.map((definition) => ({ definition, handlers: this.handlersOf(definition) })),
    );
  }

  async start(): Promise<void> {
    const certificate = await makeCertificate();
    this.tls.trust(certificate);
    this.tls.writeMacaroon("ad");
    await this.tls.start(certificate);
  }

  stop(): void {
    this.tls.stop();
  }

  /** What a client needs to reach it. */
  get endpoint() {
    return { ...this.tls.endpoint, ...this.tls.limits, network: "regtest" as const };
  }

  /** `method` is the RPC's name; a later answer replaces an earlier one. */
  answer<Request>(method: string, answer: (request: Request) => unknown): void {
    this.answers.set(method, answer);
  }

  /** Requests of one RPC, oldest first. */
  requestsOf<Request>(method: string): Request[] {
    return this.calls.filter((call) => call.method === method).map(({ request }) => request as Request);
  }

  macaroonOf(method: string): string | undefined {
    return this.calls.find((call) => call.method === method)?.macaroon;
  }

  private handlersOf(definition: ServiceDefinition): UntypedServiceImplementation {
    return Object.fromEntries(
      Object.entries(definition).map(([name, method]) => {
        const handle = method.responseStream ? this.stream(method) : this.unary(method);
        return [name, handle as UntypedServiceImplementation[string]];
      }),
    );
  }

  private unary(method: MethodDefinition<unknown, unknown>) {
    return (call: ServerUnaryCall<unknown, unknown>, done: (error: ServiceError | null, reply?: unknown) => void) => {
      void this.answerTo(method, call).then(
        (reply) => done(null, complete(method, reply)),
        (error: ServiceError) => done(error),
      );
    };
  }

  private stream(method: MethodDefinition<unknown, unknown>) {
    return async (call: ServerWritableStream<unknown, unknown>): Promise<void> => {
      try {
        const messages = (await this.answerTo(method, call)) as AsyncIterable<unknown>;
        for await (const message of messages) {
          if (call.cancelled) return;
          call.write(complete(method, message));
        }
        call.end();
      } catch (thrown) {
        call.emit("error", thrown);
      }
    };
  }

  private async answerTo(
    { path }: MethodDefinition<unknown, unknown>,
    { request, metadata }: Pick<ServerUnaryCall<unknown, unknown>, "request" | "metadata">,
  ): Promise<unknown> {
    const method = path.slice(path.lastIndexOf("/") + 1);
    this.calls.push({ method, request, macaroon: metadata.get("macaroon")[0]?.toString() });
    const answer = this.answers.get(method);
    if (answer === undefined) throw failure(status.UNIMPLEMENTED, `unknown method ${method}`);
    return answer(request as never);
  }
}

function complete({ responseDeserialize }: MethodDefinition<unknown, unknown>, reply: unknown): unknown {
  return { ...(responseDeserialize(Buffer.alloc(0)) as object), ...(reply as object) };
}
