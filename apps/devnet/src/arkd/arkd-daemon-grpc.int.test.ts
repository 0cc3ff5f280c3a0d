import { type ClientReadableStream, Metadata, type ServiceError, credentials, status } from "@grpc/grpc-js";
import { hex } from "@scure/base";

import { ErrorDetails } from "@arkrelay/daemons/proto/ark/v1/errors";
import {
  GetSubscriptionRequest,
  type GetSubscriptionResponse,
  GetVtxosRequest,
  type GetVtxosResponse,
  IndexerServiceClient,
  type IndexerVtxo,
} from "@arkrelay/daemons/proto/ark/v1/indexer";
import { ArkServiceClient } from "@arkrelay/daemons/proto/ark/v1/service";
import { Status } from "@arkrelay/daemons/proto/google/rpc/status";

import { type Coin, aSubmission, aWallet, scriptOf, signCheckpoints } from "./testing/a-transfer";
import { type RunningArkd, anArkd } from "./testing/an-arkd";

const alice = aWallet("alice");
const bob = aWallet("bob");

let arkd: RunningArkd;
let ark: ArkServiceClient;
let indexer: IndexerServiceClient;

beforeEach(async () => {
  arkd = await anArkd({ reattachMs: 60_000 });
  ark = new ArkServiceClient(arkd.address, credentials.createInsecure());
  indexer = new IndexerServiceClient(arkd.address, credentials.createInsecure());
});
afterEach(async () => {
  ark.close();
  indexer.close();
  await arkd.daemon.close();
});

function call<A>(start: (reply: (error: ServiceError | null, answer: A) => void) => unknown): Promise<A> {
  return new Promise((resolve, reject) => start((error, answer) => (error === null ? resolve(answer) : reject(error))));
}

async function errorOf(work: Promise<unknown>): Promise<ServiceError> {
  return work.then(
    () => {
      throw new Error("nothing was refused");
    },
    (error: ServiceError) => error,
  );
}

function detailsOf(error: ServiceError): ErrorDetails {
  const [bytes] = error.metadata.get("grpc-status-details-bin");
  const details = Status.decode(Buffer.from(bytes ?? "")).details[0];
  return ErrorDetails.decode(details?.value ?? Buffer.alloc(0));
}

function aliceCoin(amountSats = 50_000): Coin {
  const { vtxoIds } = arkd.engine.fund(alice.pubkey, BigInt(amountSats), 1);
  return { vtxoId: vtxoIds[0] ?? "", amountSats, owner: alice };
}

function payBob(coin: Coin): { signedArkTx: string; checkpointTxs: string[] } {
  return aSubmission(
    arkd.server,
    [coin],
    [{ script: scriptOf(bob, arkd.server).pkScript, amountSats: BigInt(coin.amountSats) }],
  );
}

function submit(coin: Coin): Promise<{ arkTxid: string; signedCheckpointTxs: string[] }> {
  return call((reply) => ark.submitTx(payBob(coin), reply));
}

type StreamMessage = NonNullable<GetSubscriptionResponse["data"]>;

/** The stream's next message that `pick` takes. */
function next<T>(
  stream: ClientReadableStream<GetSubscriptionResponse>,
  pick: (message: StreamMessage) => T | undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    stream.on("data", ({ data }: GetSubscriptionResponse) => {
      const picked = data === undefined ? undefined : pick(data);
      if (picked !== undefined) resolve(picked);
    });
    stream.on("error", reject);
  });
}

/** The first VTXO of the stream's next event. */
function nextVtxo(stream: ClientReadableStream<GetSubscriptionResponse>): Promise<IndexerVtxo> {
  return next(stream, (message) => (message.$case === "event" ? message.value.newVtxos[0] : undefined));
}

function ended(stream: ClientReadableStream<GetSubscriptionResponse>): Promise<ServiceError | undefined> {
  return new Promise((resolve) => {
    stream.on("data", () => undefined);
    stream.on("error", resolve);
    stream.on("end", () => resolve(undefined));
  });
}

describe("arkd over gRPC", () => {
  it("moves a VTXO from owner to owner in the two steps of the protocol", async () => {
    const coin = aliceCoin();
    const accepted = await submit(coin);
    const finalCheckpointTxs = signCheckpoints([coin], accepted.signedCheckpointTxs);
    await call((reply) => ark.finalizeTx({ arkTxid: accepted.arkTxid, finalCheckpointTxs }, reply));
    const scripts = [hex.encode(scriptOf(bob, arkd.server).pkScript)];
    const { vtxos, page } = await call<{ vtxos: { amount: bigint; depth: number }[]; page: unknown }>((reply) =>
      indexer.getVtxos(GetVtxosRequest.fromPartial({ scripts, spendableOnly: true }), reply),
    );
    expect(vtxos).toMatchObject([{ amount: 50_000n, depth: 1, isPreconfirmed: true }]);
    expect(page).toEqual({ current: 1, next: 1, total: 1 });
  });

  it("lists an accepted transfer's inputs as pending until it is final", async () => {
    const coin = aliceCoin();
    await submit(coin);
    const scripts = [hex.encode(scriptOf(alice, arkd.server).pkScript)];
    const { vtxos } = await call<{ vtxos: { isSpent: boolean }[] }>((reply) =>
      indexer.getVtxos(GetVtxosRequest.fromPartial({ scripts, pendingOnly: true }), reply),
    );
    expect(vtxos).toMatchObject([{ isSpent: true }]);
  });

  it("sends arkd's error details in the trailer", async () => {
    const coin = aliceCoin();
    await submit(coin);
    const error = await errorOf(submit(coin));
    expect([error.code, error.details]).toEqual([
      status.INVALID_ARGUMENT,
      "INVALID_ARK_PSBT (1): duplicated offchain tx",
    ]);
    expect(detailsOf(error)).toMatchObject({ code: 1, name: "INVALID_ARK_PSBT", message: "duplicated offchain tx" });
  });

  it("refuses a stale digest and takes none at all", async () => {
    const stale = new Metadata();
    stale.set("x-digest", "stale");
    const error = await errorOf(call((reply) => ark.getInfo({}, stale, reply)));
    expect([error.code, detailsOf(error).name]).toEqual([status.FAILED_PRECONDITION, "DIGEST_MISMATCH"]);
    const { digest } = await call<{ digest: string }>((reply) => ark.getInfo({}, reply));
    arkd.engine.changeSettings({ maxTxWeight: 30_000 });
    expect((await call<{ digest: string }>((reply) => ark.getInfo({}, reply))).digest).not.toBe(digest);
  });

  it("refuses an intent that is not there, and one that nobody has proven", async () => {
    const missing = await errorOf(call((reply) => ark.registerIntent({ intent: undefined }, reply)));
    expect([missing.code, missing.details]).toEqual([status.INVALID_ARGUMENT, "missing intent"]);
    const message = JSON.stringify({ type: "delete", expire_at: 0 });
    const unproven = await errorOf(call((reply) => ark.deleteIntent({ intent: { proof: "x", message } }, reply)));
    expect([unproven.code, detailsOf(unproven).name]).toEqual([status.INVALID_ARGUMENT, "INVALID_INTENT_PSBT"]);
  });

  it("refuses two filters at once and filters with outpoints", async () => {
    const scripts = [hex.encode(scriptOf(bob, arkd.server).pkScript)];
    const both = GetVtxosRequest.fromPartial({ scripts, spendableOnly: true, spentOnly: true });
    expect((await errorOf(call((reply) => indexer.getVtxos(both, reply)))).code).toBe(status.INVALID_ARGUMENT);
    const withOutpoints = GetVtxosRequest.fromPartial({ outpoints: [`${"ab".repeat(32)}:0`], spentOnly: true });
    expect((await errorOf(call((reply) => indexer.getVtxos(withOutpoints, reply)))).code).toBe(status.INVALID_ARGUMENT);
  });

  it("pages by 100 from page 1 on", async () => {
    arkd.engine.fund(alice.pubkey, 1_000n, 205);
    const scripts = [hex.encode(scriptOf(alice, arkd.server).pkScript)];
    const pages = await Promise.all(
      [1, 2, 3].map((index) =>
        call<GetVtxosResponse>((reply) =>
          indexer.getVtxos(GetVtxosRequest.fromPartial({ scripts, page: { size: 500, index } }), reply),
        ),
      ),
    );
    expect(pages.map(({ vtxos }) => vtxos.length)).toEqual([100, 100, 5]);
    expect(new Set(pages.flatMap(({ vtxos }) => vtxos.map(({ outpoint }) => outpoint?.vout))).size).toBe(205);
    expect(pages.map(({ page }) => page)).toMatchObject([{ next: 2, total: 3 }, { next: 3 }, { current: 3, next: 3 }]);
  });
});

describe("faults", () => {
  const once = { target: "arkd" as const, times: 1, probability: 1 };

  it("error_before answers the code and leaves nothing behind", async () => {
    arkd.faults.add({ ...once, method: "SubmitTx", kind: "error_before", code: "RESOURCE_EXHAUSTED" });
    const coin = aliceCoin();
    expect((await errorOf(submit(coin))).code).toBe(status.RESOURCE_EXHAUSTED);
    expect((await submit(coin)).signedCheckpointTxs).toHaveLength(1);
  });

  it("lose_reply applies the effect and drops the answer", async () => {
    arkd.faults.add({ ...once, method: "SubmitTx", kind: "lose_reply" });
    const coin = aliceCoin();
    expect((await errorOf(submit(coin))).code).toBe(status.UNAVAILABLE);
    expect((await errorOf(submit(coin))).details).toBe("INVALID_ARK_PSBT (1): duplicated offchain tx");
  });

  it("stall answers nothing until the deadline", async () => {
    arkd.faults.add({ ...once, method: "GetInfo", kind: "stall" });
    const error = await errorOf(
      call((reply) => ark.getInfo({}, new Metadata(), { deadline: Date.now() + 100 }, reply)),
    );
    expect(error.code).toBe(status.DEADLINE_EXCEEDED);
  });

  it("down refuses connections until it is lifted", async () => {
    const fault = arkd.faults.add({ ...once, method: "*", kind: "down" });
    expect((await errorOf(call((reply) => ark.getInfo({}, reply)))).code).toBe(status.UNAVAILABLE);
    arkd.faults.remove(fault.id);
    const options = { deadline: Date.now() + 10_000 };
    const ready = new Metadata({ waitForReady: true });
    expect(await call<{ version: string }>((reply) => ark.getInfo({}, ready, options, reply))).toMatchObject({
      version: "devnet",
    });
  });

  it("drop and duplicate bend the events of a stream, never its heartbeat", async () => {
    arkd.faults.add({ ...once, method: "GetSubscription", kind: "drop" });
    arkd.faults.add({ ...once, method: "GetSubscription", kind: "duplicate" });
    const scripts = { add: [hex.encode(scriptOf(alice, arkd.server).pkScript)] };
    const stream = indexer.getSubscription(GetSubscriptionRequest.fromPartial({ filter: { scripts } }));
    await next(stream, (message) => message.$case === "subscriptionStarted" || undefined);
    const txids: string[] = [];
    const three = new Promise<void>((resolve) => {
      stream.on("data", ({ data }: GetSubscriptionResponse) => {
        if (data?.$case === "event" && txids.push(data.value.newVtxos[0]?.outpoint?.txid ?? "") === 3) resolve();
      });
    });
    const funded = [1, 2, 3].map(() => arkd.engine.fund(alice.pubkey, 1_000n, 1).txid);
    await three;
    expect(txids).toEqual([funded[1], funded[1], funded[2]]);
    stream.cancel();
    await ended(stream);
  });
});

describe("subscriptions", () => {
  const script = () => hex.encode(scriptOf(alice, arkd.server).pkScript);

  function subscribe(scripts: string[], subscriptionId = ""): Promise<{ subscriptionId: string }> {
    return call((reply) => indexer.subscribeForScripts({ scripts, subscriptionId }, reply));
  }

  function attach(subscriptionId: string): ClientReadableStream<GetSubscriptionResponse> {
    return indexer.getSubscription(GetSubscriptionRequest.fromPartial({ subscriptionId }));
  }

  it("deliver what happened before the stream was there and after it was cut", async () => {
    const { subscriptionId } = await subscribe([script()]);
    const early = arkd.engine.fund(alice.pubkey, 1_000n, 1);
    const first = attach(subscriptionId);
    expect((await nextVtxo(first)).outpoint?.txid).toBe(early.txid);
    const cut = ended(first);
    arkd.faults.add({ target: "arkd", method: "GetSubscription", kind: "cut_stream", times: 1, probability: 1 });
    expect((await cut)?.code).toBe(status.UNAVAILABLE);
    const meanwhile = arkd.engine.fund(alice.pubkey, 1_000n, 1);
    const second = attach(subscriptionId);
    expect((await nextVtxo(second)).outpoint?.txid).toBe(meanwhile.txid);
    second.cancel();
    await ended(second);
  });

  it("keep 100 events for a stream that is away and lose the rest", async () => {
    const { subscriptionId } = await subscribe([script()]);
    for (let n = 0; n < 105; n += 1) arkd.engine.fund(alice.pubkey, 1_000n, 1);
    const stream = attach(subscriptionId);
    const last = arkd.engine.state.commitmentCount;
    const amounts: bigint[] = [];
    const done = new Promise<void>((resolve) => {
      stream.on("data", ({ data }: GetSubscriptionResponse) => {
        if (data?.$case !== "event") return;
        amounts.push(data.value.newVtxos[0]?.amount ?? 0n);
        if (amounts.length === 100) arkd.engine.fund(alice.pubkey, 7_777n, 1);
        if (amounts.at(-1) === 7_777n) resolve();
      });
    });
    await done;
    expect([last, amounts.length]).toEqual([105, 101]);
    stream.cancel();
    await ended(stream);
  });

  it("are displaced by a second stream on the same id", async () => {
    const { subscriptionId } = await subscribe([script()]);
    const first = attach(subscriptionId);
    const firstEnd = ended(first);
    arkd.engine.fund(alice.pubkey, 1_000n, 1);
    const second = attach(subscriptionId);
    await firstEnd;
    arkd.engine.fund(alice.pubkey, 2_000n, 1);
    expect((await nextVtxo(second)).script).toBe(script());
    second.cancel();
    await ended(second);
  });

  it("answer SUBSCRIPTION_NOT_FOUND for an unknown or forgotten id", async () => {
    const error = await errorOf(subscribe([script()], "unknown"));
    expect([error.code, detailsOf(error).code]).toEqual([status.NOT_FOUND, 50]);
    const { subscriptionId } = await subscribe([script()]);
    await call((reply) => indexer.unsubscribeForScripts({ subscriptionId, scripts: [script()] }, reply));
    expect((await ended(attach(subscriptionId)))?.code).toBe(status.NOT_FOUND);
  });

  it("show by heartbeats that the stream lives", async () => {
    const quick = await anArkd({ heartbeatMs: 20 });
    const client = new IndexerServiceClient(quick.address, credentials.createInsecure());
    const scripts = { add: [script()] };
    const stream = client.getSubscription(GetSubscriptionRequest.fromPartial({ filter: { scripts } }));
    expect(await next(stream, (message) => message.$case === "heartbeat" || undefined)).toBe(true);
    stream.cancel();
    await ended(stream);
    client.close();
    await quick.daemon.close();
  });

  it("are forgotten by a restart, but the VTXOs are not", async () => {
    const { subscriptionId } = await subscribe([script()]);
    const { vtxoIds } = arkd.engine.fund(alice.pubkey, 1_000n, 1);
    arkd.daemon.restart(0);
    // A client of its own: the old one may not have noticed yet that its connection is gone.
    const fresh = new IndexerServiceClient(arkd.address, credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
    });
    const request = GetVtxosRequest.fromPartial({ outpoints: [...vtxoIds] });
    const { vtxos } = await call<GetVtxosResponse>((reply) => fresh.getVtxos(request, reply));
    expect(vtxos).toHaveLength(1);
    const stream = fresh.getSubscription(GetSubscriptionRequest.fromPartial({ subscriptionId }));
    expect((await ended(stream))?.code).toBe(status.NOT_FOUND);
    fresh.close();
  });
});
