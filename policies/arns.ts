import { isUnknown } from "./unknown";

/** The service and the account of an ARN, empty where it has none; nothing of another text. */
export function partsOf(text: string): { service: string; account: string } | undefined {
  const [, service, account] = /^arn:[^:]*:([^:]*):[^:]*:([^:]*):/.exec(text) ?? [];
  return service === undefined || account === undefined ? undefined : { service, account };
}

/** Whether a text is the number of an account, or one that is not known yet. */
export function isNumber(account: string): boolean {
  return /^\d{12}$/.test(account) || isUnknown(account);
}
