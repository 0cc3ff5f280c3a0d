import {
  CLTVMultisigTapscript,
  CSVMultisigTapscript,
  ConditionMultisigTapscript,
  ConditionWitness,
  Transaction,
  VtxoScript,
  setArkPsbtField,
} from "@arkade-os/sdk";
import { sha256 } from "@noble/hashes/sha2.js";
import { hex } from "@scure/base";

import {
  type Coin,
  type ServerParams,
  aSubmission,
  aWallet,
  buildTransfer,
  scriptOf,
  signCheckpoints,
  signInput,
} from "../testing/a-transfer";
import { TEST_NOW_MS, anEngine } from "../testing/an-engine";
import type { ArkdEngine } from "./arkd-engine";
import { type ArkdErrorName, ArkdError } from "./arkd-error";
import { fundScript } from "./fund-scripts";
import { parsePsbt, toPsbt } from "./psbt";

const alice = aWallet("alice");
const bob = aWallet("bob");
const NOW_SECONDS = TEST_NOW_MS / 1000;

interface Setup {
  engine: ArkdEngine;
  server: ServerParams;
  coins: Coin[];
}

function setUp(amounts: readonly number[] = [100_000]): Setup {
  const { engine } = anEngine();
  const { signerPubkey, checkpointTapscript } = engine.info();
  const server = { signerPubkey, checkpointTapscript, exitDelay: engine.state.settings.unilateralExitDelay };
  const coins = amounts.map((amountSats) => {
    const { vtxoIds } = engine.fund(alice.pubkey, BigInt(amountSats), 1);
    return { vtxoId: vtxoIds[0] ?? "", amountSats, owner: alice };
  });
  return { engine, server, coins };
}

/** Puts a VTXO with any script into the engine, as a batch would have made it. */
function fundWithScript({ engine }: Setup, script: VtxoScript, amountSats: number): string {
  const funded = fundScript(
    { seed: "scripts", commitmentCount: engine.state.commitmentCount, nowMs: TEST_NOW_MS, expirySeconds: 604_800 },
    hex.encode(script.pkScript),
    BigInt(amountSats),
    1,
  );
  engine.state.apply(funded);
  return `${funded.txid}:0`;
}

function payBob({ server }: Setup, amountSats = 100_000n): { script: Uint8Array; amountSats: bigint }[] {
  return [{ script: scriptOf(bob, server).pkScript, amountSats }];
}

function refusalOf(work: () => unknown): ArkdError {
  try {
    work();
  } catch (error) {
    if (error instanceof ArkdError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

/** A submission whose unsigned transactions were changed before the owner signed. */
function submitChanged(setup: Setup, change: (arkTx: Transaction, checkpoints: Transaction[]) => void): () => unknown {
  const { arkTx, checkpoints } = buildTransfer(setup.server, setup.coins, payBob(setup));
  change(arkTx, checkpoints);
  setup.coins.forEach((coin, index) => signInput(arkTx, index, coin.owner));
  return () => setup.engine.submitTx({ signedArkTx: toPsbt(arkTx), checkpointTxs: checkpoints.map(toPsbt) });
}

function submit(setup: Setup, payments = payBob(setup), coins: readonly Coin[] = setup.coins): () => unknown {
  const request = aSubmission(setup.server, coins, payments);
  return () => setup.engine.submitTx(request);
}

function coinWithLeaf(setup: Setup, leaf: Uint8Array, amountSats = 100_000): Coin {
  const exit = CSVMultisigTapscript.encode({
    timelock: { type: "seconds", value: BigInt(setup.server.exitDelay) },
    pubkeys: [hex.decode(alice.pubkey)],
  }).script;
  const script = new VtxoScript([leaf, exit]);
  return {
    vtxoId: fundWithScript(setup, script, amountSats),
    amountSats,
    owner: alice,
    script,
    leaf: script.findLeaf(hex.encode(leaf)),
  };
}

function bothKeys(setup: Setup): Uint8Array[] {
  return [hex.decode(alice.pubkey), hex.decode(setup.engine.signerPubkey)];
}

const REFUSALS: readonly [string, ArkdErrorName, number, (setup: Setup) => () => unknown][] = [
  [
    "an ark tx that is no PSBT",
    "INVALID_ARK_PSBT",
    1,
    ({ engine }) =>
      () =>
        engine.submitTx({ signedArkTx: "AAAA", checkpointTxs: [] }),
  ],
  [
    "a checkpoint that is no PSBT",
    "INVALID_CHECKPOINT_PSBT",
    2,
    (setup) => {
      const { signedArkTx } = aSubmission(setup.server, setup.coins, payBob(setup));
      return () => setup.engine.submitTx({ signedArkTx, checkpointTxs: ["AAAA"] });
    },
  ],
  [
    "a checkpoint without inputs",
    "INVALID_PSBT_MISSING_INPUT",
    3,
    (setup) => {
      const { signedArkTx } = aSubmission(setup.server, setup.coins, payBob(setup));
      return () => setup.engine.submitTx({ signedArkTx, checkpointTxs: [toPsbt(new Transaction({ version: 3 }))] });
    },
  ],
  [
    "an asset packet that cannot be read",
    "MALFORMED_ARK_TX",
    13,
    (setup) => submit(setup, [...payBob(setup), { script: hex.decode("6a0541524b0000"), amountSats: 0n }]),
  ],
  [
    "one VTXO in two checkpoints",
    "INVALID_PSBT_INPUT",
    5,
    (setup) => {
      const { signedArkTx, checkpointTxs } = aSubmission(setup.server, setup.coins, payBob(setup));
      return () => setup.engine.submitTx({ signedArkTx, checkpointTxs: [...checkpointTxs, ...checkpointTxs] });
    },
  ],
  [
    "a transfer that was accepted before",
    "INVALID_ARK_PSBT",
    1,
    (setup) => {
      const request = aSubmission(setup.server, setup.coins, payBob(setup));
      setup.engine.submitTx(request);
      return () => setup.engine.submitTx(request);
    },
  ],
  [
    "an unknown VTXO",
    "VTXO_NOT_FOUND",
    30,
    (setup) => submit(setup, payBob(setup), [{ vtxoId: `${"ab".repeat(32)}:0`, amountSats: 100_000, owner: alice }]),
  ],
  [
    "a banned VTXO",
    "VTXO_BANNED",
    29,
    (setup) => {
      setup.engine.ban(hex.encode(scriptOf(alice, setup.server).pkScript), 300);
      return submit(setup);
    },
  ],
  [
    "a VTXO of an accepted transfer",
    "VTXO_ALREADY_SPENT",
    6,
    (setup) => {
      submit(setup)();
      return submit(setup, [
        ...payBob(setup, 60_000n),
        { script: scriptOf(alice, setup.server).pkScript, amountSats: 40_000n },
      ]);
    },
  ],
  [
    "a VTXO of a finalised transfer",
    "VTXO_ALREADY_SPENT",
    6,
    (setup) => {
      const accepted = setup.engine.submitTx(aSubmission(setup.server, setup.coins, payBob(setup)));
      setup.engine.finalizeTx(accepted.arkTxid, signCheckpoints(setup.coins, accepted.signedCheckpointTxs));
      return submit(setup, [
        ...payBob(setup, 60_000n),
        { script: scriptOf(alice, setup.server).pkScript, amountSats: 40_000n },
      ]);
    },
  ],
  [
    "a VTXO taken on-chain",
    "VTXO_ALREADY_UNROLLED",
    7,
    (setup) => {
      setup.engine.unroll(setup.coins[0]?.vtxoId ?? "");
      return submit(setup);
    },
  ],
  [
    "an expired VTXO",
    "VTXO_RECOVERABLE",
    8,
    (setup) => {
      setup.engine.advanceClock(604_800);
      return submit(setup);
    },
  ],
  [
    "a VTXO script without the server in its forfeit leaf",
    "INVALID_VTXO_SCRIPT",
    10,
    (setup) => {
      const leaf = scriptOf(bob, { ...setup.server, signerPubkey: `02${alice.pubkey}` }).forfeit();
      const script = scriptOf(bob, { ...setup.server, signerPubkey: `02${alice.pubkey}` });
      const coin = { vtxoId: fundWithScript(setup, script, 100_000), amountSats: 100_000, owner: alice, script, leaf };
      return submit(setup, payBob(setup), [coin]);
    },
  ],
  [
    "a VTXO script whose exit is too early",
    "INVALID_VTXO_SCRIPT",
    10,
    (setup) => {
      const script = scriptOf(alice, { ...setup.server, exitDelay: 512 });
      const coin = {
        vtxoId: fundWithScript(setup, script, 100_000),
        amountSats: 100_000,
        owner: alice,
        script,
        leaf: script.forfeit(),
      };
      return submit(setup, payBob(setup), [coin]);
    },
  ],
  [
    "a taptree that is not the VTXO's",
    "INVALID_PSBT_INPUT",
    5,
    (setup) => {
      const script = scriptOf(bob, setup.server);
      return submit(
        setup,
        payBob(setup),
        setup.coins.map((coin) => ({ ...coin, owner: bob, script, leaf: script.forfeit() })),
      );
    },
  ],
  [
    "an amount that is not the VTXO's",
    "INVALID_PSBT_INPUT",
    5,
    (setup) =>
      submit(
        setup,
        payBob(setup, 200_000n),
        setup.coins.map((coin) => ({ ...coin, amountSats: 200_000 })),
      ),
  ],
  [
    "a spend by the exit leaf",
    "INVALID_PSBT_INPUT",
    5,
    (setup) => {
      const exit = scriptOf(alice, setup.server).findLeaf(scriptOf(alice, setup.server).exitScript);
      return submit(
        setup,
        payBob(setup),
        setup.coins.map((coin) => ({ ...coin, leaf: exit })),
      );
    },
  ],
  [
    "a closure whose time has not come",
    "FORFEIT_CLOSURE_LOCKED",
    11,
    (setup) => {
      // The wall clock has passed it, the median time (an hour behind) has not.
      const leaf = CLTVMultisigTapscript.encode({
        absoluteTimelock: BigInt(NOW_SECONDS - 60),
        pubkeys: bothKeys(setup),
      }).script;
      return submit(setup, payBob(setup), [coinWithLeaf(setup, leaf)]);
    },
  ],
  [
    "an ark input nobody signed",
    "ARK_TX_INPUT_NOT_SIGNED",
    12,
    (setup) => {
      const { arkTx, checkpoints } = buildTransfer(setup.server, setup.coins, payBob(setup));
      return () => setup.engine.submitTx({ signedArkTx: toPsbt(arkTx), checkpointTxs: checkpoints.map(toPsbt) });
    },
  ],
  [
    "more OP_RETURN outputs than allowed",
    "MALFORMED_ARK_TX",
    13,
    (setup) => {
      setup.engine.changeSettings({ maxOpReturnOutputs: 1 });
      const memo = (text: string) => ({
        script: new Uint8Array([0x6a, text.length, ...Buffer.from(text)]),
        amountSats: 0n,
      });
      return submit(setup, [...payBob(setup), memo("one"), memo("two")]);
    },
  ],
  [
    "an output that is not P2TR",
    "MALFORMED_ARK_TX",
    13,
    (setup) => submit(setup, [{ script: hex.decode(`0014${"ab".repeat(20)}`), amountSats: 100_000n }]),
  ],
  [
    "an OP_RETURN that burns sats",
    "MALFORMED_ARK_TX",
    13,
    (setup) => submit(setup, [...payBob(setup, 99_000n), { script: hex.decode("6a0161"), amountSats: 1_000n }]),
  ],
  [
    "an output above the maximum",
    "AMOUNT_TOO_HIGH",
    14,
    (setup) => {
      setup.engine.changeSettings({ vtxoMaxSats: 50_000 });
      return submit(setup);
    },
  ],
  [
    "a P2TR output below dust",
    "AMOUNT_TOO_LOW",
    15,
    (setup) =>
      submit(setup, [...payBob(setup, 99_671n), { script: scriptOf(alice, setup.server).pkScript, amountSats: 329n }]),
  ],
  [
    "a sub-dust output when the minimum is dust",
    "AMOUNT_TOO_LOW",
    15,
    (setup) => submit(setup, [...payBob(setup, 99_990n), subDust(setup, 10n)]),
  ],
  ["outputs that sum to less than the inputs", "INTERNAL_ERROR", 0, (setup) => submit(setup, payBob(setup, 99_990n))],
  [
    "a checkpoint with another server leaf",
    "CHECKPOINT_MISMATCH",
    16,
    (setup) => {
      const timelock = { type: "seconds" as const, value: 86_016n };
      const other = CSVMultisigTapscript.encode({ timelock, pubkeys: [hex.decode(bob.pubkey)] });
      return submit({ ...setup, server: { ...setup.server, checkpointTapscript: hex.encode(other.script) } });
    },
  ],
  [
    "an ark tx with another locktime",
    "ARK_TX_MISMATCH",
    17,
    (setup) => {
      // What the SDK builds for a CLTV input beside a plain one: it marks both, arkd marks only the locked one.
      const leaf = CLTVMultisigTapscript.encode({ absoluteTimelock: 1_700_000_000n, pubkeys: bothKeys(setup) }).script;
      return submit(setup, payBob(setup, 200_000n), [coinWithLeaf(setup, leaf), ...setup.coins]);
    },
  ],
  [
    "another key's signature",
    "INVALID_SIGNATURE",
    18,
    (setup) => {
      const { arkTx, checkpoints } = buildTransfer(setup.server, setup.coins, payBob(setup));
      signInput(arkTx, 0, bob);
      return () => setup.engine.submitTx({ signedArkTx: toPsbt(arkTx), checkpointTxs: checkpoints.map(toPsbt) });
    },
  ],
  [
    "a signature over something else",
    "INVALID_SIGNATURE",
    18,
    (setup) => {
      const { arkTx, checkpoints } = buildTransfer(setup.server, setup.coins, payBob(setup));
      signInput(arkTx, 0, { pubkey: alice.pubkey, secret: bob.secret });
      return () => setup.engine.submitTx({ signedArkTx: toPsbt(arkTx), checkpointTxs: checkpoints.map(toPsbt) });
    },
  ],
  [
    "a hash lock without its preimage",
    "INVALID_SIGNATURE",
    18,
    (setup) => submit(setup, payBob(setup), [hashLockedCoin(setup)]),
  ],
  [
    "a transfer too heavy to relay",
    "TX_TOO_LARGE",
    46,
    (setup) => {
      // Measured weight of one input, two outputs and the anchor: 868.
      setup.engine.changeSettings({ maxTxWeight: 867 });
      return submit(setup, [
        ...payBob(setup, 60_000n),
        { script: scriptOf(alice, setup.server).pkScript, amountSats: 40_000n },
      ]);
    },
  ],
  [
    "a checkpoint nobody spends",
    "CHECKPOINT_MISMATCH",
    16,
    (setup) => {
      const { vtxoIds } = setup.engine.fund(alice.pubkey, 5_000n, 1);
      const extra = aSubmission(
        setup.server,
        [{ vtxoId: vtxoIds[0] ?? "", amountSats: 5_000, owner: alice }],
        payBob(setup, 5_000n),
      );
      const { signedArkTx, checkpointTxs } = aSubmission(setup.server, setup.coins, payBob(setup));
      return () => setup.engine.submitTx({ signedArkTx, checkpointTxs: [...checkpointTxs, ...extra.checkpointTxs] });
    },
  ],
];

const PREIMAGE = sha256(new TextEncoder().encode("preimage"));

function hashLockedCoin(setup: Setup): Coin {
  const conditionScript = new Uint8Array([0xa8, 0x20, ...sha256(PREIMAGE), 0x87]);
  return coinWithLeaf(setup, ConditionMultisigTapscript.encode({ conditionScript, pubkeys: bothKeys(setup) }).script);
}

function subDust({ server }: Setup, amountSats: bigint): { script: Uint8Array; amountSats: bigint } {
  return { script: new Uint8Array([0x6a, ...scriptOf(alice, server).pkScript.subarray(1)]), amountSats };
}

describe("SubmitTx", () => {
  it.each(REFUSALS)("refuses %s with %s (%i) and changes nothing", (_what, errorName, code, prepare) => {
    const setup = setUp();
    const refused = prepare(setup);
    const before = JSON.stringify([...setup.engine.state.vtxos.values()], (_key, value: unknown) =>
      typeof value === "bigint" ? String(value) : value,
    );
    const error = refusalOf(refused);
    expect([error.errorName, error.code, error.message.startsWith(`${errorName} (${code}): `)]).toEqual([
      errorName,
      code,
      true,
    ]);
    const after = JSON.stringify([...setup.engine.state.vtxos.values()], (_key, value: unknown) =>
      typeof value === "bigint" ? String(value) : value,
    );
    expect(after).toBe(before);
  });

  it("refuses a witness utxo that lies about the checkpoint's amount", () => {
    const setup = setUp();
    const lying = submitChanged(setup, (arkTx) => {
      const { witnessUtxo } = arkTx.getInput(0);
      arkTx.updateInput(0, { witnessUtxo: { script: witnessUtxo?.script ?? new Uint8Array(), amount: 1n } });
    });
    expect(refusalOf(lying).errorName).toBe("INVALID_PSBT_INPUT");
  });

  it("accepts the transfer again after a refusal, because a refusal stores nothing", () => {
    const setup = setUp();
    const request = aSubmission(setup.server, setup.coins, payBob(setup));
    setup.engine.changeSettings({ vtxoMaxSats: 50_000 });
    refusalOf(() => setup.engine.submitTx(request));
    setup.engine.changeSettings({ vtxoMaxSats: -1 });
    expect(setup.engine.submitTx(request).arkTxid).toBe(parsePsbt(request.signedArkTx).id);
  });

  it("accepts a hash lock with its preimage", () => {
    const setup = setUp();
    const coin = hashLockedCoin(setup);
    const { arkTx, checkpoints } = buildTransfer(setup.server, [coin], payBob(setup));
    setArkPsbtField(arkTx, 0, ConditionWitness, [PREIMAGE]);
    signInput(arkTx, 0, alice);
    expect(setup.engine.submitTx({ signedArkTx: toPsbt(arkTx), checkpointTxs: checkpoints.map(toPsbt) }).arkTxid).toBe(
      arkTx.id,
    );
  });

  it("accepts exactly the measured weight", () => {
    const setup = setUp();
    setup.engine.changeSettings({ maxTxWeight: 868 });
    const payments = [
      ...payBob(setup, 60_000n),
      { script: scriptOf(alice, setup.server).pkScript, amountSats: 40_000n },
    ];
    expect(submit(setup, payments)).not.toThrow();
  });

  it("stores a sub-dust output as swept where the operator allows it", () => {
    const setup = setUp();
    setup.engine.changeSettings({ vtxoMinSats: 1 });
    const accepted = setup.engine.submitTx(
      aSubmission(setup.server, setup.coins, [...payBob(setup, 99_990n), subDust(setup, 10n)]),
    );
    setup.engine.finalizeTx(accepted.arkTxid, signCheckpoints(setup.coins, accepted.signedCheckpointTxs));
    const stored = setup.engine.state.vtxos.get(`${accepted.arkTxid}:1`);
    expect([stored?.amountSats, stored?.isSwept, stored?.script]).toEqual([
      10n,
      true,
      hex.encode(scriptOf(alice, setup.server).pkScript),
    ]);
  });

  it("lets exactly one of two transfers spend the same VTXO", () => {
    const setup = setUp();
    const rivals = [
      submit(setup),
      submit(setup, [
        ...payBob(setup, 60_000n),
        { script: scriptOf(alice, setup.server).pkScript, amountSats: 40_000n },
      ]),
    ];
    const outcomes = rivals.map((rival) => {
      try {
        rival();
        return "accepted";
      } catch {
        return "refused";
      }
    });
    expect(outcomes).toEqual(["accepted", "refused"]);
  });
});
