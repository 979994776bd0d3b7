// The JavaScript SDK's two providers of a pool's credentials: one knows the identity, the other finds
// it, and remembers it for a user. Prints who each one is, and what refuses to be.

import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromCognitoIdentity, fromCognitoIdentityPool } from '@aws-sdk/credential-provider-cognito-identity';

const { url, pool, identity, logins, strangers, custom } = JSON.parse(process.argv[2]);
const region = 'us-east-1';
const clientConfig = { region, endpoint: url, maxAttempts: 1 };

const who = async (provider) => {
  try {
    const credentials = await provider();
    const sts = new STSClient({ region, endpoint: url, maxAttempts: 1, credentials });
    const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
    return { arn: Arn, identity: credentials.identityId, expires: credentials.expiration.toISOString() };
  } catch (error) {
    return { refused: error.name };
  }
};

const stored = new Map();
const cache = {
  getItem: async (key) => stored.get(key) ?? null,
  setItem: async (key, value) => { stored.set(key, value); },
  removeItem: async (key) => { stored.delete(key); },
};
const late = Object.fromEntries(Object.entries(logins).map(([name, token]) => [name, async () => token]));

console.log(JSON.stringify({
  known: await who(fromCognitoIdentity({ identityId: identity, logins, clientConfig })),
  chosen: await who(fromCognitoIdentity({ identityId: identity, logins, customRoleArn: custom, clientConfig })),
  stranger: await who(fromCognitoIdentity({ identityId: identity, logins: strangers, clientConfig })),
  nobody: await who(fromCognitoIdentity({ identityId: identity, clientConfig })),
  found: await who(fromCognitoIdentityPool({
    identityPoolId: pool, logins: late, userIdentifier: 'ada', cache, clientConfig,
  })),
  remembered: [...stored.values()],
  guest: await who(fromCognitoIdentityPool({ identityPoolId: pool, userIdentifier: 'guest', cache, clientConfig })),
}));
