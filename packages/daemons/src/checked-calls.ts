import type { BitcoinNetwork } from "@arkrelay/core/ark/network";
import { AppError } from "@arkrelay/core/errors";

import type { Clients } from "./daemon-connection";
import type { CallSettings, DaemonLink, StreamSettings } from "./daemon-link";
import type { OpenStream } from "./server-stream";
import type { StartCall } from "./unary-call";

/** An operator may exchange the daemon behind an address; this is how long that may stay unnoticed. */
const CHECK_AGE_MS = 60_000;

const RETRY_SECONDS = 60;

/** The calls of a daemon that are made only while it is the one we are configured for. */
export class CheckedCalls<C extends Clients> {
  private checkedAtMs = Number.NEGATIVE_INFINITY;
  private checking: Promise<void> | undefined;

  constructor(
    private readonly link: DaemonLink<C>,
    /** Throws when nothing of this daemon may be used. */
    private readonly check: () => Promise<unknown>,
  ) {}

  async read<Reply>(method: string, start: StartCall<C, Reply>, settings?: CallSettings): Promise<Reply> {
    await this.pass();
    return this.link.read(method, start, settings);
  }

  async write<Reply>(method: string, start: StartCall<C, Reply>, settings?: CallSettings): Promise<Reply> {
    await this.pass();
    return this.link.write(method, start, settings);
  }

  async *stream<Message>(
    method: string,
    open: OpenStream<C, Message>,
    settings?: StreamSettings,
  ): AsyncGenerator<Message, void> {
    await this.pass();
    yield* this.link.stream(method, open, settings);
  }

  private async pass(): Promise<void> {
    if (Date.now() - this.checkedAtMs < CHECK_AGE_MS) return;
    this.checking ??= this.runCheck();
    try {
      await this.checking;
    } finally {
      this.checking = undefined;
    }
  }

  private async runCheck(): Promise<void> {
    await this.check();
    this.checkedAtMs = Date.now();
  }
}

/** lnd's and tapd's name of a network (GetInfo) as ours. Throws `daemon_unavailable` when it is not the gateway's. */
export function checkNetwork(service: string, name: string, network: BitcoinNetwork): BitcoinNetwork {
  if (name === network) return network;
  throw new AppError("daemon_unavailable", {
    details: { service, reason: "wrong_network" },
    internal: `${service} runs on ${name === "" ? "an unnamed network" : name}, this gateway on ${network}`,
    retryAfterSeconds: RETRY_SECONDS,
  });
}
