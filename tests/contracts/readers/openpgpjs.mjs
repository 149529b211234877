// OpenPGP.js as a reader: node openpgpjs.mjs COMMAND FOLDER. Keys lie in FOLDER; messages come on standard input.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import * as openpgp from 'openpgp';

const [command, folder, userId] = process.argv.slice(2);
const read = (name) => readFile(join(folder, name), 'utf8');

const kinds = { generate: ['ecc', false], 'generate-v6': ['curve25519', true], 'generate-new': ['curve25519', false] };

if (command in kinds) {
  const [type, v6Keys] = kinds[command];
  const { privateKey, publicKey } = await openpgp.generateKey({
    userIDs: [{ email: userId }],
    type,
    config: { v6Keys },
  });
  await writeFile(join(folder, 'private.asc'), privateKey);
  process.stdout.write(publicKey);
} else if (command === 'open') {
  const { data, signatures } = await openpgp.decrypt({
    message: await openpgp.readMessage({ armoredMessage: (await buffer(process.stdin)).toString('latin1') }),
    decryptionKeys: await openpgp.readPrivateKey({ armoredKey: await read('private.asc') }),
    verificationKeys: await openpgp.readKey({ armoredKey: await read('signer.asc') }),
    expectSigned: true,
    format: 'binary',
  });
  await signatures[0].verified;
  process.stdout.write(data);
} else {
  throw new Error(`open, or one of ${Object.keys(kinds)}`);
}
