import { isAtLeast } from "./daemon-version";

test.each([
  ["0.21.2-beta commit=v0.21.2-beta", 0, 18, true],
  ["v0.18.0-beta.rc1", 0, 18, true],
  ["0.17.5", 0, 18, false],
  ["1.0.0", 0, 18, true],
  ["unknown", 0, 0, false],
])("%s is at least %i.%i: %s", (text, major, minor, expected) => {
  expect(isAtLeast(text, major, minor)).toBe(expected);
});
