import { AppError } from "../errors";
import type { Attempt } from "../jobs/attempt-store";
import type { ExternalCall, ExternalCallStore } from "../ports/external-call-store";
import type { LightningNode } from "../ports/lightning-node";
import type { Transactions, Tx } from "../ports/transactions";
import { closeChannel, openChannel, sendOnchain } from "./operator-writes";

const JOB_ID = "0c0ffee0-0000-4000-8000-000000000001";
const ATTEMPT: Attempt = {
  task: "lightning_channel_open",
  rowKey: JOB_ID,
  token: "token-1",
  wakeSeq: 1,
  tries: { used: 0, max: 5 },
  startedAt: new Date(0),
  job: undefined,
};
const RUN = { attempt: ATTEMPT, signal: new AbortController().signal };
const NODE = `02${"ab".repeat(32)}`;
const POINT = `${"cd".repeat(32)}:1`;
const OPENING = { nodePubkey: NODE, host: "10.0.0.1:9735", amountSats: 100_000n, isPrivate: false, satPerVbyte: 2n };
const SENDING = { address: "bcrt1qexample0000", amountSats: 50_000n, satPerVbyte: undefined };

const transactions: Transactions = {
  run: (work) => work({} as Tx),
} as Transactions;

class InMemoryCalls implements Pick<ExternalCallStore, "find" | "begin" | "end"> {
  readonly rows = new Map<string, ExternalCall>();
  isCancelled = false;
  find(key: Pick<ExternalCall, "kind" | "businessKey">) {
    return Promise.resolve(this.rows.get(`${key.kind}:${key.businessKey}`));
  }
  begin(_tx: Tx, _attempt: Attempt, call: Parameters<ExternalCallStore["begin"]>[2]) {
    if (this.isCancelled) return Promise.resolve(false);
    this.rows.set(`${call.kind}:${call.businessKey}`, { ...call, state: "sent", externalId: undefined });
    return Promise.resolve(true);
  }
  end(
    _tx: Tx,
    _attempt: Attempt,
    key: Pick<ExternalCall, "service" | "kind" | "businessKey">,
    outcome: Parameters<ExternalCallStore["end"]>[3],
  ) {
    const externalId = outcome.state === "confirmed" ? outcome.externalId : undefined;
    this.rows.set(`${key.kind}:${key.businessKey}`, { ...key, state: outcome.state, externalId });
    return Promise.resolve();
  }
  get states() {
    return [...this.rows.values()].map(({ state }) => state);
  }
}

/** A node of which only these methods are asked; every other call fails the test. */
function aNode(parts: Partial<LightningNode>): LightningNode {
  return new Proxy(parts as LightningNode, {
    get: (target, name: keyof LightningNode) => {
      if (target[name] !== undefined) return target[name];
      throw new Error(`${name} was not expected`);
    },
  });
}

const NOTHING_PENDING = { limboSats: 0n, opening: [], waitingClose: [], forceClosing: [] };
const codeOf = (error: unknown) => (error instanceof AppError ? error.code : error);

test("a channel is opened once, with the job's id as its memo, however often the job runs", async () => {
  const calls = new InMemoryCalls();
  const asked: unknown[] = [];
  const lightning = aNode({
    connectPeer: () => Promise.resolve(),
    openChannel: (request) => {
      asked.push(request);
      return Promise.resolve({ channelPoint: POINT });
    },
  });
  const deps = { calls, transactions, lightning };
  expect(await openChannel(deps, RUN, OPENING)).toBe(POINT);
  expect(await openChannel(deps, RUN, OPENING)).toBe(POINT);
  expect(asked).toEqual([{ nodePubkey: NODE, amountSats: 100_000n, isPrivate: false, satPerVbyte: 2n, memo: JOB_ID }]);
});

test("a reply that got lost is looked up by the memo and nothing is sent again", async () => {
  const calls = new InMemoryCalls();
  let isOpening = false;
  let sends = 0;
  const lightning = aNode({
    connectPeer: () => Promise.resolve(),
    openChannel: () => {
      sends += 1;
      return Promise.reject(new AppError("outcome_unknown"));
    },
    listChannels: () => Promise.resolve([]),
    listPendingChannels: () =>
      Promise.resolve({
        ...NOTHING_PENDING,
        opening: isOpening
          ? [
              {
                channelPoint: POINT,
                remotePubkey: NODE,
                capacitySats: 100_000n,
                localSats: 100_000n,
                commitFeeSats: 0n,
                memo: JOB_ID,
              },
            ]
          : [],
      }),
  });
  const deps = { calls, transactions, lightning };
  for (let i = 0; i < 3; i++) {
    expect(codeOf(await openChannel(deps, RUN, OPENING).catch((error: unknown) => error))).toBe("outcome_unknown");
    expect(calls.states).toEqual(["unknown"]);
  }
  isOpening = true;
  expect(await openChannel(deps, RUN, OPENING)).toBe(POINT);
  expect(sends).toBe(1);
});

test("a job that died while it was sending finds its transaction by the label", async () => {
  const calls = new InMemoryCalls();
  const txid = "ef".repeat(32);
  await calls.begin({} as Tx, ATTEMPT, { service: "lnd", kind: "send_onchain", businessKey: JOB_ID, request: {} });
  const lightning = aNode({
    getInfo: () => Promise.resolve({ blockHeight: 100 } as Awaited<ReturnType<LightningNode["getInfo"]>>),
    listOnchainTransactions: () =>
      Promise.resolve([
        {
          txid: "00".repeat(32),
          amountSats: -1n,
          outputsSats: 0n,
          feeSats: 1n,
          confirmations: 0,
          blockHeight: 0,
          label: "another",
        },
        { txid, amountSats: -50_000n, outputsSats: 0n, feeSats: 200n, confirmations: 0, blockHeight: 0, label: JOB_ID },
      ]),
  });
  expect(await sendOnchain({ calls, transactions, lightning }, RUN, SENDING)).toBe(txid);
  expect(calls.states).toEqual(["confirmed"]);
});

test("after a certain refusal the job may send again", async () => {
  const calls = new InMemoryCalls();
  let isRefusing = true;
  const lightning = aNode({
    sendOnchain: () =>
      isRefusing ? Promise.reject(new AppError("daemon_rejected")) : Promise.resolve({ txid: "ef".repeat(32) }),
  });
  const deps = { calls, transactions, lightning };
  expect(codeOf(await sendOnchain(deps, RUN, SENDING).catch((error: unknown) => error))).toBe("daemon_rejected");
  expect(calls.states).toEqual(["failed"]);
  isRefusing = false;
  expect(await sendOnchain(deps, RUN, SENDING)).toBe("ef".repeat(32));
});

test("a fault of our own while sending counts as unknown, never as without effect", async () => {
  const calls = new InMemoryCalls();
  const lightning = aNode({ sendOnchain: () => Promise.reject(new TypeError("x is undefined")) });
  await expect(sendOnchain({ calls, transactions, lightning }, RUN, SENDING)).rejects.toMatchObject({
    code: "internal_error",
  });
  expect(calls.states).toEqual(["unknown"]);
});

test("a cancel that came first sends nothing and waits to be stopped", async () => {
  const calls = new InMemoryCalls();
  calls.isCancelled = true;
  const stop = new AbortController();
  const running = sendOnchain({ calls, transactions, lightning: aNode({}) }, { ...RUN, signal: stop.signal }, SENDING);
  stop.abort(new Error("cancelled"));
  await expect(running).rejects.toThrow("cancelled");
  expect(calls.states).toEqual([]);
});

test("a forced close whose reply got lost is not taken for done by a cooperative one, nor by one that lnd cannot name", async () => {
  const calls = new InMemoryCalls();
  const pending = { remotePubkey: NODE, capacitySats: 0n, localSats: 0n, commitFeeSats: 0n, memo: "", limboSats: 0n };
  let waiting = { ...pending, channelPoint: POINT, closingTxid: "", way: "force" as "force" | "cooperative" };
  const lightning = aNode({
    closeChannel: () => Promise.reject(new AppError("outcome_unknown")),
    listPendingChannels: () => Promise.resolve({ ...NOTHING_PENDING, waitingClose: [waiting] }),
  });
  const closing = { channelPoint: POINT, force: true, satPerVbyte: undefined };
  const close = () =>
    closeChannel({ calls, transactions, lightning }, RUN, closing).catch((error: unknown) => codeOf(error));
  expect([await close(), await close()]).toEqual(["outcome_unknown", "outcome_unknown"]);
  const closingTxid = "ef".repeat(32);
  waiting = { ...waiting, closingTxid, way: "cooperative" };
  expect(await close()).toBe("daemon_rejected");
  expect(calls.states).toEqual(["unknown"]);
  waiting = { ...waiting, way: "force" };
  expect(await close()).toBe(closingTxid);
});

test("a cooperative close that fails stays one", async () => {
  const calls = new InMemoryCalls();
  const asked: unknown[] = [];
  const lightning = aNode({
    closeChannel: (request) => {
      asked.push(request);
      return Promise.reject(new AppError("daemon_rejected"));
    },
  });
  const closing = { channelPoint: POINT, force: false, satPerVbyte: undefined };
  for (let i = 0; i < 2; i++) {
    await expect(closeChannel({ calls, transactions, lightning }, RUN, closing)).rejects.toBeInstanceOf(AppError);
  }
  expect(asked).toEqual([closing, closing]);
});
