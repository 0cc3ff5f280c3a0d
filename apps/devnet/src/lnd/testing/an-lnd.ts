import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  type ChannelCredentials,
  type ClientReadableStream,
  Metadata,
  type ServiceError,
  credentials,
} from "@grpc/grpc-js";

import { InvoicesClient } from "@arkrelay/daemons/proto/invoicesrpc/invoices";
import { LightningClient } from "@arkrelay/daemons/proto/lnrpc/lightning";
import { StateClient } from "@arkrelay/daemons/proto/lnrpc/stateservice";
import { RouterClient } from "@arkrelay/daemons/proto/routerrpc/router";
import { VersionerClient } from "@arkrelay/daemons/proto/verrpc/verrpc";

import { SeededRandom } from "../../clock/seeded-random";
import type { FaultKind } from "../../faults/fault";
import { FaultBook } from "../../faults/fault-book";
import type { LndSettings } from "../engine/lnd-settings";
import { type LndDaemon, startLndDaemon } from "../lnd-daemon";
import { type EngineWorld, anLndEngine } from "./an-lnd-engine";

/** A whole lnd on a free port, and clients of every service as the gateway would open them. */
export class RunningLnd {
  readonly lightning: LightningClient;
  readonly router: RouterClient;
  readonly invoices: InvoicesClient;
  readonly state: StateClient;
  readonly versioner: VersionerClient;

  private constructor(
    readonly world: EngineWorld,
    readonly daemon: LndDaemon,
    readonly faults: FaultBook,
    private readonly folder: string,
    /** Heights of the blocks that hold transactions of others, by txid. */
    readonly foreign: Map<string, number>,
  ) {
    const tls = this.credentials();
    const withMacaroon = credentials.combineChannelCredentials(
      tls,
      credentials.createFromMetadataGenerator((_params, done) => done(null, this.macaroon("admin"))),
    );
    this.lightning = new LightningClient(this.address, withMacaroon, {
      "grpc.max_receive_message_length": 209_715_200,
    });
    this.router = new RouterClient(this.address, withMacaroon);
    this.invoices = new InvoicesClient(this.address, withMacaroon);
    this.state = new StateClient(this.address, tls);
    this.versioner = new VersionerClient(this.address, withMacaroon);
  }

  static async start(settings: Partial<LndSettings> = {}): Promise<RunningLnd> {
    const world = anLndEngine({ settings });
    const folder = mkdtempSync(join(tmpdir(), "lnd-"));
    const faults = new FaultBook(new SeededRandom("faults"));
    const foreign = new Map<string, number>();
    const daemon = await startLndDaemon(
      { engine: world.engine, faults, findForeignHeight: (txid) => foreign.get(txid) },
      { port: 0, folder },
    );
    return new RunningLnd(world, daemon, faults, folder, foreign);
  }

  get engine() {
    return this.world.engine;
  }

  get address(): string {
    return `localhost:${this.daemon.port}`;
  }

  /** Trusts the certificate that is in the file now. */
  credentials(): ChannelCredentials {
    return credentials.createSsl(readFileSync(this.daemon.tlsCertFile));
  }

  macaroon(name: string): Metadata {
    const metadata = new Metadata();
    metadata.set("macaroon", readFileSync(this.daemon.macaroonFiles[name] ?? "").toString("hex"));
    return metadata;
  }

  fault(kind: FaultKind, method = "*", rest: { readonly code?: string; readonly times?: number } = {}): string {
    return this.faults.add({ target: "lnd", kind, method, times: 1, probability: 1, ...rest }).id;
  }

  async stop(): Promise<void> {
    for (const client of [this.lightning, this.router, this.invoices, this.state, this.versioner]) client.close();
    await this.daemon.close();
    rmSync(this.folder, { recursive: true });
  }
}

export function call<A>(start: (reply: (error: ServiceError | null, answer: A) => void) => unknown): Promise<A> {
  return new Promise((resolve, reject) => start((error, answer) => (error === null ? resolve(answer) : reject(error))));
}

/** Code and text of a refusal. */
export async function refusalOf(work: Promise<unknown>): Promise<readonly [number, string]> {
  return work.then(
    () => {
      throw new Error("nothing was refused");
    },
    (error: ServiceError) => [error.code, error.details] as const,
  );
}

/** What a stream sends, one message at a time. */
export class StreamReader<A> {
  readonly #messages: A[] = [];
  readonly #waiting: (() => void)[] = [];
  #end: { readonly error: ServiceError | undefined } | undefined;

  constructor(readonly stream: ClientReadableStream<A>) {
    stream.on("data", (message: A) => {
      this.#messages.push(message);
      this.#wake();
    });
    stream.on("error", (error: ServiceError) => this.#finish(error));
    stream.on("end", () => this.#finish(undefined));
  }

  /** The next message; throws when the stream ends before it. */
  async next(): Promise<A> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      if (this.#end !== undefined) throw new Error(`the stream ended: ${this.#end.error?.details ?? "cleanly"}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** All that is left until the stream ends, and how it ended. */
  async rest(): Promise<{ readonly messages: readonly A[]; readonly error: ServiceError | undefined }> {
    while (this.#end === undefined) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return { messages: this.#messages.splice(0), error: this.#end.error };
  }

  #finish(error: ServiceError | undefined): void {
    // After an error grpc-js says "end" as well.
    this.#end ??= { error };
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
