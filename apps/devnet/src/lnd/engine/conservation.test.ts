import fc from "fast-check";

import { type EngineWorld, aPreimage, anLndEngine } from "../testing/an-lnd-engine";
import { LndError } from "./lnd-error";

/** Everything that moves money or decides where it goes. */
const action = fc.oneof(
  fc.record({ kind: fc.constant("receive" as const), sats: fc.nat(30_000_000), isHold: fc.boolean() }),
  fc.record({
    kind: fc.constant("pay" as const),
    sats: fc.nat(60_000_000),
    isHold: fc.boolean(),
    isStuck: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("part" as const), sats: fc.nat(100_000) }),
  fc.record({ kind: fc.constant("forward" as const), sats: fc.nat(30_000_000) }),
  fc.record({ kind: fc.constant("settle" as const), pick: fc.nat(20) }),
  fc.record({ kind: fc.constant("cancel" as const), pick: fc.nat(20) }),
  fc.record({ kind: fc.constant("send" as const), sats: fc.nat(60_000_000), rate: fc.nat(30) }),
  fc.record({ kind: fc.constant("open" as const), sats: fc.nat(30_000_000), push: fc.nat(1_000_000) }),
  fc.record({ kind: fc.constant("close" as const), pick: fc.nat(5), isForced: fc.boolean(), isNoWait: fc.boolean() }),
  fc.record({ kind: fc.constant("mine" as const), blocks: fc.integer({ min: 1, max: 200 }) }),
  fc.record({ kind: fc.constant("wait" as const), seconds: fc.integer({ min: 1, max: 90_000 }) }),
  fc.record({ kind: fc.constant("deposit" as const), sats: fc.integer({ min: 1_000, max: 1_000_000 }) }),
  fc.record({ kind: fc.constant("reorg" as const), blocks: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ kind: fc.constant("restart" as const) }),
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

class Simulation {
  world: EngineWorld = anLndEngine();
  readonly preimages: { preimage: string; paymentHash: string; isOurs: boolean }[] = [];

  run(step: Action): void {
    try {
      this.#act(step);
    } catch (error) {
      // A refusal must have changed nothing, which the invariants check.
      if (!(error instanceof LndError)) throw error;
    }
  }

  #act(step: Action): void {
    const { engine, clock } = this.world;
    switch (step.kind) {
      case "receive": {
        const hold = step.isHold ? { paymentHash: this.#remember(true).paymentHash } : {};
        engine.payFromOutside(
          engine.addInvoice({ valueMsat: BigInt(step.sats) * 1_001n, ...hold }).paymentRequest,
          undefined,
        );
        return;
      }
      case "pay": {
        const hold = step.isHold ? { paymentHash: this.#remember(false).paymentHash } : {};
        const { paymentRequest } = engine.addOutsideInvoice({ valueMsat: BigInt(step.sats) * 1_000n, ...hold });
        engine.sendPayment({ paymentRequest, feeLimitMsat: 100_000_000n, isStuck: step.isStuck });
        return;
      }
      case "part": {
        const { paymentRequest } = engine.addInvoice({ valueMsat: 200_000_000n });
        engine.payFromOutside(paymentRequest, BigInt(step.sats) * 1_000n);
        return;
      }
      case "forward":
        engine.forwardForPeer(BigInt(step.sats + 1) * 1_000n);
        return;
      case "settle":
        return this.#resolve(step.pick, "settle");
      case "cancel":
        return this.#resolve(step.pick, "cancel");
      case "send": {
        const to = { address: "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080" };
        const output = { to, amountSats: BigInt(step.sats) };
        engine.sendOutputs({ outputs: [output], satPerVbyte: BigInt(step.rate + 1), label: "" });
        return;
      }
      case "open":
        engine.openChannel({
          nodePubkey: engine.peerPubkey,
          localFundingSats: BigInt(step.sats),
          pushSats: BigInt(step.push),
        });
        return;
      case "close": {
        const channels = [...engine.store.channels.values()].filter(({ ends }) => ends.includes("node"));
        const channelPoint = channels[step.pick % channels.length]?.channelPoint ?? "";
        const { isForced, isNoWait } = step;
        engine.closeChannel({ channelPoint, isForced, isNoWait, satPerVbyte: 5n });
        return;
      }
      case "mine":
        return engine.syncToHeight(engine.height + step.blocks);
      case "wait":
        clock.setOffset(clock.offsetSeconds + step.seconds);
        return engine.sweep();
      case "deposit":
        engine.deposit(BigInt(step.sats));
        return;
      case "reorg":
        return engine.reorg(step.blocks);
      case "restart":
        this.world = anLndEngine({ resumed: this.world });
    }
  }

  #remember(isOurs: boolean): { preimage: string; paymentHash: string } {
    const made = { ...aPreimage(`preimage ${this.preimages.length}`), isOurs };
    this.preimages.push(made);
    return made;
  }

  #resolve(pick: number, how: "settle" | "cancel"): void {
    const { engine } = this.world;
    const picked = this.preimages[pick % Math.max(1, this.preimages.length)];
    if (picked === undefined) return;
    if (how === "settle" && picked.isOurs) engine.settleInvoice(picked.preimage);
    else if (how === "settle") engine.settleOutsideInvoice(picked);
    else if (picked.isOurs) engine.cancelInvoice(picked.paymentHash);
    else engine.cancelOutsideInvoice(picked.paymentHash);
  }
}

describe("the simulated network", () => {
  it("neither makes nor loses a millisatoshi, whatever happens, and resumes from its journal as it was", () => {
    fc.assert(
      fc.property(fc.array(action, { minLength: 1, maxLength: 60 }), (steps) => {
        const simulation = new Simulation();
        for (const step of steps) {
          simulation.run(step);
          const { engine } = simulation.world;
          expect(engine.conservation().driftMsat).toBe(0n);
          for (const channel of engine.store.channels.values()) {
            expect(channel.balancesMsat.every((balance) => balance >= 0n)).toBe(true);
          }
        }
        const before = simulation.world;
        const after = anLndEngine({ resumed: before });
        before.engine.noticeRestart();
        expect(after.engine.store.snapshot()).toEqual(before.engine.store.snapshot());
      }),
      { numRuns: 150 },
    );
  });

  it("takes up what a crash left half done, wherever in its journal the crash comes", () => {
    fc.assert(
      fc.property(fc.array(action, { minLength: 1, maxLength: 30 }), fc.nat(), (steps, cut) => {
        const simulation = new Simulation();
        for (const step of steps) simulation.run(step);
        const { engine, clock, records } = simulation.world;
        // The first record is the network itself.
        const survived = records.slice(0, 1 + (cut % records.length));
        const resumed = anLndEngine({ resumed: { engine, clock, records: survived }, height: engine.height }).engine;
        expect(resumed.conservation().driftMsat).toBe(0n);
        for (const owner of ["node", "outside"] as const) {
          for (const payment of resumed.store.payments(owner).values()) {
            if (payment.status !== "in_flight") continue;
            const receiver = owner === "node" ? resumed.findOutsideInvoice : resumed.findInvoice;
            const held = receiver.call(resumed, payment.paymentHash)?.htlcs.filter(({ state }) => state === "accepted");
            expect(held).not.toEqual([]);
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});
