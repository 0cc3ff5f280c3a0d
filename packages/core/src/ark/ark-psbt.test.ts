import { base64, hex } from "@scure/base";

import vectors from "../../test-vectors/ark-transfer.vectors.json";
import { thrownBy } from "../testing/thrown-by";
import { ArkPsbt } from "./ark-psbt";
import { outpointOf, parsePsbt, toPsbt } from "./psbt";
import { decodePsbtMaps, encodePsbtMaps } from "./psbt-maps";
import { sighashOf } from "./sighash";

const psbts = vectors.transfers.flatMap(({ unsigned, submitted, accepted, final }) => [
  unsigned.ark_psbt,
  submitted.ark_psbt,
  accepted.ark_psbt,
  ...unsigned.checkpoint_psbts,
  ...accepted.checkpoint_psbts,
  ...final.checkpoint_psbts,
]);
const [psbt = ""] = psbts;

test("reads and writes every frozen PSBT as the SDK does", () => {
  for (const frozen of psbts) {
    const ours = ArkPsbt.parse(frozen);
    const sdk = parsePsbt(frozen);
    expect(ours.encode()).toBe(frozen);
    expect([ours.id, ours.inputsLength]).toEqual([sdk.id, sdk.inputsLength]);
    for (let input = 0; input < sdk.inputsLength; input++) {
      expect(ours.outpointOf(input)).toBe(outpointOf(sdk, input));
      expect(ours.sighashOf(input)).toEqual(sighashOf(sdk, input));
      for (const [{ pubKey }, sig] of sdk.getInput(input).tapScriptSig ?? []) {
        expect(ours.findSignature(input, hex.encode(pubKey))).toEqual(sig);
      }
    }
  }
});

test("adds signatures where the SDK adds them, in any order of keys", () => {
  const keys = Object.values(vectors.keys).map(({ pubkey }) => pubkey);
  for (const order of [keys, keys.toReversed()]) {
    const ours = ArkPsbt.parse(psbt);
    const sdk = parsePsbt(psbt);
    for (const [i, pubkey] of order.entries()) {
      const sig = new Uint8Array(64).fill(i);
      const { leafHash } = ours.sighashOf(0);
      ours.addSignature(0, pubkey, sig);
      sdk.updateInput(0, { tapScriptSig: [[{ pubKey: hex.decode(pubkey), leafHash }, sig]] }, true);
    }
    expect(ours.encode()).toBe(toPsbt(sdk));
  }
});

test("never replaces a signature", () => {
  const tx = ArkPsbt.parse(psbt);
  const { pubkey } = vectors.keys.alice;
  tx.addSignature(0, pubkey, new Uint8Array(64));
  expect(thrownBy(() => tx.addSignature(0, pubkey, new Uint8Array(64).fill(1))).code).toBe("payload_mismatch");
  expect(tx.findSignature(0, pubkey)).toEqual(new Uint8Array(64));
});

test("refuses whatever is cut short, has bytes left over, or is no PSBT", () => {
  const bytes = base64.decode(psbt);
  const broken = [
    ...Array.from(bytes, (_, length) => bytes.slice(0, length)),
    Uint8Array.from([...bytes, 0]),
    Uint8Array.from([...bytes.slice(0, 4), 0, ...bytes.slice(5)]),
  ];
  const codes = broken.map((each) => thrownBy(() => ArkPsbt.parse(base64.encode(each))).code);
  expect(new Set(codes)).toEqual(new Set(["payload_mismatch"]));
});

test("refuses a field that is there twice", () => {
  const maps = decodePsbtMaps(base64.decode(psbt));
  for (const input of maps.inputs) input.push(...input.slice(0, 1));
  expect(() => decodePsbtMaps(encodePsbtMaps(maps))).toThrow("twice");
});
