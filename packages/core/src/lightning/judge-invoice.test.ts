import { aBolt11, type TestInvoice } from "../testing/bolt11-invoice";
import { thrownBy } from "../testing/thrown-by";
import { decodeBolt11 } from "./bolt11";
import { judgeInvoice } from "./judge-invoice";

const NOW = new Date("2026-01-01T00:00:00Z");
const config = { network: "regtest", landMinExpiryMarginMs: 600_000, landMaxFinalCltv: 144 } as const;

const judge = (about: Partial<TestInvoice>, amountSats = 50_000n) => {
  const text = aBolt11({ paymentHash: "ab".repeat(32), createdAt: NOW, amountMsat: 50_000_000n, ...about });
  judgeInvoice(decodeBolt11(text), { amountSats, now: NOW, config });
};

it.each<[string, Partial<TestInvoice>]>([
  ["over exactly the amount", {}],
  ["without an amount", { amountMsat: undefined }],
  ["with the margin to spare, to the second", { expirySeconds: 600 }],
  ["with the longest last hop", { minFinalCltv: 144 }],
  ["with every feature that lnd serves", { features: [8, 14, 16, 24, 48] }],
  ["with odd features that nobody here knows", { features: [8, 14, 99, 101] }],
  ["over blinded paths, which need no payment secret", { features: [8, 262], paymentSecret: undefined }],
])("takes an invoice %s", (_name, about) => {
  expect(() => judge(about)).not.toThrow();
});

it.each<[Partial<TestInvoice>, string]>([
  [{ prefix: "lnbc" }, "network"],
  [{ prefix: "lntb" }, "network"],
  [{ prefix: "lntbs" }, "network"],
  [{ features: [8, 14, 100] }, "features"],
  [{ features: [8, 14, 30] }, "features"],
  [{ paymentSecret: undefined }, "payment_secret"],
  [{ minFinalCltv: 145 }, "min_final_cltv"],
  [{ amountMsat: 50_000_001n }, "fraction_of_a_sat"],
])("refuses %j because of its %s", (about, reason) => {
  expect(thrownBy(() => judge(about))).toMatchObject({ code: "invoice_invalid", details: { reason } });
});

it("refuses an invoice with less than the margin left, or none", () => {
  const refused = { code: "invoice_expired", details: { margin_seconds: 600 } };
  expect(thrownBy(() => judge({ expirySeconds: 599 }))).toMatchObject(refused);
  expect(thrownBy(() => judge({ createdAt: new Date(NOW.getTime() - 9_999_000) }))).toMatchObject(refused);
});

it.each([49_999n, 50_001n])("refuses %s sats for an invoice over 50 000", (amountSats) => {
  const refused = { code: "invoice_amount_mismatch", details: { expected: 50_000, got: Number(amountSats) } };
  expect(thrownBy(() => judge({}, amountSats))).toMatchObject(refused);
});
