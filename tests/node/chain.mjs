// The AWS SDK for JavaScript v3 as applications use it: credentials are found by the default
// chain, in the environment or behind an endpoint that it names. Prints who they belong to.

import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

const sts = new STSClient({});
console.log((await sts.send(new GetCallerIdentityCommand({}))).Arn);
