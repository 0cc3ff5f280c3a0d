import type { Attempt } from "@arkrelay/core/jobs/attempt-store";
import { notificationContentSchema, type NotificationContent } from "@arkrelay/core/nostr/notification-content";
import type { NostrEvent } from "@arkrelay/core/ports/nostr";
import { ALICE, BOB } from "@arkrelay/core/testing/ark-transfer";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import { tellExpiring } from "@arkrelay/core/vtxo/tell-expiring";
import { DrizzleVtxoExpiryStore } from "@arkrelay/db/stores/vtxo-expiry-store";
import { DrizzleWebhookEndpointStore } from "@arkrelay/db/stores/webhook-endpoint-store";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";
import { createGatewayIdentity } from "@arkrelay/nostr/gateway-identity";
import { createSealer } from "@arkrelay/runtime/sealing";

import type { TaskContext, TaskResult } from "../task-handler";
import { openCeremonyWorld, type CeremonyWorld } from "../testing/ceremony-world";
import { isCrash } from "../testing/crash";
import { mortalDeps } from "../testing/mortal-process";
import { cleanupVtxosTask } from "./cleanup-vtxos";
import { vtxoSyncTask } from "./vtxo-sync";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Of the arkd in memory. */
const LIFE_MS = 7 * DAY_MS;

let test: TestDatabase;
let world: CeremonyWorld;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.empty();
  world = await openCeremonyWorld(test);
});

const contextOf = (payload: object) =>
  ({
    attempt: { rowKey: "job" } as Attempt,
    payload,
    signal: new AbortController().signal,
    progress: () => undefined,
  }) as unknown as TaskContext<never>;
const expiries = () => new DrizzleVtxoExpiryStore(test.database);
const run = (deps = world.deps): Promise<TaskResult> =>
  cleanupVtxosTask({ ...deps, expiries: expiries() }, DAY_MS)(contextOf({ v: 1 }));
const fund = async (...amountsSats: bigint[]): Promise<readonly string[]> => {
  const ids = amountsSats.map((amountSats) => world.arkd.fund(ALICE.pubkey, amountSats));
  await syncVtxos(world.deps, { ownerPubkey: ALICE.pubkey });
  return ids;
};
const statusOf = async (vtxoId: string) =>
  (await test.database.select("SELECT status FROM vtxos WHERE vtxo_id = ?", [vtxoId]))[0]?.["status"];
/** What relays would be given, as the owner reads it. */
const notices = async (): Promise<readonly NotificationContent[]> => {
  const rows = await test.database.select("SELECT raw FROM nostr_outbox WHERE kind = 31502 ORDER BY id");
  const owner = createGatewayIdentity(ALICE.secretKey);
  return rows.map(({ raw }) => {
    const event = (typeof raw === "string" ? JSON.parse(raw) : raw) as NostrEvent;
    return notificationContentSchema.parse(JSON.parse(owner.decrypt(event.pubkey, event.content).plainText));
  });
};
const amountsTold = async () => (await notices()).map(({ amount }) => amount);

describe("VTXOs whose time is over", () => {
  it("expire, but for those that are locked, spent or settled, and expire once", async () => {
    const [free, locked, spent, settled] = await fund(1_000n, 2_000n, 4_000n, 8_000n);
    const set = (columns: string, id: string | undefined) =>
      test.database.write(`UPDATE vtxos SET ${columns} WHERE vtxo_id = ?`, [id ?? ""]);
    await set("locked_by = 'session'", locked);
    await set("status = 'spent'", spent);
    await set("status = 'settled'", settled);
    world.clock.advance(LIFE_MS - 1);
    expect((await run()).result).toMatchObject({ cleaned_count: 0 });
    world.clock.advance(1);
    expect((await run()).result).toMatchObject({ cleaned_count: 1, total_amount_sats: 1_000 });
    expect(await Promise.all([free, locked, spent, settled].map((id) => statusOf(id ?? "")))).toEqual([
      "expired",
      "assigned",
      "spent",
      "settled",
    ]);
    expect((await run()).result).toMatchObject({ cleaned_count: 0 });
  });

  it("are no balance, and a reconcile with an arkd that has yet to sweep them leaves them so", async () => {
    const [id = ""] = await fund(1_000n);
    const vtxo = world.arkd.vtxos.get(id);
    if (vtxo === undefined) throw new Error("funded");
    const isOver = { ...vtxo, expiresAt: new Date(Date.now() - 1_000) };
    world.arkd.vtxos.set(id, isOver);
    await syncVtxos(world.deps, { ownerPubkey: ALICE.pubkey });
    await run();
    expect(await world.deps.vtxos.sumBalances(ALICE.pubkey, world.clock.now())).toEqual([]);
    await syncVtxos(world.deps, { ownerPubkey: ALICE.pubkey });
    expect(await statusOf(id)).toBe("expired");
    world.arkd.vtxos.set(id, { ...isOver, isSwept: true });
    await syncVtxos(world.deps, { ownerPubkey: ALICE.pubkey });
    expect(await statusOf(id)).toBe("expired");
  });
});

describe("the owner of a VTXO that expires within a day", () => {
  it("is told once, of what and when", async () => {
    const [id = ""] = await fund(5_000n);
    const expiresAt = new Date(world.clock.now().getTime() + LIFE_MS);
    expect((await run()).result).toMatchObject({ owners_told: 0 });
    world.clock.advance(LIFE_MS - DAY_MS);
    expect((await run()).result).toMatchObject({ owners_told: 1 });
    expect((await run()).result).toMatchObject({ owners_told: 0 });
    const told = await notices();
    expect(told).toMatchObject([
      { type: "vtxo_expiring", notification_id: `${id}:1`, vtxo_id: id, amount: 5_000, asset_id: "gBTC" },
    ]);
    expect(told[0]?.message).toContain(expiresAt.toISOString());
  });

  it("is told of several, those that end first before all, as many as a run takes", async () => {
    await fund(1n);
    world.clock.advance(HOUR_MS);
    await fund(2n, 3n);
    world.clock.advance(LIFE_MS - DAY_MS);
    const tell = () => tellExpiring({ ...world.deps, expiries: expiries() }, { horizonMs: DAY_MS, limit: 2 });
    expect([await tell(), await tell(), await tell()]).toEqual([2, 1, 0]);
    expect((await amountsTold())[0]).toBe(1);
  });

  it("is told by a webhook too, also of a gateway without a Nostr key, and of nothing that is over", async () => {
    const endpoints = new DrizzleWebhookEndpointStore(test.database, createSealer({ key: new Uint8Array(32).fill(3) }));
    const of = { endpointId: "wh_1", url: "https://alice.test/", events: ["vtxo.expiring"], secret: "s" };
    await test.database.transactions.run((tx) =>
      endpoints.insert(tx, { ...of, owner: `nostr:${ALICE.pubkey}`, description: undefined, ordered: false }),
    );
    const [id] = await fund(1_000n);
    world.clock.advance(LIFE_MS - DAY_MS);
    for (const told of [1, 0]) {
      expect((await run({ ...world.deps, identity: undefined })).result).toMatchObject({ owners_told: told });
    }
    const rows = await test.database.select("SELECT body FROM webhook_deliveries");
    const bodies = rows.map((row) => JSON.parse(String(row["body"])) as unknown);
    expect(bodies).toMatchObject([
      {
        type: "vtxo.expiring",
        data: { vtxo_id: id, user_pubkey: ALICE.pubkey, assets: [{ asset_id: "gBTC", amount: 1_000 }] },
      },
    ]);
    await fund(3n);
    world.clock.advance(LIFE_MS);
    expect((await run()).result).toMatchObject({ owners_told: 0 });
  });

  it.each([0, 1, 2, 3])("is told once though the worker dies at its commit %i", async (crashAt) => {
    await fund(1n, 2n, 3n);
    world.clock.advance(LIFE_MS - DAY_MS);
    for (const after of [false, true]) {
      const dying = run(mortalDeps(world.deps, { crashAt, after }));
      expect(await dying.then(() => "ended", isCrash)).not.toBe(false);
    }
    await run();
    expect(new Set(await amountsTold())).toEqual(new Set([1, 2, 3]));
    expect(await notices()).toHaveLength(3);
  });
});

describe("an operator's word that a VTXO was spent", () => {
  const ask = (vtxoId: string, spendingTxid: string) =>
    vtxoSyncTask(world.deps)(contextOf({ v: 1, ownerPubkey: ALICE.pubkey, spent: { vtxoId, spendingTxid } }));

  it("is taken when arkd says so too, and the mirror shows it then", async () => {
    const [id = ""] = await fund(5_000n);
    world.arkd.spendElsewhere(id);
    const spendingTxid = world.arkd.vtxos.get(id)?.arkTxid ?? "";
    for (let times = 0; times < 2; times++) {
      expect((await ask(id, spendingTxid)).result).toEqual({ vtxo_id: id, spending_txid: spendingTxid });
    }
    expect(await statusOf(id)).toBe("spent");
  });

  it("fails when arkd has it as unspent, as spent by another one, or not at all", async () => {
    const [id = ""] = await fund(5_000n);
    await expect(ask(id, "ab".repeat(32))).rejects.toMatchObject({
      code: "wrong_state",
      details: { status: "unspent" },
    });
    expect(await statusOf(id)).toBe("assigned");
    world.arkd.spendElsewhere(id);
    await expect(ask(id, "ab".repeat(32))).rejects.toMatchObject({ code: "wrong_state", details: { status: "spent" } });
    await expect(ask(`${"cd".repeat(32)}:0`, BOB.pubkey)).rejects.toMatchObject({
      code: "wrong_state",
      details: { status: "unknown" },
    });
  });

  it("waits for an arkd that is away", async () => {
    const [id = ""] = await fund(5_000n);
    world.arkd.fault = () => "unavailable";
    await expect(ask(id, "ab".repeat(32))).rejects.toMatchObject({ code: "daemon_unavailable" });
  });
});
