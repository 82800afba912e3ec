/** The account that the stand-in for AWS is, and its region. */
export const accountId = "111122223333";
export const region = "eu-west-1";
