import { parseConfig } from "../../infra/config/config";
import { accessModes } from "../rehearsal/access-modes";
import { changedInPlace, subjectsOf, type Subject } from "./subjects";

const modes = Object.keys(accessModes);

/** What the program reads of a stack; it refuses what it cannot build. */
const read = ({ config: { stack, values } }: Subject) => parseConfig(stack, values);

describe("subjectsOf", () => {
  it("adds the first stack in each access mode to the stacks", async () => {
    const subjects = subjectsOf(["dev", "prod"], modes);
    expect(subjects.map(({ title }) => title)).toEqual(["dev", "prod", "dev by ssh", "dev by vpn"]);
    const configs = await Promise.all(subjects.map(read));
    expect(configs.map(({ accessMode }) => accessMode)).toEqual(["ssm", "ssm", "ssh", "vpn"]);
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

  it.each(subjects)("changes $title to what the program takes", async (subject) => {
    const before = await read(subject);
    const after = await changed(subject);
    expect(after.logRetentionDays).not.toBe(before.logRetentionDays);
    expect(after.nodeGroups.map(({ maxSize }) => maxSize)).toEqual(
      before.nodeGroups.map(({ maxSize }) => maxSize + 1),
    );
  });

  it("changes the hours of a VPN's sessions", async () => {
    const [, , , vpn] = subjects;
    const configs = vpn ? await Promise.all([read(vpn), changed(vpn)]) : [];
    expect(configs.map((config) => config.vpn?.sessionHours)).toEqual([8, 10]);
  });

  it("leaves the bastion's machine by SSH as it is", async () => {
    const [, , ssh] = subjects;
    const [before, after] = ssh ? await Promise.all([read(ssh), changed(ssh)]) : [];
    expect(before?.ssh).toBeDefined();
    expect(after?.ssh).toEqual(before?.ssh);
  });

  it("trusts another network, but by SSH, where each is a rule of its own", async () => {
    const added = await Promise.all(
      subjects.map(async (subject) => {
        const [before, after] = await Promise.all([read(subject), changed(subject)]);
        return after.trustedCidrs.length - before.trustedCidrs.length;
      }),
    );
    expect(added).toEqual([1, 1, 0, 1]);
  });
});
