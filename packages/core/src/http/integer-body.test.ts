import { AppError } from "../errors";
import { requireWrittenIntegers } from "./integer-body";

function refusalOf(text: string): AppError | undefined {
  try {
    requireWrittenIntegers(text);
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

describe("the numbers of a money route's body", () => {
  it.each(["1.0", "1e3", "1E+3", "1.5", "-0.0", "9007199254740992", "1e400"])(
    "are refused as an amount when written %s",
    (text) => {
      const refused = refusalOf(`{"params":{"note":"1.5, {\\"x\\":1.0}","fee_amount":${text}}}`);
      expect(refused).toMatchObject({
        code: "invalid_amount",
        errors: [{ path: "params.fee_amount", code: "invalid_amount" }],
      });
    },
  );

  it("are named by their place in a list", () => {
    expect(refusalOf('{"split_amounts":[1,{"a":[]},2.0]}')?.errors.map(({ path }) => path)).toEqual([
      "split_amounts.2",
    ]);
  });

  it("make a broken request where no money is meant", () => {
    expect(refusalOf('{"amount":1.0,"a":{"b":[[],2.5]}}')).toMatchObject({
      code: "invalid_request",
      errors: [{ path: "amount" }, { path: "a.b.1", code: "not_an_integer" }],
    });
  });

  it.each(['{"amount":1000,"x":[-5,0]}', '{"amount":"1.0","1.5":{}}', "{}", "[]", "5", '"1.5"', '{"a\\"1.5":1}'])(
    "pass in %s",
    (text) => {
      expect(refusalOf(text)).toBeUndefined();
    },
  );
});
