/** `npm ci` warns of nothing: every package runs on each version of Node.js that this project says it runs on. */
import { readFileSync } from 'node:fs';
import { satisfies, subset } from 'semver';
import t from 'tap';

interface Package {
  readonly version?: string;
  readonly engines?: { readonly node?: string };
}

const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly engines: { readonly node: string } };
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  readonly packages: Readonly<Record<string, Package>>;
};

t.test('Node.js 20 and the versions with long-term support are supported', async (t) => {
  for (const version of ['20.19.0', '20.20.2', '22.13.0', '24.11.0', '26.4.0'])
    t.ok(satisfies(version, engines.node), version);
});

t.test('the lock file has the same range', async (t) => {
  t.equal(lock.packages['']?.engines?.node, engines.node);
});

t.test('no package wants another version', async (t) => {
  const wrong = Object.entries(lock.packages).flatMap(([name, { version, engines: own }]) =>
    own?.node === undefined || subset(engines.node, own.node) ? [] : [`${name} ${version}: ${own.node}`],
  );
  t.same(wrong, []);
});
