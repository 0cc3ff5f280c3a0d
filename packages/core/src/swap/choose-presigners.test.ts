import { choosePresigners, type PresignMember } from "./choose-presigners";

const a: PresignMember = { pubkey: "a", satsIn: 1_000n, isSolver: false, hasCompleted: true };
const b: PresignMember = { pubkey: "b", satsIn: 50_000n, isSolver: true, hasCompleted: true };
const c: PresignMember = { pubkey: "c", satsIn: 5_000n, isSolver: false, hasCompleted: true };

it.each<[string, readonly PresignMember[], Parameters<typeof choosePresigners>[1], readonly string[]]>([
  ["largest lets off whoever brings the most sats", [a, b], "largest", ["a"]],
  ["non_solver lets off the only one that is none", [a, b], "non_solver", ["b"]],
  ["non_solver lets off nobody when there are two", [a, { ...b, isSolver: false }], "non_solver", ["a", "b"]],
  ["non_solver lets off nobody when there is none", [{ ...a, isSolver: true }, b], "non_solver", ["a", "b"]],
  ["all lets off nobody", [a, b], "all", ["a", "b"]],
  [
    "nobody is let off beside one that never completed a session",
    [{ ...a, hasCompleted: false }, b],
    "largest",
    ["a", "b"],
  ],
  ["nobody is let off in a batch of three", [a, b, c], "largest", ["a", "b", "c"]],
  ["none asks nobody, which is for development", [a, b, c], "none", []],
])("%s", (_case, members, rule, wanted) => {
  expect([...choosePresigners(members, rule)]).toEqual(wanted);
});
