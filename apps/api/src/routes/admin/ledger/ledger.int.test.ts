import { landReceivedPostings } from "@arkrelay/core/ledger/postings";
import { DrizzleReconciliationStore } from "@arkrelay/db/stores/reconciliation-store";

import { startTestApi, type TestApi } from "../../../testing/test-api";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({});
});
afterAll(() => api.close());

it("the books and their newest comparison are shown to operators, and to nobody else", async () => {
  const { transactions, ledger } = api.deps.session;
  const reconciliations = new DrizzleReconciliationStore(api.database);
  const comparison = {
    source: "lnd",
    account: "asset:ln",
    assetId: "gBTC",
    external: 90n,
    ledger: 100n,
    delta: -10n,
    explained: [{ kind: "land_paid", ref: "op-1", amount: -3n }],
    drift: -7n,
    postingId: 1n,
  } as const;
  await transactions.run(async (tx) => {
    const postings = landReceivedPostings(100n, 1n);
    await ledger.post(tx, { kind: "land_received", businessId: "op-1", memo: "", postings });
    await reconciliations.insert(tx, [{ ...comparison, drift: 0n }]);
    await reconciliations.insert(tx, [comparison]);
    // The ledger's look at itself is no daemon's.
    await reconciliations.insert(tx, [{ ...comparison, source: "ledger", account: "*" }]);
  });

  const accounts = await api.call("GET", "/admin/ledger/accounts?asset_id=gBTC", { admin: true });
  expect(accounts.body).toMatchObject({
    accounts: [
      { account: "asset:ark", asset_id: "gBTC", balance: 101_000 },
      { account: "income:land_fee", balance: -1_000 },
      { account: "liability:land", balance: -100_000 },
    ],
  });
  const drift = await api.call("GET", "/admin/ledger/drift", { admin: true });
  expect(drift.body).toMatchObject({
    drift: [{ source: "lnd", account: "asset:ln", external: 90, ledger: 100, delta: -10, drift: -7 }],
  });
  expect((await api.call("GET", "/admin/ledger/accounts?asset_id=gUSD", { admin: true })).body).toMatchObject({
    accounts: [],
  });
  expect((await api.call("GET", "/admin/ledger/drift")).status).toBe(401);
});
