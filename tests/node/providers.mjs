// Credential providers of the AWS SDK for JavaScript v3, used as an application uses them.
// Prints who the credentials belong to.

import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromCognitoIdentityPool, fromTokenFile } from '@aws-sdk/credential-providers';
import { readFileSync } from 'node:fs';

const asked = JSON.parse(process.argv[2]);
const clientConfig = { endpoint: asked.url, region: 'us-east-1' };

const credentials = asked.kind === 'token file'
  ? fromTokenFile({
    webIdentityTokenFile: asked.token_file, roleArn: asked.role, roleSessionName: 'node', clientConfig,
  })
  : fromCognitoIdentityPool({
    identityPoolId: asked.pool,
    logins: { [asked.login]: readFileSync(asked.token_file, 'utf8') },
    clientConfig,
  });

const sts = new STSClient({ ...clientConfig, credentials });
console.log((await sts.send(new GetCallerIdentityCommand({}))).Arn);
