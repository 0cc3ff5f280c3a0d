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

import { AssetWalletClient } from "@arkrelay/daemons/proto/assetwalletrpc/assetwallet";
import { MintClient } from "@arkrelay/daemons/proto/mintrpc/mint";
import { RfqClient } from "@arkrelay/daemons/proto/rfqrpc/rfq";
import { TaprootAssetChannelsClient } from "@arkrelay/daemons/proto/tapchannelrpc/tapchannel";
import { TaprootAssetsClient } from "@arkrelay/daemons/proto/taprpc/taprootassets";
import { UniverseClient } from "@arkrelay/daemons/proto/universerpc/universe";

import { SeededRandom } from "../../clock/seeded-random";
import { FaultBook } from "../../faults/fault-book";
import { anLndEngine } from "../../lnd/testing/an-lnd-engine";
import { TapdEngine } from "../engine/tapd-engine";
import { TapdState } from "../engine/tapd-state";
import { lndFactsOf } from "../lnd-facts-of";
import { type TapdDaemon, startTapdDaemon } from "../tapd-daemon";
import { tapdFaultsOf } from "../tapd-faults-of";

/** A whole tapd on a free port, its lnd on a fixed clock, and a client for every service. */
export async function aTapd() {
  const folder = mkdtempSync(join(tmpdir(), "devnet-tapd-"));
  const { engine: lnd, clock } = anLndEngine();
  const faults = new FaultBook(new SeededRandom("test"));
  const engine = new TapdEngine({
    seed: "test",
    state: new TapdState(),
    clock,
    lnd,
    facts: lndFactsOf(lnd),
    faults: tapdFaultsOf(faults),
    append: () => undefined,
  });
  const deps = { engine, lnd, faults, macaroonSecret: Buffer.from("test") };
  const daemon = await startTapdDaemon(deps, { port: 0, folder });
  const address = `127.0.0.1:${daemon.port}`;
  const creds = clientCredentials(daemon, "admin");
  const clients = {
    assets: new TaprootAssetsClient(address, creds),
    mint: new MintClient(address, creds),
    universe: new UniverseClient(address, creds),
    rfq: new RfqClient(address, creds),
    channels: new TaprootAssetChannelsClient(address, creds),
    wallet: new AssetWalletClient(address, creds),
  };
  return {
    ...clients,
    daemon,
    engine,
    lnd,
    clock,
    faults,
    address,
    mine: (blocks: number): void => lnd.syncToHeight(lnd.height + blocks),
    close: async (): Promise<void> => {
      for (const client of Object.values(clients)) client.close();
      await daemon.close();
      rmSync(folder, { recursive: true });
    },
  };
}
export type RunningTapd = Awaited<ReturnType<typeof aTapd>>;

/** TLS by the daemon's own file, and one of its macaroons; "" = none. */
export function clientCredentials(daemon: TapdDaemon, macaroonName: string): ChannelCredentials {
  const tls = credentials.createSsl(readFileSync(daemon.tlsCertFile));
  if (macaroonName === "") return tls;
  const macaroon = readFileSync(daemon.macaroonFiles[macaroonName] ?? "").toString("hex");
  return credentials.combineChannelCredentials(
    tls,
    credentials.createFromMetadataGenerator((_options, done) => {
      const metadata = new Metadata();
      metadata.set("macaroon", macaroon);
      done(null, metadata);
    }),
  );
}

export function call<A>(start: (reply: (error: ServiceError | null, answer: A) => void) => unknown): Promise<A> {
  return new Promise((resolve, reject) => start((error, answer) => (error === null ? resolve(answer) : reject(error))));
}

/** Code and text of a refusal. */
export async function refusalOf(work: Promise<unknown>): Promise<[number, string]> {
  return work.then(
    () => {
      throw new Error("nothing was refused");
    },
    (error: ServiceError) => [error.code, error.details],
  );
}

/** The first `count` messages of a stream, which is cancelled then; fewer when it ends before. Rejects when it breaks before. */
export function messagesOf<A>(stream: ClientReadableStream<A>, count: number): Promise<A[]> {
  const messages: A[] = [];
  return new Promise((resolve, reject) => {
    stream.on("data", (message: A) => {
      messages.push(message);
      if (messages.length < count) return;
      resolve(messages);
      stream.cancel();
    });
    stream.on("error", (error: ServiceError) => (messages.length >= count ? undefined : reject(error)));
    stream.on("end", () => resolve(messages));
  });
}
