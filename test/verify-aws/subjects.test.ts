import { parseConfig } from "../../infra/config/config";
import { accessModes } from "../rehearsal/access-modes";
import { changedInPlace, subjectsOf, type Subject } from "./subjects";

const modes = Object.keys(accessModes);

/** What the program reads of a stack; it refuses what it cannot build. */
const read = ({ config: { stack, values } }: Subject) => parseConfig(stack, values);

describe("subjectsOf", () => {
  it("adds the first stack in each access mode to the stacks", () => {
    const subjects = subjectsOf(["dev", "prod"], modes);
    expect(subjects.map(({ title }) => title)).toEqual(["dev", "prod", "dev by ssh", "dev by vpn"]);
    expect(subjects.map((one) => read(one).accessMode)).toEqual(["ssm", "ssm", "ssh", "vpn"]);
  });

  it("leaves the stack itself as it is", () => {
    const [own] = subjectsOf(["dev"], modes);
    expect(own).toEqual(subjectsOf(["dev"], [])[0]);
  });

  it("refuses a mode that nobody knows", () => {
    expect(() => subjectsOf(["dev"], ["telnet"])).toThrow(
      "--access must be one of ssh, vpn, got telnet",
    );
  });
});

describe("changedInPlace", () => {
  const subjects = subjectsOf(["dev", "prod"], modes);
  const changed = (subject: Subject) =>
    read({ ...subject, config: changedInPlace(subject.config) });

  it.each(subjects)("changes $title to what the program takes", (subject) => {
    const before = read(subject);
    const after = changed(subject);
    expect(after.logRetentionDays).not.toBe(before.logRetentionDays);
    expect(after.nodeGroups.map(({ maxSize }) => maxSize)).toEqual(
      before.nodeGroups.map(({ maxSize }) => maxSize + 1),
    );
  });

  it("changes the hours of a VPN's sessions", () => {
    const [, , , vpn] = subjects.map((subject) => [read(subject), changed(subject)] as const);
    expect(vpn?.map((config) => config.vpn?.sessionHours)).toEqual([8, 10]);
  });

  it("leaves the bastion's machine by SSH as it is", () => {
    const [, , ssh] = subjects;
    expect(ssh && changed(ssh).ssh).toEqual(ssh && read(ssh).ssh);
  });

  it("trusts another network, but by SSH, where each is a rule of its own", () => {
    const added = subjects.map(
      (subject) => changed(subject).trustedCidrs.length - read(subject).trustedCidrs.length,
    );
    expect(added).toEqual([1, 1, 0, 1]);
  });
});
