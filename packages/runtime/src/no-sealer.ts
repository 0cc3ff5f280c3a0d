import type { Sealer } from "./sealing";

/** For a process that has nothing to seal and must not be able to open anything: it is not given the key. */
export const NO_SEALER: Sealer = {
  seal: refuse,
  open: refuse,
};

function refuse(): never {
  throw new Error("this process holds no sealing key");
}
