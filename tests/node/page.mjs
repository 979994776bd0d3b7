// An application in a browser: signs somebody in at an OpenID Connect provider, gets credentials
// through an identity pool, and uses them with S3. Bundled and served by the test.

import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { fromCognitoIdentityPool } from '@aws-sdk/credential-provider-cognito-identity';

const { issuer, client, host, arnold, pool, bucket, region } = window.settings;
const redirect = `${location.origin}/callback`;
const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
  .replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');

async function signIn() {
  const verifier = text(crypto.getRandomValues(new Uint8Array(32)));
  sessionStorage.setItem('verifier', verifier);
  const challenge = text(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier)));
  location.assign(`${issuer}/auth?${new URLSearchParams({
    client_id: client, response_type: 'code', scope: 'openid', redirect_uri: redirect,
    code_challenge: challenge, code_challenge_method: 'S256', state: 's',
  })}`);
}

async function token(code) {
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code', code, redirect_uri: redirect, client_id: client,
      code_verifier: sessionStorage.getItem('verifier'),
    }),
  });
  return (await answer.json()).id_token;
}

async function enter(logins) {
  const clientConfig = { region, endpoint: arnold, maxAttempts: 1 };
  const credentials = await fromCognitoIdentityPool({ identityPoolId: pool, logins, clientConfig })();
  return {
    identity: credentials.identityId,
    s3: new S3Client({ region, endpoint: arnold, forcePathStyle: true, maxAttempts: 1, credentials }),
  };
}

// What came of something: its answer, or the name of the refusal.
const outcome = async (work) => {
  try {
    return await work();
  } catch (error) {
    return error.name;
  }
};

const uses = (s3) => ({
  get: (Key) => outcome(async () => (await s3.send(new GetObjectCommand({ Bucket: bucket, Key })))
    .Body.transformToString()),
  put: (Key, Body) => outcome(async () => {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
    return 'stored';
  }),
  list: (Prefix) => outcome(async () => ((await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix })))
    .Contents ?? []).map((found) => found.Key)),
});

async function asMember(code) {
  const { identity, s3 } = await enter({ [host]: await token(code) });
  const own = `home/${identity}/`;
  const { get, put, list } = uses(s3);
  return {
    identity,
    put: await put(`${own}note.txt`, 'from a browser'),
    list: await list(own),
    get: await get(`${own}note.txt`),
    neighbours: [await list('home/neighbour/'), await get('home/neighbour/x'), await put('home/neighbour/y', '')],
  };
}

async function asGuest() {
  const { identity, s3 } = await enter();
  const { get, put } = uses(s3);
  return {
    identity,
    open: await get('public/q1.csv'),
    closed: [await get('secret/plan.txt'), await put('public/mine', '')],
  };
}

function show(result) {
  const shown = document.createElement('pre');
  shown.id = 'result';
  shown.textContent = JSON.stringify(result);
  document.body.append(shown);
}

document.getElementById('sign-in').addEventListener('click', signIn);
document.getElementById('guest').addEventListener('click', async () => show(await outcome(asGuest)));
const code = new URLSearchParams(location.search).get('code');
if (code) {
  show(await outcome(() => asMember(code)));
}
