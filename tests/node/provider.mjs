// A third party's OIDC provider on a free loopback port. Anybody may sign in under any name;
// the name is the `sub` of the token. Ends when its standard input ends.
//
// usage: node provider.mjs [<certificate file> <key file>]

import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Provider } from 'oidc-provider';

const [certificate, key] = process.argv.slice(2);
const server = certificate
  ? createSecureServer({ cert: readFileSync(certificate), key: readFileSync(key) })
  : createServer();

const keys = [
  ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['EdDSA', generateKeyPairSync('ed25519')],
].map(([alg, pair]) => ({
  ...pair.privateKey.export({ format: 'jwk' }),
  kid: `key-${alg}`,
  use: 'sig',
  // One RSA key signs RS256 and PS256, therefore it names no algorithm.
  ...(alg === 'RS256' ? {} : { alg }),
}));

const app = (id, alg) => ({
  client_id: id,
  token_endpoint_auth_method: 'none',
  redirect_uris: ['https://app.example/callback'],
  grant_types: ['authorization_code'],
  response_types: ['code'],
  id_token_signed_response_alg: alg,
});

server.listen(0, '127.0.0.1', () => {
  const issuer = `${certificate ? 'https' : 'http'}://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      app('app', 'RS256'),
      app('app-ps256', 'PS256'),
      app('app-es256', 'ES256'),
      app('app-eddsa', 'EdDSA'),
      app('another-app', 'RS256'),
      // A page in a browser on this machine (RFC 8252 §7.3: any port).
      {
        ...app('page', 'RS256'),
        application_type: 'native',
        redirect_uris: ['http://127.0.0.1/callback'],
      },
      // A program in a terminal of this machine, with a browser or with a code to type.
      {
        ...app('terminal', 'RS256'),
        application_type: 'native',
        redirect_uris: ['http://127.0.0.1/callback'],
        grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'],
      },
      // An identity broker on this machine, which has a secret with characters to encode.
      {
        ...app('broker', 'RS256'),
        application_type: 'native',
        client_secret: 'broker:secret 1+',
        token_endpoint_auth_method: 'client_secret_basic',
        redirect_uris: ['http://127.0.0.1/console/broker/return/sso'],
      },
    ],
    features: { deviceFlow: { enabled: true } },
    scopes: ['openid', 'email', 'groups'],
    jwks: { keys },
    conformIdTokenClaims: false,
    clientBasedCORS: () => true,
    claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        email: `${id}@example.com`,
        email_verified: !id.startsWith('unverified'),
        // Whoever is called `dev…` develops.
        groups: id.startsWith('dev') ? ['people', 'developers'] : ['people'],
      }),
    }),
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'] },
  });
  server.on('request', provider.callback());
  process.stdout.write(`listening on ${issuer}\n`);
});

process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
