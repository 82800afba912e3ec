import { requireBetween } from "../../components/require";

describe("requireBetween", () => {
  it.each([1, 5, 10])("allows %d from 1 to 10", (value) => {
    expect(() => requireBetween("days", value, 1, 10)).not.toThrow();
  });

  it.each([0, 11, 1.5, Number.NaN])("fails for %d", (value) => {
    expect(() => requireBetween("days", value, 1, 10)).toThrow(
      `days must be an integer from 1 to 10, got ${value}`,
    );
  });
});
