import { errorLines } from "./terraform";

describe("errorLines", () => {
  it("takes each error out of its frame, and leaves warnings", () => {
    const stderr = [
      "╷",
      "│ Warning: Provider development overrides are in effect",
      "│ ",
      "│ The following provider development overrides are set",
      "╵",
      "╷",
      "│ Error: invalid CIDR address: x",
      "│ ",
      "│   with aws_vpc.main,",
      "│   on main.tf.json line 9, in resource.aws_vpc.main:",
      "╵",
    ].join("\n");
    expect(errorLines({ stdout: "", stderr })).toEqual([
      "Error: invalid CIDR address: x with aws_vpc.main, on main.tf.json line 9, in resource.aws_vpc.main:",
    ]);
  });

  it("takes errors without a frame", () => {
    const stderr = "\nError: one\n\n  with aws_vpc.a,\n\nError: two\n\n  with aws_vpc.b,\n";
    expect(errorLines({ stdout: "", stderr })).toEqual([
      "Error: one with aws_vpc.a,",
      "Error: two with aws_vpc.b,",
    ]);
  });

  it("shows all there is when there is no error in it", () => {
    expect(errorLines({ stdout: "", stderr: "killed\n" })).toEqual(["killed"]);
  });
});
