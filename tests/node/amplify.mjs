// AWS Amplify, used as an application uses it: a guest's session, then that of somebody who
// signed in elsewhere. Prints both.

import { Amplify, decodeJWT, fetchAuthSession } from '@aws-amplify/core';
import {
  CognitoAWSCredentialsAndIdentityIdProvider, DefaultIdentityIdStore,
} from '@aws-amplify/auth/cognito';

const { url, pool, token } = JSON.parse(process.argv[2]);
const stored = new Map();
const storage = {
  setItem: async (key, value) => { stored.set(key, value); },
  getItem: async (key) => stored.get(key) ?? null,
  removeItem: async (key) => { stored.delete(key); },
  clear: async () => stored.clear(),
};

function configure(tokenProvider) {
  const ids = new DefaultIdentityIdStore(storage);
  const config = {
    Auth: { Cognito: { identityPoolId: pool, identityPoolEndpoint: url, allowGuestAccess: true } },
  };
  ids.setAuthConfig(config.Auth);
  const credentialsProvider = new CognitoAWSCredentialsAndIdentityIdProvider(ids);
  Amplify.configure(config, { Auth: { tokenProvider, credentialsProvider } });
}

const session = async () => {
  const { credentials, identityId } = await fetchAuthSession();
  return {
    identity: identityId,
    AccessKeyId: credentials.accessKeyId,
    SecretAccessKey: credentials.secretAccessKey,
    SessionToken: credentials.sessionToken,
  };
};

configure({ getTokens: async () => null });
const guest = await session();
configure({ getTokens: async () => ({ accessToken: decodeJWT(token), idToken: decodeJWT(token) }) });
const member = await session();
console.log(JSON.stringify({ guest, member }));
