import type { LightningOperation } from "../lightning/lightning-operation";
import { findPaidLands, type UnpostedDeps } from "./unposted-operations";

const landsOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ paymentHash: String(index) }) as LightningOperation);

/** lnd that answers only once `together` questions are open, or all that are left. */
function lndThatWaitsFor(together: number, total: number) {
  const open: (() => void)[] = [];
  let asked = 0;
  const lightning = {
    trackPayment: (hash: string) =>
      new Promise((resolve) => {
        asked++;
        open.push(() => resolve({ status: Number(hash) % 2 === 0 ? "succeeded" : "in_flight" }));
        if (open.length === together || asked === total) open.splice(0).forEach((answer) => answer());
      }),
  } as unknown as UnpostedDeps["lightning"];
  return lightning;
}

it("asks of many operations at once, since posting may be paused meanwhile, and keeps their order", async () => {
  const paid = await findPaidLands({ lightning: lndThatWaitsFor(25, 60) }, landsOf(60));
  expect(paid.map(({ land }) => Number(land.paymentHash))).toEqual(Array.from({ length: 30 }, (_, index) => 2 * index));
});

it("gives up on more than anybody can look up, rather than call what they explain a drift", async () => {
  await expect(findPaidLands({ lightning: lndThatWaitsFor(25, 501) }, landsOf(501))).rejects.toMatchObject({
    code: "internal_error",
  });
});
