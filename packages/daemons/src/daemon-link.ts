import type { Client, Metadata } from "@grpc/grpc-js";
import { ExponentialBackoff, handleType, retry, type RetryPolicy, timeout, TimeoutStrategy } from "cockatiel";

import { AppError } from "@arkrelay/core/errors";

import { CertificateFailure, DaemonRefusal, TransportFailure } from "./call-failure";
import type { CallLimits, DaemonEndpoint, MacaroonRole } from "./connection-config";
import { DaemonBreaker } from "./daemon-breaker";
import { type Clients, type ConnectionState, DaemonConnection, type OpenClients } from "./daemon-connection";
import type { BreakerState, DaemonObserver } from "./daemon-observer";
import type { CallKind, RefusalReader } from "./refusal-reader";
import { type OpenStream, readMessages } from "./server-stream";
import { awaitBeginning, type OpenedStream, type StreamBeginning } from "./stream-beginning";
import { nameFailure, toCallError } from "./to-call-error";
import { type Answer, callOnce, type StartCall } from "./unary-call";
import { waitUntilConnected } from "./wait-until-connected";

/** How long a write or a stream waits for a connection before it is given up unsent. */
const CONNECT_TIMEOUT_MS = 5_000;

export interface DaemonLinkOptions<C extends Clients> extends RefusalReader {
  /** "arkd", "tapd", "lnd": the name in errors, metrics and /health. */
  readonly service: string;
  readonly endpoint: DaemonEndpoint;
  readonly limits: CallLimits;
  readonly observer: DaemonObserver;
  readonly openClients: OpenClients<C>;
  /** Id of the request or job that is being served. */
  readonly requestId: () => string | undefined;
}

export interface CallSettings {
  readonly metadata?: Metadata | undefined;
  /** Whose macaroon goes along; undefined = the endpoint's. */
  readonly role?: MacaroonRole | undefined;
  /** Gives it up at once. A write that was sent is `outcome_unknown` then. */
  readonly signal?: AbortSignal | undefined;
  /** Instead of the deadline of unary calls; a stream has none of its own. */
  readonly timeoutMs?: number | undefined;
}

export interface StreamSettings extends CallSettings {
  /** "write" for a stream whose opening has an effect: sent once, and every end but a clean one may leave it unknown. */
  readonly kind?: CallKind;
  /** What is not opened by then is not opened at all (`daemon_unavailable`), however long the way to the daemon took. */
  readonly notAfter?: Date | undefined;
}

/** A caller that gave up has not heard whether the daemon is there. */
type Attempted<Reply> = Answer<Reply> | { readonly givenUp: unknown };

/** The connection to one daemon: its clients, deadlines, breaker, retries, streams and measurements. */
export class DaemonLink<C extends Clients> {
  private readonly connection: DaemonConnection<C>;
  private readonly guard: DaemonBreaker;
  private readonly retrying: RetryPolicy;
  private lastError: string | undefined;

  constructor(private readonly options: DaemonLinkOptions<C>) {
    const { service, endpoint, limits, observer } = options;
    this.connection = new DaemonConnection(endpoint, options.openClients);
    this.guard = new DaemonBreaker(limits, (state) => observer.breakerChanged(service, state));
    this.retrying = retry(handleType(TransportFailure), {
      maxAttempts: limits.retryAttemptsMax,
      backoff: new ExponentialBackoff({ initialDelay: limits.retryDelayMs, maxDelay: limits.retryDelayMsMax }),
    });
  }

  get service(): string {
    return this.options.service;
  }

  get clients(): C {
    return this.connection.clients;
  }

  get connectionState(): ConnectionState {
    return this.connection.state;
  }

  /** When the first of the certificates of this connection expires: the daemon's, or our own. */
  get certificateExpiresAt(): Date | undefined {
    return this.connection.certificateExpiresAt;
  }

  get breaker(): BreakerState {
    return this.guard.state;
  }

  /** Name of the newest failure since the last success. */
  get lastErrorCode(): string | undefined {
    return this.lastError;
  }

  /**
   * A call that changes nothing at the daemon: repeated with growing, jittered pauses while no answer comes.
   * Throws `daemon_unavailable`, `daemon_auth_failed` for a certificate, or what `toRefusal` makes of a refusal.
   */
  async read<Reply>(method: string, start: StartCall<C, Reply>, settings: CallSettings = {}): Promise<Reply> {
    try {
      return await this.retrying.execute(() => this.once("read", method, start, settings), settings.signal);
    } catch (thrown) {
      throw this.explain(thrown, "read");
    }
  }

  /**
   * A call with an effect: sent once. Throws `daemon_unavailable` or `daemon_auth_failed` when it was certainly not sent,
   * `outcome_unknown` when it was and no definite answer came, or what `toRefusal` makes of a refusal.
   */
  async write<Reply>(method: string, start: StartCall<C, Reply>, settings: CallSettings = {}): Promise<Reply> {
    try {
      return await this.once("write", method, start, settings);
    } catch (thrown) {
      throw this.explain(thrown, "write");
    }
  }

  /**
   * The messages of a server stream, which starts when the first one is asked for. Ends when the daemon ends it cleanly, and for a
   * read quietly when `signal` fires. Throws `daemon_unavailable` when the connection broke (a write: `outcome_unknown`, also when
   * `signal` fires), else as `read` and `write`. A reconnect breaks it. Never repeated by itself.
   */
  async *stream<Message>(
    method: string,
    open: OpenStream<C, Message>,
    settings: StreamSettings = {},
  ): AsyncGenerator<Message, void> {
    const kind = settings.kind ?? "read";
    const report = this.stopwatch(method);
    let hasMessages = false;
    try {
      for await (const message of await this.beginStream(open, settings)) {
        if (!hasMessages) report(undefined);
        hasMessages = true;
        yield message;
      }
      if (!hasMessages) report(undefined);
    } catch (thrown) {
      if (kind === "read" && settings.signal?.aborted === true) return;
      const code = this.codeOf(thrown);
      if (hasMessages) this.options.observer.streamBroke({ service: this.service, method, code });
      else report(code);
      throw this.explain(thrown, kind);
    }
  }

  /** Reads certificate and macaroon again and dials anew; an open breaker lets the next call through as its probe. Breaks streams. */
  reconnect(): void {
    this.connection.reopen();
    this.guard.probeNow();
  }

  /** For the health probe: a renewed certificate or macaroon is picked up without an operator. Throws when a file is unreadable. */
  reconnectIfSecretsChanged(): void {
    if (this.connection.reopenIfSecretsChanged()) this.guard.probeNow();
  }

  close(): void {
    this.connection.close();
  }

  /** One attempt; made again at once when the daemon refused a certificate or macaroon that has changed on disk since. */
  private once<Reply>(
    kind: CallKind,
    method: string,
    start: StartCall<C, Reply>,
    settings: CallSettings,
  ): Promise<Reply> {
    return this.withFreshSecrets(async () => {
      const attempt = (): Promise<Attempted<Reply>> => this.attempt(kind, method, start, settings);
      const answer = await this.guard.run(attempt, (each) => "givenUp" in each);
      if ("givenUp" in answer) throw answer.givenUp;
      if ("reply" in answer) return answer.reply;
      throw this.explain(new DaemonRefusal(answer.refusal), kind);
    });
  }

  private async attempt<Reply>(
    kind: CallKind,
    method: string,
    start: StartCall<C, Reply>,
    settings: CallSettings,
  ): Promise<Attempted<Reply>> {
    const { limits, isAnswer = () => false, nameOf } = this.options;
    const timeoutMs = settings.timeoutMs ?? limits.timeoutMs;
    const report = this.stopwatch(method);
    try {
      if (kind === "write") await this.connect(timeoutMs);
      const answer = await timeout(timeoutMs, TimeoutStrategy.Cooperative).execute(
        ({ signal }) =>
          callOnce<Reply>(
            (done) => {
              const options = { deadline: Date.now() + timeoutMs };
              return start(this.clients, this.metadata(settings.metadata, settings.role), options, done);
            },
            { signal, isAnswer, onEnd: (call) => this.connection.noteCertificate(call) },
          ),
        settings.signal,
      );
      report("refusal" in answer ? nameOf(answer.refusal) : undefined);
      return answer;
    } catch (thrown) {
      report(this.codeOf(thrown));
      if (settings.signal?.aborted === true) return { givenUp: thrown };
      throw thrown;
    }
  }

  /** The macaroon of the role and the request id go with every call. */
  private metadata(extra: Metadata | undefined, role: MacaroonRole | undefined): Metadata {
    const metadata = this.connection.metadata(extra, role);
    const requestId = this.options.requestId();
    if (requestId !== undefined) metadata.set("x-request-id", requestId);
    return metadata;
  }

  /**
   * Connects and opens a stream, and lets the breaker judge it by its beginning: a message, an end or a failure within the deadline of
   * unary calls, or its own if that is sooner. One that is quiet for longer may be a subscription without news or a payment on its way
   * as well as a daemon that hangs, so it counts for nothing.
   */
  private async beginStream<Message>(
    open: OpenStream<C, Message>,
    settings: StreamSettings,
  ): Promise<AsyncGenerator<Message, void>> {
    const { timeoutMs } = this.options.limits;
    const isShort = settings.timeoutMs !== undefined && settings.timeoutMs <= timeoutMs;
    const begin = async (): Promise<StreamBeginning<Message>> => {
      await this.connect(timeoutMs);
      return awaitBeginning(this.openStream(open, settings), isShort ? undefined : timeoutMs);
    };
    const { messages } = await this.withFreshSecrets(() => this.guard.run(begin, ({ isAnswer }) => !isAnswer));
    return messages;
  }

  private openStream<Message>(
    open: OpenStream<C, Message>,
    { metadata, role, signal, timeoutMs, notAfter }: StreamSettings,
  ): OpenedStream<Message> {
    if (signal?.aborted === true || (notAfter !== undefined && Date.now() >= notAfter.getTime())) throw this.notSent();
    const { whileOpen } = this.connection;
    const options = timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
    const stream = open(this.clients, this.metadata(metadata, role), options);
    const ending = signal === undefined ? whileOpen : AbortSignal.any([whileOpen, signal]);
    return { messages: readMessages(stream, ending, this.options.isAnswer ?? (() => false)), ending };
  }

  /** The caller's time ran out on the way to the daemon, which says nothing about the daemon. */
  private notSent(): AppError {
    const internal = "the time to send it ran out before it was sent";
    return new AppError("daemon_unavailable", { internal, details: { service: this.service } });
  }

  private async connect(timeoutMs: number): Promise<void> {
    const [client]: (Client | undefined)[] = Object.values(this.clients);
    if (client !== undefined) await waitUntilConnected(client, Math.min(timeoutMs, CONNECT_TIMEOUT_MS));
  }

  private async withFreshSecrets<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (thrown) {
      // Both are refused before the daemon looks at the call, so even a write may be sent again.
      if (!isRefusedCredential(thrown) || !this.hasFreshSecrets()) throw thrown;
      return work();
    }
  }

  private hasFreshSecrets(): boolean {
    try {
      return this.connection.reopenIfSecretsChanged();
    } catch {
      // Half-written or gone: the refusal says more than the file error, which the health probe reports.
      return false;
    }
  }

  /** Reports one call, once. */
  private stopwatch(method: string): (code: string | undefined) => void {
    const startedAt = performance.now();
    return (code) => {
      this.lastError = code;
      const call = { service: this.service, method, seconds: (performance.now() - startedAt) / 1000 };
      this.options.observer.callFinished(code === undefined ? call : { ...call, code });
    };
  }

  private codeOf(thrown: unknown): string {
    return nameFailure(thrown, this.options.nameOf);
  }

  private explain(thrown: unknown, kind: CallKind): AppError {
    const { options, guard } = this;
    return toCallError(thrown, kind, {
      service: options.service,
      toRefusal: options.toRefusal,
      breaker: guard.state,
      retryAfterSeconds: guard.retryAfterSeconds,
    });
  }
}

function isRefusedCredential(thrown: unknown): boolean {
  return thrown instanceof CertificateFailure || (thrown instanceof AppError && thrown.code === "daemon_auth_failed");
}
