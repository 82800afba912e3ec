import { crashOf, errorLines } from "./terraform";

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

describe("crashOf", () => {
  const line = (text: string) => `2026-01-01T00:00:00.000Z [ERROR] provider.aws: ${text}`;

  it("is the reason and the first place in the provider's services", () => {
    const log = [
      "panic: value is unknown",
      "goroutine 42 [running]:",
      "\tgithub.com/hashicorp/go-cty@v1.5.0/cty/value_ops.go:1187 +0xf8",
      "\tgithub.com/hashicorp/terraform-provider-aws/internal/service/lambda/function.go:289 +0x297",
      "\tgithub.com/hashicorp/terraform-provider-aws/internal/service/ec2/vpc.go:1 +0x1",
    ];
    expect(crashOf(log.map(line).join("\n"))).toBe(
      "the provider crashed at internal/service/lambda/function.go:289: value is unknown",
    );
  });

  it("says when the log names no place", () => {
    expect(crashOf(line("panic: out of memory"))).toBe(
      "the provider crashed at a place that its log does not name: out of memory",
    );
  });

  it("is nothing in the log of errors that the provider answered with", () => {
    expect(crashOf(line("Response contains error diagnostic"))).toBeUndefined();
  });
});
