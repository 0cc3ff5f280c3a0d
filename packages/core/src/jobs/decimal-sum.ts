/** A decimal number as units of 10^-scale, so that adding is exact: 0.1 + 0.2 is 0.3. */
interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

/** Exact sum of finite numbers, each taken as the decimal it is written as. */
export class DecimalSum {
  private sum: Decimal = { units: 0n, scale: 0 };

  add(value: number): void {
    const next = toDecimal(value);
    const scale = Math.max(this.sum.scale, next.scale);
    this.sum = { units: scaled(this.sum, scale) + scaled(next, scale), scale };
  }

  /** A number where a double holds the sum exactly as written, else its decimal text. */
  toJson(): number | string {
    const text = toText(this.sum);
    const asNumber = Number(text);
    return toText(toDecimal(asNumber)) === text && Math.abs(asNumber) <= Number.MAX_SAFE_INTEGER ? asNumber : text;
  }
}

function scaled(value: Decimal, scale: number): bigint {
  return value.units * 10n ** BigInt(scale - value.scale);
}

/** From ECMAScript's shortest form: `-12.5`, `1e+21`, `1.5e-7`. */
function toDecimal(value: number): Decimal {
  const [mantissa = "0", exponentText = "0"] = String(value).split("e");
  const [whole = "0", fraction = ""] = mantissa.split(".");
  const exponent = Number(exponentText) - fraction.length;
  const units = BigInt(`${whole}${fraction}`);
  return exponent < 0 ? { units, scale: -exponent } : { units: units * 10n ** BigInt(exponent), scale: 0 };
}

function toText({ units, scale }: Decimal): string {
  const sign = units < 0n ? "-" : "";
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, "");
  return fraction === "" ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}
