// Tells the story with the AWS SDK for JavaScript v3: one JSON object a line in, one a line out.

import { createInterface } from 'node:readline';
import {
  CognitoIdentityClient, GetCredentialsForIdentityCommand, GetIdCommand,
} from '@aws-sdk/client-cognito-identity';
import {
  GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client,
} from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromWebToken } from '@aws-sdk/credential-providers';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';

const endpoint = process.env.ARNOLD_URL;
const region = process.env.AWS_REGION;

const options = (keys) => ({
  endpoint,
  region,
  maxAttempts: 1,
  forcePathStyle: true,
  ...(keys && {
    credentials: {
      accessKeyId: keys.access_key_id,
      secretAccessKey: keys.secret_access_key,
      sessionToken: keys.session_token ?? undefined,
    },
  }),
});

const verbs = {
  // The SDK's own credential provider, as an application uses it.
  async web_identity({ role, session, token }) {
    const credentials = await fromWebToken({
      roleArn: role,
      roleSessionName: session,
      webIdentityToken: token,
      durationSeconds: 900,
      clientConfig: options(),
    })();
    return {
      AccessKeyId: credentials.accessKeyId,
      SecretAccessKey: credentials.secretAccessKey,
      SessionToken: credentials.sessionToken,
    };
  },
  async whoami({ keys }) {
    return (await new STSClient(options(keys)).send(new GetCallerIdentityCommand({}))).Arn;
  },
  async put({ keys, bucket, key, text }) {
    await new S3Client(options(keys)).send(
      new PutObjectCommand({ Bucket: bucket, Key: key, Body: text }),
    );
  },
  async get({ keys, bucket, key }) {
    const answer = await new S3Client(options(keys)).send(
      new GetObjectCommand({ Bucket: bucket, Key: key }),
    );
    return answer.Body.transformToString();
  },
  async list({ keys, bucket, prefix }) {
    const answer = await new S3Client(options(keys)).send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }),
    );
    return (answer.Contents ?? []).map((found) => found.Key);
  },
  async presign({ keys, bucket, key }) {
    const command = new GetObjectCommand({ Bucket: bucket, Key: key });
    return getSignedUrl(new S3Client(options(keys)), command, { expiresIn: 3600 });
  },
  async pool_identity({ pool, logins }) {
    const client = new CognitoIdentityClient(options());
    const answer = await client.send(new GetIdCommand({ IdentityPoolId: pool, Logins: logins }));
    return answer.IdentityId;
  },
  async pool_credentials({ identity, logins }) {
    const client = new CognitoIdentityClient(options());
    const answer = await client.send(
      new GetCredentialsForIdentityCommand({ IdentityId: identity, Logins: logins }),
    );
    return answer.Credentials;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const spoken = JSON.parse(line);
  let said;
  try {
    said = { answer: (await verbs[spoken.verb](spoken)) ?? null };
  } catch (error) {
    said = { refused: error.Code ?? error.name, message: error.message };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
