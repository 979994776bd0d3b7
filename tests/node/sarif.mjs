// Reads a SARIF log and prints what the official schema has against it: nothing, if it is sound.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';

const require = createRequire(import.meta.url);
const Ajv = require('ajv');
const read = (name) => JSON.parse(readFileSync(require.resolve(name), 'utf8'));

const ajv = new Ajv({ schemaId: 'id', meta: false, allErrors: true, unknownFormats: 'ignore' });
ajv.addMetaSchema(read('ajv/lib/refs/json-schema-draft-04.json'));
const sound = ajv.compile(read('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json'));

const log = JSON.parse(await text(process.stdin));
console.log(JSON.stringify(sound(log) ? [] : sound.errors));
