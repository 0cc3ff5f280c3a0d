import { randomBytes, randomUUID } from "node:crypto";
import { PassThrough } from "node:stream";

import type { BookChannelClosesDeps } from "@arkrelay/core/ledger/book-channel-closes";
import { bookNodeWrites, type BookNodeWritesDeps } from "@arkrelay/core/ledger/book-node-writes";
import { lndSource, type LndSourceDeps } from "@arkrelay/core/ledger/lnd-source";
import { landPaidPostings, POSTING_KINDS } from "@arkrelay/core/ledger/postings";
import { tapdSource, type TapdSourceDeps } from "@arkrelay/core/ledger/tapd-source";
import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import type {
  LightningBalance,
  LightningNode,
  LightningChannel,
  LightningPayment,
} from "@arkrelay/core/ports/lightning-node";
import type { NewLightningOperation } from "@arkrelay/core/ports/lightning-stores";
import type { TaprootAssetBalance, TaprootAssets } from "@arkrelay/core/ports/taproot-assets";
import { ALICE, BOB } from "@arkrelay/core/testing/ark-transfer";
import { InMemoryLightningNode } from "@arkrelay/core/testing/in-memory-lightning-node";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";
import { DrizzleChannelBooks } from "@arkrelay/db/stores/channel-books";
import { DrizzleNodeWriteBooks } from "@arkrelay/db/stores/node-write-books";
import { openLightningStores } from "@arkrelay/db/stores/open-lightning-stores";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";
import { createLogger } from "@arkrelay/runtime/logger";
import { createSealer } from "@arkrelay/runtime/sealing";

import { toReconcileDeps } from "../reconcile-deps";
import type { TaskContext } from "../task-handler";
import { openCeremonyWorld, type CeremonyWorld } from "../testing/ceremony-world";
import { fakePaymentOutcomes } from "../testing/fake-payment-outcomes";
import { reconcileDaemonsTask, type ReconcileDaemonsDeps } from "./reconcile-daemons";

let test: TestDatabase;
let world: CeremonyWorld;
let lightning: ReturnType<typeof openLightningStores>;
let deps: ReturnType<typeof toReconcileDeps>;
let channelBooks: DrizzleChannelBooks;

beforeAll(async () => {
  test = await openTestDatabase();
  channelBooks = new DrizzleChannelBooks(test.database);
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.empty();
  world = await openCeremonyWorld(test);
  lightning = openLightningStores(test.database, createSealer({ key: randomBytes(32) }));
  deps = toReconcileDeps({ database: test.database, ceremony: world.deps, lightning, lnd: undefined, tapd: undefined });
});

/** One run of all that a worker's job does with this lnd, bookings too. */
function reconcileWith(lnd: LightningNode) {
  const { database } = test;
  const all = toReconcileDeps({ database, ceremony: world.deps, lightning, lnd, tapd: undefined });
  const sources = all.sources.filter(({ source }) => source === "lnd");
  return reconcile(sources, all.bookings);
}

interface Compared {
  readonly account: string;
  readonly delta: string;
  readonly drift: string;
}

/** One run of the job; its findings by account. */
async function reconcile(
  sources: ReconcileDaemonsDeps["sources"] = deps.sources,
  bookings: ReconcileDaemonsDeps["bookings"] = deps.bookings,
): Promise<readonly Compared[]> {
  const context = {
    payload: { v: 1 },
    signal: new AbortController().signal,
    log: createLogger({ service: "test", stream: new PassThrough().resume() }),
  } as unknown as TaskContext<{ v: 1 }>;
  // The job comes every quarter of an hour.
  await test.database.write("UPDATE reconciliations SET at = at - INTERVAL 15 MINUTE");
  const { result } = await reconcileDaemonsTask({ ...deps, bookings, sources })(context);
  return Object.values((result as { compared: Record<string, readonly Compared[]> }).compared).flat();
}

const balanceOf = async (account: string): Promise<bigint> =>
  (await deps.books.listBalances()).find((each) => each.account === account)?.balance ?? 0n;

/** A lift or land, of 100,000 sats unless told, that has come through these statuses. */
async function anOperation(
  start: Pick<NewLightningOperation, "invoiceType" | "status" | "paymentHash"> & Partial<NewLightningOperation>,
  statuses: readonly LightningOperation["status"][],
): Promise<LightningOperation> {
  const operation: NewLightningOperation = {
    operationId: randomUUID(),
    claimsHash: true,
    bolt11: "lnbcrt1",
    userPubkey: ALICE.pubkey,
    sessionId: randomUUID(),
    assetId: GBTC,
    amount: 100_000n,
    amountSats: 100_000n,
    fee: 0n,
    userScript: "5120",
    memo: "",
    preimage: undefined,
    expiresAt: new Date(),
    wakeAt: undefined,
    ...start,
  };
  return test.database.transactions.run(async (tx) => {
    let row = await lightning.operations.insert(tx, operation);
    for (const status of statuses) row = await lightning.operations.move(tx, row, { status }, undefined);
    return row;
  });
}

const SOUND = [{ account: "asset:ark", delta: "0", drift: "0" }];
const fee = () => world.deps.wallet.keys.fee.pubkey;

describe("the gateway's VTXOs", () => {
  it("are the operator's at the first run, and what is sent to them unasked afterwards is in suspense, once", async () => {
    await world.stockFees(3);
    expect(await reconcile()).toMatchObject(SOUND);
    expect(await balanceOf("equity:operator")).toBe(-3_000_000n);
    world.arkd.fund(fee(), 1_234n);
    expect(await reconcile()).toMatchObject(SOUND);
    expect(await reconcile()).toMatchObject(SOUND);
    expect(await balanceOf("suspense:unsolicited")).toBe(-1_234_000n);
    expect(await balanceOf("asset:ark")).toBe(4_234_000n);
  });

  it("show no difference at any step of a transfer that spends what was sent unasked before that is booked", async () => {
    await reconcile();
    world.arkd.fund(ALICE.pubkey, 60_000n);
    // The only co-input there is, not booked yet when it is spent.
    await world.stockFees(1);
    const pay = { params: { asset_id: GBTC, amount: 40_000, recipient_pubkey: BOB.pubkey } };
    const { session } = await world.open(ALICE, pay);
    await world.drive(session.sessionId);
    await world.answer(ALICE, session.sessionId);
    await world.drive(session.sessionId);
    expect(await world.getSession(session.sessionId)).toMatchObject({ ceremonyState: "accepted" });
    expect(await reconcile()).toMatchObject(SOUND);
    await world.answer(ALICE, session.sessionId);
    // arkd has made it final and the answer is lost: its outputs are there, and booked by nobody.
    world.arkd.fault = (method) => (method === "finalizeTx" ? "lose_reply" : undefined);
    await world.drive(session.sessionId).catch(() => undefined);
    expect(await reconcile()).toMatchObject(SOUND);
    world.arkd.fault = () => undefined;
    await world.drive(session.sessionId);
    expect(await world.getSession(session.sessionId)).toMatchObject({ status: "completed" });
    expect(await reconcile()).toMatchObject(SOUND);
    expect(await balanceOf("asset:ark")).toBe(1_010_000n);
  });

  it("that are gone are a drift from the second run on, and nothing is corrected", async () => {
    await world.stockFees(2);
    await reconcile();
    const [lost] = [...world.arkd.vtxos.keys()];
    world.arkd.spendElsewhere(lost ?? "");
    expect(await reconcile()).toMatchObject([{ delta: "-1000000", drift: "0" }]);
    expect(await reconcile()).toMatchObject([{ delta: "-1000000", drift: "-1000000" }]);
    expect(await balanceOf("asset:ark")).toBe(2_000_000n);
  });

  it("cannot be compared while arkd is away; the job is tried again and says nothing wrong", async () => {
    await reconcile();
    world.arkd.fault = () => "unavailable";
    await expect(reconcile()).rejects.toMatchObject({ code: "daemon_unavailable" });
    expect(await deps.reconciliations.listNewest()).toHaveLength(1);
  });
});

describe("the Lightning node's funds", () => {
  const ZERO: LightningBalance = {
    localMsat: 0n,
    remoteMsat: 0n,
    unsettledLocalMsat: 0n,
    unsettledRemoteMsat: 0n,
    pendingOpenLocalMsat: 0n,
    pendingOpenRemoteMsat: 0n,
  };

  /** lnd with one channel that the peer opened, and what it says about payments. */
  function aNode() {
    const node = {
      localMsat: 800_000_000n,
      syncedToChain: true,
      settled: new Map<string, bigint>(),
      htlcs: [] as LightningChannel["pendingHtlcs"],
      payments: new Map<string, Pick<LightningPayment, "status" | "valueMsat" | "feeMsat">>(),
    };
    const channel = { isInitiator: false, capacitySats: 1_000_000n, localSats: 0n, remoteSats: 0n, unsettledSats: 0n };
    const calls = {
      getInfo: () => Promise.resolve({ syncedToChain: node.syncedToChain }),
      getLightningBalance: () => Promise.resolve({ ...ZERO, localMsat: node.localMsat }),
      getOnchainBalance: () => Promise.resolve({ totalSats: 5_000n }),
      listChannels: () => Promise.resolve([{ ...channel, pendingHtlcs: node.htlcs }]),
      listPendingChannels: () => Promise.resolve({ limboSats: 0n, opening: [], waitingClose: [], forceClosing: [] }),
      lookupInvoice: (hash: string) =>
        Promise.resolve(
          node.settled.has(hash) ? { state: "settled", amtPaidMsat: node.settled.get(hash) } : { state: "accepted" },
        ),
      trackPayment: (hash: string) => Promise.resolve(node.payments.get(hash)),
    };
    return { node, calls: calls as unknown as LndSourceDeps["lightning"] };
  }

  it("show no difference while a land's HTLC is out, nor between its success at lnd and the posting of it", async () => {
    const { node, calls } = aNode();
    const sources = [lndSource({ lightning: calls, operations: lightning.operations, channelBooks })];
    const delta = async () => (await reconcile(sources)).map((row) => [row.account, row.delta, row.drift]);
    expect(await delta()).toEqual([
      ["asset:ln", "0", "0"],
      ["asset:onchain", "0", "0"],
    ]);
    expect(await balanceOf("equity:operator")).toBe(-805_000_000n);

    const paymentHash = randomBytes(32).toString("hex");
    const started = { invoiceType: "land", status: "pending_payment", paymentHash } as const;
    const land = await anOperation(started, ["received", "in_flight"]);
    // 100,002.5 sats are under way; lnd shows the HTLC in whole sats.
    node.localMsat -= 100_002_500n;
    node.htlcs = [{ isIncoming: false, amountSats: 100_002n, paymentHash, isForwarded: false, expirationHeight: 9 }];
    for (let run = 1; run <= 2; run++) {
      expect(await delta()).toEqual([
        ["asset:ln", "-500", "0"],
        ["asset:onchain", "0", "0"],
      ]);
    }
    node.htlcs = [];
    node.payments.set(paymentHash, { status: "succeeded", valueMsat: 100_000_000n, feeMsat: 2_500n });
    for (let run = 1; run <= 2; run++) expect((await delta())[0]).toEqual(["asset:ln", "-100002500", "0"]);

    await test.database.transactions.run(async (tx) => {
      await lightning.operations.move(tx, land, { status: "paid" }, undefined);
      await deps.ledger.post(tx, {
        kind: POSTING_KINDS.landPaid,
        businessId: land.operationId,
        memo: "",
        postings: landPaidPostings(100_000n, 2_500n),
      });
    });
    expect((await delta())[0]).toEqual(["asset:ln", "0", "0"]);
  });

  it("show no difference between the settling of a lift and the posting of it", async () => {
    const { node, calls } = aNode();
    const sources = [lndSource({ lightning: calls, operations: lightning.operations, channelBooks })];
    await reconcile(sources);
    const paymentHash = randomBytes(32).toString("hex");
    await anOperation({ invoiceType: "lift", status: "pending", paymentHash }, ["accepted", "delivering", "delivered"]);
    for (let run = 1; run <= 2; run++) expect((await reconcile(sources))[0]).toMatchObject({ delta: "0", drift: "0" });
    node.localMsat += 100_000_500n;
    node.settled.set(paymentHash, 100_000_500n);
    for (let run = 1; run <= 2; run++)
      expect((await reconcile(sources))[0]).toMatchObject({ delta: "100000500", drift: "0" });
  });

  it("show no drift while a payment of others is held by its receiver on its way through", async () => {
    const { node, calls } = aNode();
    const sources = [lndSource({ lightning: calls, operations: lightning.operations, channelBooks })];
    await reconcile(sources);
    const half = { paymentHash: "f0".repeat(32), isForwarded: true, expirationHeight: 9 };
    node.localMsat -= 70_000_000n;
    node.htlcs = [
      { ...half, isIncoming: true, amountSats: 70_001n },
      { ...half, isIncoming: false, amountSats: 70_000n },
    ];
    for (let run = 1; run <= 2; run++)
      expect((await reconcile(sources))[0]).toMatchObject({ delta: "-70000000", drift: "0" });
    // It failed: the sats are back.
    node.localMsat += 70_000_000n;
    node.htlcs = [];
    expect((await reconcile(sources))[0]).toMatchObject({ delta: "0", drift: "0" });
  });

  it("are not believed while the node is catching up with the chain", async () => {
    const { node, calls } = aNode();
    const sources = [lndSource({ lightning: calls, operations: lightning.operations, channelBooks })];
    node.syncedToChain = false;
    await expect(reconcile(sources)).rejects.toMatchObject({ code: "daemon_unavailable" });
    expect(await deps.books.listBalances()).toEqual([]);
  });

  it("that left without a booking are a drift", async () => {
    const { node, calls } = aNode();
    const sources = [lndSource({ lightning: calls, operations: lightning.operations, channelBooks })];
    await reconcile(sources);
    node.localMsat -= 50_000_000n;
    await reconcile(sources);
    expect(await reconcile(sources)).toMatchObject([
      { account: "asset:ln", drift: "-50000000" },
      { account: "asset:onchain", drift: "0" },
    ]);
  });
});

describe("the units that tapd holds", () => {
  const [GOLD, SILVER] = ["aa".repeat(32), "bb".repeat(32)];

  /** tapd's wallet and channels, by its own asset ids. */
  function aTapd() {
    const wallet = new Map<string, Pick<TaprootAssetBalance, "balanceUnits" | "channelUnits">>();
    const rest = { utxoCount: 1, unconfirmedUnits: 0n, leasedUnits: 0n };
    const state = { syncedToChain: true };
    const groups = new Map<string, string>();
    const outcomes = fakePaymentOutcomes(GOLD);
    const calls = {
      getInfo: () => Promise.resolve({ syncedToChain: state.syncedToChain }),
      listAssets: () =>
        Promise.resolve([...groups].map(([assetId, groupKey]) => ({ assetId, groupKey }))) as Promise<never[]>,
      getAssetBalances: () => Promise.resolve([...wallet].map(([assetId, units]) => ({ assetId, ...units, ...rest }))),
    };
    return {
      wallet,
      groups,
      state,
      outcomes,
      sources: [
        tapdSource({
          tapd: calls as unknown as TapdSourceDeps["tapd"],
          assets: world.deps.assets,
          lightning: outcomes.lightning,
          operations: lightning.operations,
        }),
      ],
    };
  }

  const register = (assetId: string, backing: "ark" | "taproot", taprootAssetId: string | null) =>
    test.database.write(
      `INSERT INTO assets (asset_id, name, ticker, asset_type, decimal_places, backing, taproot_asset_id, status, created_at)
       VALUES (?, ?, 'T', 'normal', 0, ?, ?, 'frozen', NOW(3))`,
      [assetId, assetId, backing, taprootAssetId],
    );

  it("are compared with each twin's own account, wallet and channels together, and a loss counts when it stands", async () => {
    await register("gold", "taproot", GOLD);
    await register("silver", "taproot", SILVER);
    await register("points", "ark", null);
    const { wallet, sources } = aTapd();
    wallet.set(GOLD, { balanceUnits: 70n, channelUnits: 30n });
    wallet.set("cc".repeat(32), { balanceUnits: 5n, channelUnits: 0n });
    const sound = { account: "asset:tapd", delta: "0", drift: "0" };
    expect(await reconcile(sources)).toMatchObject([
      { ...sound, asset_id: "gold", external: "100" },
      { ...sound, asset_id: "silver", external: "0" },
    ]);
    // Units that move between wallet and channels are still there.
    wallet.set(GOLD, { balanceUnits: 20n, channelUnits: 80n });
    expect(await reconcile(sources)).toMatchObject([sound, sound]);
    wallet.set(GOLD, { balanceUnits: 20n, channelUnits: 75n });
    expect(await reconcile(sources)).toMatchObject([{ delta: "-5", drift: "0" }, sound]);
    // Silver moving has nothing to do with it.
    await post("silver", 4n);
    wallet.set(SILVER, { balanceUnits: 4n, channelUnits: 0n });
    expect(await reconcile(sources)).toMatchObject([{ asset_id: "gold", delta: "-5", drift: "-5" }, sound]);
  });

  it("of a group are those of all its tranches", async () => {
    const groupKey = `02${"dd".repeat(32)}`;
    await register("gold", "taproot", null);
    await test.database.write("UPDATE assets SET taproot_group_key = ? WHERE asset_id = 'gold'", [groupKey]);
    const { wallet, groups, sources } = aTapd();
    for (const [assetId, units] of [
      [GOLD, 70n],
      [SILVER, 30n],
    ] as const) {
      groups.set(assetId, groupKey);
      wallet.set(assetId, { balanceUnits: units, channelUnits: 0n });
    }
    wallet.set("cc".repeat(32), { balanceUnits: 5n, channelUnits: 0n });
    expect(await reconcile(sources)).toMatchObject([{ asset_id: "gold", external: "100" }]);
  });

  it("are no drift while they move between two looks", async () => {
    await register("gold", "taproot", GOLD);
    const { wallet, sources } = aTapd();
    await reconcile(sources);
    for (const units of [4n, 9n]) {
      wallet.set(GOLD, { balanceUnits: units, channelUnits: 0n });
      expect(await reconcile(sources)).toMatchObject([{ delta: String(units), drift: "0" }]);
    }
    await post("gold", 1n);
    expect(await reconcile(sources)).toMatchObject([{ delta: "8", drift: "0" }]);
  });

  it("show no drift while a settled lift or a paid land waits for a worker to book it", async () => {
    await register("gold", "taproot", GOLD);
    const { wallet, sources, outcomes } = aTapd();
    wallet.set(GOLD, { balanceUnits: 0n, channelUnits: 100n });
    await reconcile(sources);
    const [lifted, landed] = [randomBytes(32).toString("hex"), randomBytes(32).toString("hex")];
    const ofGold = { assetId: "gold", amount: 30n };
    const held = ["accepted", "delivering", "delivered"] as const;
    await anOperation({ invoiceType: "lift", status: "pending", paymentHash: lifted, ...ofGold }, held);
    const sent = ["received", "in_flight"] as const;
    await anOperation({ invoiceType: "land", status: "pending_payment", paymentHash: landed, ...ofGold }, sent);
    expect(await reconcile(sources)).toMatchObject([{ delta: "0", drift: "0" }]);
    outcomes.settled.set(lifted, 33n);
    outcomes.paid.set(landed, 29n);
    wallet.set(GOLD, { balanceUnits: 0n, channelUnits: 104n });
    for (let run = 1; run <= 3; run++) expect(await reconcile(sources)).toMatchObject([{ delta: "4", drift: "0" }]);
    wallet.set(GOLD, { balanceUnits: 0n, channelUnits: 103n });
    await reconcile(sources);
    expect(await reconcile(sources)).toMatchObject([{ delta: "3", drift: "-1" }]);
  });

  it("are not believed while tapd is catching up with the chain", async () => {
    await register("gold", "taproot", GOLD);
    const { state, sources } = aTapd();
    state.syncedToChain = false;
    await expect(reconcile(sources)).rejects.toMatchObject({ code: "daemon_unavailable" });
    expect(await deps.books.listBalances()).toEqual([]);
  });

  it("belong to the comparison of every worker that has a tapd", () => {
    const { database } = test;
    const tapd = {} as TaprootAssets;
    const withTapd = toReconcileDeps({ database, ceremony: world.deps, lightning, lnd: undefined, tapd });
    expect(withTapd.sources.map(({ source }) => source)).toEqual(["arkd", "tapd"]);
  });

  const post = (assetId: string, units: bigint) =>
    test.database.transactions.run((tx) =>
      deps.ledger.post(tx, {
        kind: POSTING_KINDS.operatorEntry,
        businessId: randomUUID(),
        memo: "",
        postings: [
          { account: "asset:tapd", assetId, amount: units },
          { account: "equity:operator", assetId, amount: -units },
        ],
      }),
    );
});

describe("a channel that closes", () => {
  const POINT = `${"c1".repeat(32)}:0`;
  const CLOSING = "c2".repeat(32);
  const SWEEP = "c3".repeat(32);
  const CAPACITY = 1_000_000n;
  type Wallet = Awaited<ReturnType<BookChannelClosesDeps["lightning"]["listOnchainTransactions"]>>[number];
  type Closed = Awaited<ReturnType<BookChannelClosesDeps["lightning"]["listClosedChannels"]>>[number];

  const closedChannel = (changes: Partial<Closed> = {}): Closed => ({
    channelPoint: POINT,
    remotePubkey: `02${"dd".repeat(32)}`,
    closingTxid: CLOSING,
    closeType: "cooperative_close",
    capacitySats: CAPACITY,
    settledSats: 603_200n,
    closeHeight: 110,
    isInitiator: true,
    resolutions: [],
    ...changes,
  });
  const aTransaction = (txid: string, amountSats: bigint, outputsSats: bigint, label = ""): Wallet => ({
    txid,
    amountSats,
    outputsSats,
    label,
    feeSats: 0n,
    confirmations: 0,
    blockHeight: 0,
  });
  const resolution = { amountSats: 600_000n, outcome: "claimed", sweepTxid: SWEEP } as const;

  /** A node with one channel of its own making, 600,000 sats of which are ours, as lnd tells of it. */
  function aNode() {
    const lnd = {
      open: true,
      waiting: undefined as { readonly limboSats: bigint } | undefined,
      forced: undefined as { readonly limboSats: bigint } | undefined,
      closed: [] as Closed[],
      wallet: [] as Wallet[],
    };
    const pending = { channelPoint: POINT, remotePubkey: "", capacitySats: CAPACITY, localSats: 600_000n, memo: "" };
    const node = {
      getInfo: async () => ({ syncedToChain: true, blockHeight: 120 }),
      getLightningBalance: async () => ({ localMsat: lnd.open ? 600_000_000n : 0n, pendingOpenLocalMsat: 0n }),
      getOnchainBalance: async () => ({ totalSats: lnd.wallet.reduce((sum, each) => sum + each.amountSats, 0n) }),
      listChannels: async () =>
        lnd.open ? [{ ...pending, isInitiator: true, remoteSats: 396_000n, unsettledSats: 0n, pendingHtlcs: [] }] : [],
      listPendingChannels: async () => ({
        opening: [],
        waitingClose: lnd.waiting ? [{ ...pending, ...lnd.waiting, commitFeeSats: 3_340n, closingTxid: CLOSING }] : [],
        forceClosing: lnd.forced ? [{ ...pending, ...lnd.forced, commitFeeSats: 0n, closingTxid: CLOSING }] : [],
      }),
      listClosedChannels: async () => lnd.closed,
      listOnchainTransactions: async () => lnd.wallet,
      listForwards: async () => [],
    } as unknown as LightningNode;
    return { lnd, run: () => reconcileWith(node) };
  }
  const sound = [{ account: "asset:ln", delta: "0" }, { account: "asset:onchain" }];

  it("together shows no drift on its way, and the closing fee is an expense once it is confirmed", async () => {
    const { lnd, run } = aNode();
    await run();
    Object.assign(lnd, { open: false, waiting: { limboSats: 600_000n } });
    // The wallet shows its output from the broadcast on.
    lnd.wallet.push(aTransaction(CLOSING, 603_200n, 999_200n));
    for (let turn = 1; turn <= 3; turn++)
      expect(await run()).toMatchObject(sound.map((row) => ({ ...row, drift: "0" })));
    Object.assign(lnd, { waiting: undefined, closed: [closedChannel()] });
    for (let turn = 1; turn <= 2; turn++) {
      expect(await run()).toMatchObject([
        { account: "asset:ln", delta: "0", drift: "0" },
        { account: "asset:onchain", delta: "0", drift: "0" },
      ]);
    }
    expect(await balanceOf("asset:ln")).toBe(0n);
    expect(await balanceOf("asset:onchain")).toBe(603_200_000n);
    expect(await balanceOf("expense:onchain")).toBe(800_000n);
  });

  it("by force shows no drift while its outputs mature, and costs what the miners and nobody else got", async () => {
    const { lnd, run } = aNode();
    await run();
    Object.assign(lnd, { open: false, forced: { limboSats: 600_000n } });
    for (let turn = 1; turn <= 2; turn++) expect(await run()).toMatchObject(sound);
    // The sweep is in the wallet before lnd calls the channel resolved.
    lnd.wallet.push(aTransaction(SWEEP, 599_700n, 599_700n, "0:sweep"));
    Object.assign(lnd, { forced: { limboSats: 0n } });
    for (let turn = 1; turn <= 2; turn++)
      expect(await run()).toMatchObject(sound.map((row) => ({ ...row, drift: "0" })));
    const resolutions = [{ ...resolution, kind: "commit" as const }];
    const closed = closedChannel({ closeType: "local_force_close", settledSats: 600_000n, resolutions });
    Object.assign(lnd, { forced: undefined, closed: [closed] });
    for (let turn = 1; turn <= 2; turn++) {
      expect(await run()).toMatchObject([
        { account: "asset:ln", delta: "0", drift: "0" },
        { account: "asset:onchain", delta: "0", drift: "0" },
      ]);
    }
    expect(await balanceOf("asset:ln")).toBe(0n);
    expect(await balanceOf("expense:onchain")).toBe(4_300_000n);
  });

  it("is booked once by two runs at the same time, and not before the wallet shows what came back", async () => {
    const { lnd, run } = aNode();
    await run();
    Object.assign(lnd, { open: false, closed: [closedChannel()] });
    await run();
    expect(await balanceOf("expense:onchain")).toBe(0n);
    lnd.wallet.push(aTransaction(CLOSING, 603_200n, 999_200n));
    await Promise.all([run(), run()]);
    expect(await balanceOf("expense:onchain")).toBe(800_000n);
  });

  it("before the books began is part of their opening balance", async () => {
    const { lnd, run } = aNode();
    Object.assign(lnd, { open: false, closed: [closedChannel()] });
    lnd.wallet.push(aTransaction(CLOSING, 603_200n, 999_200n));
    for (let turn = 1; turn <= 2; turn++) await run();
    expect(await balanceOf("asset:onchain")).toBe(603_200_000n);
    expect(await balanceOf("expense:onchain")).toBe(0n);
  });
});

describe("what the node forwards for others", () => {
  /** A worker whose lnd forwards; one run of everything the job does. */
  function aForwarder() {
    const node = new InMemoryLightningNode(world.clock);
    return { node, run: () => reconcileWith(node) };
  }
  const sound = [
    { account: "asset:ln", delta: "0", drift: "0" },
    { account: "asset:onchain", delta: "0", drift: "0" },
  ];

  it("is income, each forward once, whenever it settled within a second and however often lnd tells it", async () => {
    const { node, run } = aForwarder();
    node.forward(999_000n);
    expect(await run()).toMatchObject(sound);
    // What was earned before the books began is in their opening balance.
    expect(await balanceOf("income:routing")).toBe(0n);
    world.clock.advance(60_000);
    for (let index = 0n; index < 450n; index++) node.forward(1_100n, index);
    expect(await run()).toMatchObject(sound);
    expect(await balanceOf("income:routing")).toBe(-450n * 1_100n);
    node.forward(3_000n, 450n);
    expect(await run()).toMatchObject(sound);
    expect(await run()).toMatchObject(sound);
    expect(await balanceOf("income:routing")).toBe(-450n * 1_100n - 3_000n);
  });

  it("is booked once by two runs at the same time", async () => {
    const { node, run } = aForwarder();
    await run();
    world.clock.advance(60_000);
    for (let index = 0n; index < 20n; index++) node.forward(5n, index);
    await Promise.all([run(), run()]);
    expect(await balanceOf("income:routing")).toBe(-100n);
  });
});

describe("what an operator had the node do", () => {
  it("is booked once the wallet shows it, with the miners' fee as an expense", async () => {
    const [opening, sending] = ["aa".repeat(32), "bb".repeat(32)];
    for (const [kind, key, id] of [
      ["channel_open", "job-1", `${opening}:1`],
      ["send_onchain", "job-2", sending],
      ["send_onchain", "job-3", "cc".repeat(32)],
    ]) {
      await test.database.write(
        `INSERT INTO external_calls (service, kind, business_key, request, state, external_id, at)
         VALUES ('lnd', ?, ?, '{}', 'confirmed', ?, NOW(3))`,
        [kind ?? "", key ?? "", id ?? ""],
      );
    }
    const transaction = { confirmations: 0, blockHeight: 0, label: "" };
    const lightningNode = {
      getInfo: () => Promise.resolve({ blockHeight: 100 }),
      listOnchainTransactions: () =>
        Promise.resolve([
          { ...transaction, txid: opening, amountSats: -1_000_300n, feeSats: 300n },
          { ...transaction, txid: sending, amountSats: -5_200n, feeSats: 200n },
        ]),
    } as unknown as BookNodeWritesDeps["lightning"];
    const book = () =>
      bookNodeWrites({ ...deps, nodeWrites: new DrizzleNodeWriteBooks(test.database), lightning: lightningNode });
    expect([await book(), await book()]).toEqual([2, 0]);
    expect(await balanceOf("asset:ln")).toBe(1_000_000_000n);
    expect(await balanceOf("asset:onchain")).toBe(-1_005_500_000n);
    expect(await balanceOf("expense:onchain")).toBe(500_000n);
    expect(await balanceOf("equity:operator")).toBe(5_000_000n);
  });
});
